import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSite } from '../../scripts/docs/site.ts';
import { existsInRepository, isSourcePath, quotedWords, ROOT } from '../support/source-tree.ts';

const PAGES = [
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'GOALS.md',
  'README.md',
  'docs/benchmarks.md',
  'docs/glossary.md',
  'docs/comparison.md',
  ...globSync('docs/{guide,decisions,moving}/*.md', { cwd: ROOT }).sort(),
];

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

function isSuperseded(text: string): boolean {
  return /^\*Superseded by /m.test(text);
}

test('every source path that a document names is there, superseded decisions excepted', () => {
  let checked = 0;
  const missing = PAGES.filter(page => !isSuperseded(read(page))).flatMap(page =>
    read(page)
      .split('\n')
      .flatMap(line => {
        const paths = quotedWords(line)
          .flatMap(word => word.split(' '))
          .filter(isSourcePath);
        checked += paths.length;
        return paths.filter(path => !existsInRepository(path, paths)).map(path => `${page}: ${path}`);
      }),
  );
  assert.deepEqual(missing, []);
  assert.ok(checked > 150, `only ${checked} paths found: is the scan broken?`);
});

test('every document that code names is there', () => {
  const named = globSync('{src,bench,scripts,bin}/**/*.{ts,js}', { cwd: ROOT }).flatMap(file =>
    [...read(file).matchAll(/\bdocs\/[\w/-]+\.md\b/g)].map(([page]) => ({ file, page })),
  );
  assert.ok(named.length > 5, `${named.length}`);
  assert.deepEqual(
    named.filter(({ page }) => !existsInRepository(page)).map(({ file, page }) => `${file}: ${page}`),
    [],
  );
});

test('every script that a document has run by npm is in package.json', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const missing = PAGES.flatMap(page =>
    [...read(page).matchAll(/\bnpm run ([\w:-]+)/g)]
      .filter(([, script = '']) => !(script in scripts))
      .map(([, script]) => `${page}: ${script}`),
  );
  assert.deepEqual(missing, []);
});

test('every link of a document to a file of the repository leads to one', () => {
  const broken = PAGES.flatMap(page =>
    [...read(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
      .map(([, target = '']) => join(page, '..', target))
      .filter(target => !existsInRepository(target.replace(/\/$/, '')))
      .map(target => `${page}: ${target}`),
  );
  assert.deepEqual(broken, []);
});

test('the index of decisions names each with its title, and those that are superseded', () => {
  const index = read('docs/decisions/README.md');
  const decisions = globSync('docs/decisions/[0-9]*.md', { cwd: ROOT }).sort();
  const lines = decisions.map(page => {
    const [, file = '', number = ''] = /([^/]*?(\d{4})-[^/]*)$/.exec(page) ?? [];
    const text = read(page);
    const title = /^# (.*)$/m.exec(text)?.[1] ?? '';
    const by = /^\*Superseded by \[(\d{4})\]/m.exec(text)?.[1];
    return `- [${number}](${file}) ${title}${by ? ` (superseded by ${by})` : ''}`;
  });
  assert.deepEqual(
    index.split('\n').filter(line => line.startsWith('- [')),
    lines,
  );
});

test('documents cite no numbers but those of promises', () => {
  const cited = [...PAGES, 'CHANGELOG.md'].flatMap(page =>
    [...read(page).matchAll(/(?<![\w-])(?:[FVPCT][1-9]\d?|S(?!3\b)[1-9]\d?)(?![\w.])/g)]
      .map(([number]) => number)
      .filter(number => number !== 'V8')
      .map(number => `${page}: ${number}`),
  );
  assert.deepEqual(cited, []);
});

test('the site of all documents is made, and no link in it leads nowhere (S-600)', () => {
  const paths = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT }).sort();
  const sources = paths.map(path => ({ path, markdown: read(path) }));
  const { pages, broken } = makeSite(sources, path => existsSync(join(ROOT, path)));
  assert.deepEqual(broken, []);
  const guide = pages.get('docs/guide/delivery.html') ?? '';
  assert.match(guide, /<h2 id="hooks-programs-after-a-delivery">/);
  assert.match(guide, /href="\.\.\/\.\.\/index\.html">sluice</);
  assert.ok(pages.size > 60, `${pages.size}`);
  const faulty = [
    { path: 'a.md', markdown: '# A\n[x](gone.md) [y](#nowhere) [z](#a) [w](https://example.org)' },
  ];
  assert.deepEqual(makeSite(faulty, () => false).broken, ['a.md: gone.md', 'a.md: #nowhere']);
});
