import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '../..');

/** Where a key that is there, even undefined, would do something else than a key that is not. */
const CONDITIONAL_SPREADS = new Set(['src/gather/forges/github/graphql.ts']);

/** What is short because its role is: no contract, no entry of a thread, no definition of a kind. */
const SHORT_FILES: Readonly<Record<string, string>> = {
  'src/base/random.ts': 'the only place that jitter comes from; everybody takes it as an argument',
  'src/deliver/origin/origin-of.ts': 'the only place that knows every origin; the origins do not know it',
  'src/keep/sqlite/checkpoint-server.ts': 'the inside of a thread, apart from its entry',
  'src/keep/sqlite/local/journal/rewind.ts': 'one change of the journal, as each of the others has its file',
};

interface Source {
  readonly path: string;
  readonly text: string;
}

function sourcesIn(folder: string, endings: RegExp): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => endings.test(name))
    .map(name => ({ path: join(folder, name), text: readFileSync(join(ROOT, folder, name), 'utf8') }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

const sources = sourcesIn('src', /\.(ts|js)$/);

/** `path:line` of every match. */
function placesOf(pattern: RegExp, among: readonly Source[] = sources): string[] {
  return among.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map(({ index }) => `${path}:${text.slice(0, index).split('\n').length}`),
  );
}

/** What stands between the bracket at `start` and the one that closes it, and what follows. */
function bracketed(text: string, start: number): { readonly inside: string; readonly after: string } {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if ('([{'.includes(text.charAt(at))) depth += 1;
    if (')]}'.includes(text.charAt(at))) depth -= 1;
    if (depth === 0) return { inside: text.slice(start + 1, at), after: text.slice(at + 1) };
  }
  return { inside: text.slice(start + 1), after: '' };
}

/** Whether the spread of a bracket is of a choice between some properties and none. */
function isConditional(inside: string): boolean {
  return /\?\s*\{\s*\}\s*:|:\s*\{\s*\}\s*$|^[^?:]*&&\s*[({]/.test(inside);
}

function spreads(isNoise: (bracket: string, text: string, at: number) => boolean): string[] {
  return sources.flatMap(({ path, text }) =>
    [...text.matchAll(/\.\.\.([([{])/g)]
      .filter(({ index, 1: bracket = '' }) => isNoise(bracket, text, index + 3))
      .map(({ index }) => `${path}:${text.slice(0, index).split('\n').length}`),
  );
}

test('an optional property may be undefined: nothing is spread on a condition to leave it out', () => {
  const found = spreads((bracket, text, at) => bracket === '(' && isConditional(bracketed(text, at).inside));
  const allowed = ([path = '']: string[]): boolean => CONDITIONAL_SPREADS.has(path);
  assert.deepEqual(
    found.filter(place => !allowed(place.split(':'))),
    [],
  );
  const used = new Set(found.map(place => place.split(':')[0]));
  assert.deepEqual(
    [...CONDITIONAL_SPREADS].filter(path => !used.has(path)),
    [],
    'no longer needed',
  );
});

test('the parts of a literal stand in it: none is spread into another', () => {
  const found = spreads((bracket, text, at) => {
    if (bracket === '(') return false;
    const { inside, after } = bracketed(text, at);
    // A mapped type, and a list made only to be mapped or filtered.
    return !/^\s*\[\w+ in /.test(inside) && !/^\s*\??\./.test(after);
  });
  assert.deepEqual(found, []);
});

test('comments give reasons, not the numbers of requirements', () => {
  // S3 is the storage, V8 the engine where its name stands alone.
  const numbers = placesOf(/(?:\/\/|\/\*|^ *\*).*?\b(?!S3\b|V8\b)[FVPCTS]\d{1,2}\b/gm);
  const inBrackets = placesOf(/\((?:[FVPCTS]\d{1,2}(?:, |–)?){2,}\)|\(V\d{1,2}\)/g);
  assert.deepEqual([...numbers, ...inBrackets], []);
});

test('nothing reaches into the runtime', () => {
  const all = [...sources, ...sourcesIn('bin', /./)];
  assert.ok(all.length > sources.length, 'is the scan broken?');
  assert.deepEqual(placesOf(/process\.execve|moduleLoadList|process\.binding/g, all), []);
});

test('a source file holds a role: what is shorter than twenty lines is a contract, an entry, a definition or a migration', () => {
  const isContract = (text: string): boolean =>
    !/^(export )?(default )?(async )?(function|class|const|let)\b/m.test(text);
  const short = sources
    .filter(({ path, text }) => path.endsWith('.ts') && text.trimEnd().split('\n').length < 20)
    .filter(
      ({ path, text }) =>
        !/-(thread|process)\.ts$|\/definitions?\.ts$|\/migrations\//.test(path) && !isContract(text),
    )
    .map(({ path }) => path);
  assert.deepEqual(short, Object.keys(SHORT_FILES));
});

test('folders are made by base/files/make-folder.ts: recursive mkdir of Node may never end', () => {
  assert.deepEqual(placesOf(/\bmkdir(?:Sync)?\([^;]*?recursive: true/g), []);
});
