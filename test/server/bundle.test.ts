import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bundlePages } from '../../src/server/pages/bundle.ts';
import { Pages } from '../../src/server/pages/pages.ts';

const SOURCE = resolve(import.meta.dirname, '../../src/web');
const MAX_BYTES = 120_000;

test('all scripts of the pages together take 120 KB at most compressed, and name nobody else (W-1)', async () => {
  const files = await bundlePages(SOURCE);
  const scripts = [...files].filter(([name]) => name.endsWith('.js'));
  const bytes = scripts.reduce((sum, [, content]) => sum + gzipSync(content).length, 0);
  assert.ok(scripts.length > 2 && bytes <= MAX_BYTES, `${bytes} bytes`);
  for (const [name, content] of files) {
    const text = Buffer.from(content).toString();
    // What the page of an asset names must be there.
    for (const [, path = ''] of text.matchAll(/"\/(assets\/[^"]+)"/g)) assert.ok(files.has(path), path);
    if (name.endsWith('.html')) assert.doesNotMatch(text, /(src|href)="(?![/#](?!\/))/, name);
  }
});

test('pages are read from where they are made; of their source, they are made anew once it has changed', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-pages-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const text = async (pages: Pages) =>
    String((await (await pages.file('index.html'))?.in('identity'))?.content);
  writeFileSync(join(folder, 'index.html'), 'made');
  assert.equal(await text(new Pages(folder)), 'made');
  assert.equal(await new Pages(folder).file('absent.js'), undefined);

  for (const name of ['index.html', 'api.html', 'icon.svg'])
    copyFileSync(join(SOURCE, name), join(folder, name));
  writeFileSync(join(folder, 'main.tsx'), 'import "./main.css"; console.log(1);');
  writeFileSync(join(folder, 'main.css'), 'p { color: red }');
  writeFileSync(join(folder, 'api.ts'), 'console.log(2);');
  const pages = new Pages(folder);
  const first = await text(pages);
  assert.match(first, /"\/assets\/main-\w+\.css".*"\/assets\/main-\w+\.js"/s);
  assert.equal(await text(pages), first);
  writeFileSync(join(folder, 'main.tsx'), 'import "./main.css"; console.log(3);');
  const second = await text(pages);
  assert.notEqual(second, first);
  const [, asset = ''] = /"\/(assets\/main-\w+\.js)"/.exec(second) ?? [];
  assert.notEqual(await pages.file(asset), undefined);
});
