import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '../..');
/** The letter of each page of docs/promises. */
const PAGES: Readonly<Record<string, string>> = {
  'delivery.md': 'D',
  'repositories.md': 'R',
  'changesets.md': 'C',
  'capture.md': 'K',
  'station.md': 'S',
  'trouble.md': 'T',
  'fleet.md': 'F',
  'api.md': 'A',
  'pages.md': 'W',
};
const PROMISE = /\b[DRCKSTFAW]-\d+\b/g;
/** The name of a test, of whatever quotes. */
const TEST_NAME =
  /\b(?:test|it|describe)\(\s*(?:'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\])*)`)/g;
/** How a name cites, at its end. */
const CITED = / \(([DRCKSTFAW]-\d+(?:, [DRCKSTFAW]-\d+)*)\)$/;

/** Every promise with the page that it stands on, in the order of the pages. */
function promises(): { readonly id: string; readonly page: string }[] {
  return Object.keys(PAGES).flatMap(page =>
    [...readFileSync(join(ROOT, 'docs/promises', page), 'utf8').matchAll(/^- \*\*(\S+)\*\* /gm)].map(
      ({ 1: id = '' }) => ({ id, page }),
    ),
  );
}

function testFiles(): { readonly path: string; readonly text: string }[] {
  return readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.ts'))
    .map(path => ({ path, text: readFileSync(join(ROOT, 'test', path), 'utf8') }));
}

/** The promises that names of tests cite, each with a name that does. */
function citedByNames(): Map<string, string> {
  const cited = new Map<string, string>();
  for (const { path, text } of testFiles()) {
    for (const [, single, double, template] of text.matchAll(TEST_NAME)) {
      const name = single ?? double ?? template ?? '';
      for (const id of CITED.exec(name)?.[1]?.split(', ') ?? []) cited.set(id, `${path}: ${name}`);
    }
  }
  return cited;
}

test('promises: every page is numbered with its own letter, and no number stands twice', () => {
  const pages = readdirSync(join(ROOT, 'docs/promises')).filter(name => name !== 'README.md');
  assert.deepEqual(pages.sort(), Object.keys(PAGES).sort());
  const all = promises();
  for (const { id, page } of all) assert.match(id, new RegExp(`^${PAGES[page]}-[1-9]\\d*$`), page);
  const ids = all.map(({ id }) => id);
  assert.deepEqual([...new Set(ids)], ids);
});

test('promises: every one that a test or decision names is in docs/promises', () => {
  const known = new Set(promises().map(({ id }) => id));
  const tests = testFiles().flatMap(({ path, text }) =>
    [...text.matchAll(PROMISE)].map(([id]) => `${path}: ${id}`),
  );
  const decisions = readdirSync(join(ROOT, 'docs/decisions')).flatMap(name =>
    [...readFileSync(join(ROOT, 'docs/decisions', name), 'utf8').matchAll(PROMISE)].map(
      ([id]) => `${name}: ${id}`,
    ),
  );
  assert.deepEqual(
    [...tests, ...decisions].filter(line => !known.has(line.split(': ')[1] ?? '')),
    [],
  );
});

test('promises: every one has a test whose name cites it', () => {
  const cited = citedByNames();
  assert.ok(cited.size > 100, `${cited.size}`);
  assert.deepEqual(
    promises()
      .map(({ id }) => id)
      .filter(id => !cited.has(id)),
    [],
  );
});
