import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { READING_SOURCES } from '../../src/gather/capture/sources/definitions.ts';
import { FORGES } from '../../src/gather/forges/definitions.ts';
import { OBJECT_STORES } from '../../src/keep/buckets/definitions.ts';

const SRC = resolve(import.meta.dirname, '../../src');
const LISTS = [
  'gather/capture/sources/definitions.ts',
  'gather/forges/definitions.ts',
  'keep/buckets/definitions.ts',
];

/** The file and all that it loads at once, packages by their names; types and `import()` do not count. */
function loadedBy(file: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(file)) return loaded;
  loaded.add(file);
  const text = readFileSync(join(SRC, file), 'utf8');
  for (const [, specifier = ''] of text.matchAll(
    /^(?:import|export)\s+(?!type\b)(?:[^;']*?from\s+)?'([^']+)'/gm,
  )) {
    if (!specifier.startsWith('.')) loaded.add(specifier);
    else loadedBy(relative(SRC, resolve(SRC, dirname(file), specifier)), loaded);
  }
  return loaded;
}

test('a list of kinds loads no implementation and no package: every command and thread may have it', () => {
  for (const list of LISTS) {
    const loaded = [...loadedBy(list)];
    assert.ok(
      loaded.some(file => file.endsWith('/definition.ts')),
      'is the scan broken?',
    );
    const packages = loaded.filter(name => !name.includes('.ts') && !name.startsWith('node:'));
    assert.deepEqual(packages, [], list);
    const inFolders = loaded.filter(name => dirname(name).startsWith(`${dirname(list)}/`));
    const heavy = inFolders.filter(
      name => !/\/(definition|profile|presets|ini|secret|key|customer-key|merge|values)\.ts$/.test(name),
    );
    assert.deepEqual(heavy, [], list);
  }
});

test('a kind of code host is named in its own folder and nowhere else, but in examples', () => {
  const words = FORGES.flatMap(({ kind, alsoFor }) => [kind, ...alsoFor.map(word => word.toLowerCase())]);
  const named = new RegExp(`['"\`](?:${words.join('|')})['"\`]|\\b(?:${words.join('|')})\\|`);
  const elsewhere = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter(name => /\.tsx?$/.test(name) && !words.some(word => name.startsWith(`gather/forges/${word}/`)))
    .flatMap(name => {
      const lines = readFileSync(join(SRC, name), 'utf8').split('\n');
      return lines.filter(line => named.test(line) && !/example/.test(line)).map(line => `${name}: ${line}`);
    });
  assert.deepEqual(elsewhere, []);
});

test('kinds, and the words by which they are meant, are kept apart', () => {
  const words = [
    FORGES.flatMap(({ kind, alsoFor }) => [kind, ...alsoFor.map(word => word.toLowerCase())]),
    FORGES.flatMap(({ knownHosts }) => knownHosts),
    OBJECT_STORES.map(({ kind }) => kind),
    OBJECT_STORES.flatMap(({ providers }) => providers),
    READING_SOURCES.map(({ kind }) => kind),
  ];
  for (const each of words) assert.equal(new Set(each).size, each.length, each.join(', '));
});
