import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { runHere } from '../cli/run-here.ts';
import { temporaryDirectory } from '../support/temp-directory.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PAGES = [
  'README.md',
  'docs/security.md',
  ...['docs/guide', 'docs/moving'].flatMap(folder =>
    readdirSync(join(ROOT, folder)).map(name => `${folder}/${name}`),
  ),
];

/** Configuration as it stands in the pages, each with the line it begins at. */
function blocksOf(page: string): { readonly line: number; readonly yaml: string }[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map(({ index, 1: yaml = '' }) => ({
    line: text.slice(0, index).split('\n').length,
    yaml,
  }));
}

test('Configuration: every example in README, guide and examples/ is valid as it stands (S-13)', async t => {
  const folder = temporaryDirectory(t);
  const secret = join(folder, 'secret');
  writeFileSync(secret, 'x');
  let checked = 0;
  const check = async (where: string, yaml: string): Promise<void> => {
    checked += 1;
    const env = Object.fromEntries(
      [...yaml.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [
        name,
        name.endsWith('_WEBHOOK') ? 'https://example.org/x' : 'x',
      ]),
    );
    const file = join(folder, 'sluice.yaml');
    // Secrets lie in files that this machine has not.
    writeFileSync(file, yaml.replaceAll(/(\w+File: )\S+/g, `$1${secret}`));
    const { code, stderr } = await runHere(['--config', file, 'config', 'check'], env);
    assert.equal(code, 0, `${where}: ${stderr}`);
  };
  for (const page of PAGES) {
    for (const { line, yaml } of blocksOf(page)) await check(`${page}:${line}`, yaml);
  }
  for (const name of readdirSync(join(ROOT, 'examples')).filter(file => file.endsWith('.yaml')))
    await check(name, readFileSync(join(ROOT, 'examples', name), 'utf8'));
  assert.ok(checked > 10, `${checked}`);
});

test('Commands: every sluice command that README and guide show exists, with the options they give it (S-4)', async () => {
  const shown = new Set<string>();
  for (const page of PAGES) {
    const text = readFileSync(join(ROOT, page), 'utf8');
    for (const [, command = ''] of text.matchAll(/^(?:npm start -- |sluice )([a-z].*)$/gm))
      shown.add(command);
  }
  assert.ok(shown.size > 25, `${shown.size}`);
  for (const command of shown) {
    const words = command.replace(/ {2,}.*| #.*| [<>|] .*/, '').split(' ');
    const options = words.filter(word => word.startsWith('--')).map(word => word.replace(/=.*/, ''));
    const isName = (word: string): boolean => /^[a-z][a-z-]*$/.test(word);
    const end = words.findIndex(word => !isName(word));
    const names = words.slice(0, end === -1 ? 2 : Math.min(end, 2));
    const { code, stdout } = await runHere([...names, '--help']);
    assert.equal(code, 0, command);
    for (const option of options) assert.ok(stdout.includes(option), `${command}: ${option}`);
  }
});
