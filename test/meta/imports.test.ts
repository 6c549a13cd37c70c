import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const SRC = resolve(import.meta.dirname, '../../src');

/** Rooms from left to right; a file may import only from rooms to its left, or from its own. */
const ROOMS: readonly (readonly string[])[] = [
  ['base'],
  ['config'],
  ['keep/store', 'keep/local', 'keep/buckets'],
  ['keep/disk', 'keep/sqlite', 'keep/postgres'],
  ['engine'],
  ['gather/forges'],
  ['gather/repos', 'gather/changesets', 'gather/capture', 'deliver', 'insights', 'export'],
  ['api'],
  ['station'],
  ['server', 'client'],
  ['cli'],
  ['main'],
];

/** The main entry, the entries of threads and the lists of kinds: they alone name concrete implementations. */
const MAIN = /^main\.ts$/;
const ROOTS = /^main(-modules)?\.ts$|-(thread|process)\.ts$|\/definitions\.ts$/;

/**
 * Folders that hold an implementation behind a contract: only a composition root (or the folder itself) may name them.
 */
const IMPLEMENTATIONS = [
  'keep/sqlite',
  'keep/postgres',
  'keep/buckets/s3',
  'keep/buckets/directory',
  'engine/queue/sqlite',
  'engine/queue/pg-boss',
  'gather/forges/github',
  'gather/forges/gitlab',
  'gather/forges/gitea',
];

/** The work queue on a database may know that database, but not S3. */
const DIALECTS = [
  ['keep/sqlite', 'engine/queue/sqlite'],
  ['keep/postgres', 'engine/queue/pg-boss'],
];

function sameDialect(file: string, folder: string): boolean {
  const own = IMPLEMENTATIONS.find(each => file.startsWith(`${each}/`));
  if (own === undefined) return false;
  return own === folder || DIALECTS.some(rooms => rooms.includes(own) && rooms.includes(folder));
}

interface Import {
  readonly from: string;
  readonly to: string;
  /** Names the entry of a thread, which is no import but comes to the same. */
  readonly isEntry: boolean;
}

function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && !name.startsWith('web/'))
    .sort();
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const specifiers = text.matchAll(
    /(?:\bfrom\s*|\bimport\s*\(\s*|^import\s+|new URL\(\s*)['"](\.{1,2}\/[^'"]+\.ts)['"]/gm,
  );
  const siblings = text.matchAll(/\bsiblingModule\(\s*import\.meta\.url,\s*['"](\.{1,2}\/[^'"]+)['"]/g);
  const imported = (specifier: string, isEntry: boolean): Import => ({
    from: file,
    to: relative(SRC, resolve(SRC, dirname(file), specifier)),
    isEntry,
  });
  return [
    ...[...specifiers].map(([, specifier]) => imported(specifier ?? '', false)),
    ...[...siblings].map(([, specifier]) => imported(`${specifier}.ts`, true)),
  ];
}

function roomOf(file: string): { name: string; rank: number } {
  if (MAIN.test(file)) return { name: 'main', rank: ROOMS.length - 1 };
  for (const [rank, names] of ROOMS.entries()) {
    for (const name of names) if (file.startsWith(`${name}/`)) return { name, rank };
  }
  throw new Error(`src/${file} stands in no room of the house; see ARCHITECTURE.md`);
}

const imports = sourceFiles().flatMap(importsOf);

test('every source file stands in a room, and the scan sees imports', () => {
  for (const file of sourceFiles()) roomOf(file);
  assert.ok(imports.length > 20, `only ${imports.length} imports found: is the scan broken?`);
});

test('ARCHITECTURE.md has the rooms and their order as they are here', () => {
  const text = readFileSync(resolve(SRC, '../ARCHITECTURE.md'), 'utf8');
  const rule = ROOMS.map(names => (names.length > 1 ? `{${names.join(', ')}}` : names[0])).join(' ← ');
  assert.ok(text.includes(`\`${rule}\``), `it should say ${rule}`);
  const table = [...text.matchAll(/^\| `([\w/]+)\/` +\|/gm)].map(([, room]) => room);
  assert.deepEqual(
    table.filter(room => room !== 'web'),
    ROOMS.flat().filter(room => room !== 'main'),
  );
});

test('imports go one way: never to the right, never to a sibling room', () => {
  const wrong = imports.filter(({ from, to }) => {
    const source = roomOf(from);
    const target = roomOf(to);
    return target.rank > source.rank || (target.rank === source.rank && target.name !== source.name);
  });
  assert.deepEqual(
    wrong.map(({ from, to }) => `${from} → ${to}`),
    [],
  );
});

/** The rooms of the pages from left to right. */
const WEB_ROOMS: readonly (readonly string[])[] = [
  ['live'],
  ['router'],
  ['parts'],
  ['charts'],
  ['pages'],
  ['shell'],
];

test('the pages import one way as well, and of other rooms only the client and types of the API', () => {
  const folder = join(SRC, 'web');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
    /^\w+\/.*\.(tsx?|js)$/.test(name),
  );
  const rankOf = (file: string) => WEB_ROOMS.findIndex(names => names.includes(file.split('/')[0] ?? ''));
  const wrong = files.flatMap(file => {
    const text = readFileSync(join(folder, file), 'utf8');
    const named = text.matchAll(
      /(import type[^;]*?)?\b(?:from\s*|import\s*\(\s*|^import\s+)['"](\.[^'"]+)['"]/gm,
    );
    return [...named]
      .map(([, isType, specifier = '']) => ({
        isType,
        to: relative(SRC, resolve(folder, dirname(file), specifier)),
      }))
      .filter(({ isType, to }) => {
        if (!to.startsWith('web/')) return !to.startsWith('client/') && !(to.startsWith('api/') && isType);
        const [from, target] = [rankOf(file), rankOf(to.slice(4))];
        return target > from || (target === from && file.split('/')[0] !== to.split('/')[1]);
      })
      .map(({ to }) => `${file} → ${to}`);
  });
  assert.deepEqual(wrong, []);
  assert.ok(files.length > 20 && files.every(file => rankOf(file) >= 0), 'a file stands in no room');
  const rule = WEB_ROOMS.map(names => (names.length > 1 ? `{${names.join(', ')}}` : names[0])).join(' ← ');
  const architecture = readFileSync(resolve(SRC, '../ARCHITECTURE.md'), 'utf8');
  assert.ok(architecture.includes(`\`${rule}\``), `it should say ${rule}`);
});

test('threads and processes run entries, and only entries stand under their name: a few lines each', () => {
  const entries = sourceFiles().filter(file => /-(thread|process)\.ts$/.test(file));
  const named = imports.filter(({ isEntry }) => isEntry).map(({ to }) => to);
  assert.deepEqual([...new Set(named)].sort(), entries);
  for (const file of entries) {
    const text = readFileSync(join(SRC, file), 'utf8');
    const serves = file.endsWith('-thread.ts') ? /^await serveThread</m : /^serve\w+\(/m;
    assert.match(text, serves, `${file} serves nothing`);
    assert.ok(text.split('\n').length < 20, `${file} holds more than an entry`);
  }
});

test('only a composition root names a concrete implementation', () => {
  const wrong = imports.filter(({ from, to }) =>
    IMPLEMENTATIONS.some(
      folder => to.startsWith(`${folder}/`) && !sameDialect(from, folder) && !ROOTS.test(from),
    ),
  );
  assert.deepEqual(
    wrong.map(({ from, to }) => `${from} → ${to}`),
    [],
  );
});

/** The rooms of databases: what is asked elsewhere is asked by name, of a contract. */
const SQLITE = /^(keep|engine\/queue)\/sqlite\//;
const POSTGRES = /^(keep\/postgres|engine\/queue\/pg-boss)\//;
const STATEMENT = /['"`]\s*(SELECT|INSERT (OR|INTO)|UPDATE|DELETE FROM|PRAGMA|CREATE)\s/;

test('only the rooms of databases open one or hold statements', () => {
  const wrong = sourceFiles().filter(file => {
    const text = readFileSync(join(SRC, file), 'utf8');
    const isSqlite = SQLITE.test(file);
    const isPostgres = POSTGRES.test(file);
    return (
      (!isSqlite && /['"]node:sqlite['"]/.test(text)) ||
      (!isPostgres && /['"](pg|pg-boss|pg-connection-string)['"]/.test(text)) ||
      (!isSqlite && !isPostgres && STATEMENT.test(text))
    );
  });
  assert.deepEqual(wrong, []);
});

test('no file imports itself through others', () => {
  const targets = new Map<string, string[]>();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();
  const follow = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `circular import: ${[...path, file].join(' → ')}`);
    if (done.has(file)) return;
    for (const next of targets.get(file) ?? []) follow(next, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) follow(file, []);
});
