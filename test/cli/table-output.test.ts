import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { formatOf } from '../../src/cli/table-output.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { runHere } from './run-here.ts';

test('Parquet is refused on a terminal, not in a file or a pipe; --json wins', () => {
  const on = (isTTY: boolean) =>
    ({ stdout: Object.assign(new PassThrough(), { isTTY }) }) as unknown as Parameters<typeof formatOf>[1];
  assert.throws(() => formatOf({ format: 'parquet' }, on(true)), { code: 'usage', message: /--output/ });
  assert.equal(formatOf({ format: 'parquet', output: 'rows.parquet' }, on(true)), 'parquet');
  assert.equal(formatOf({ format: 'parquet' }, on(false)), 'parquet');
  assert.equal(formatOf({ format: 'parquet', json: true }, on(true)), 'json');
});

test('-o writes into a file, and config init leaves one that is there alone (S-502)', async t => {
  const folder = await tempDirectory(t);
  const file = join(folder, 'sluice.yaml');
  assert.deepEqual(await runHere(['config', 'init', '-o', file]), { code: 0, stdout: '', stderr: '' });
  assert.match(readFileSync(file, 'utf8'), /repos:/);
  writeFileSync(file, 'mine');
  const again = await runHere(['config', 'init', '--output', file]);
  assert.deepEqual([again.code, readFileSync(file, 'utf8')], [2, 'mine']);
  assert.match(again.stderr, /is there already.*\n.*another file/);
  for (const command of [
    ['config', 'schema'],
    ['completion', 'bash'],
  ]) {
    const output = join(folder, command.join('-'));
    assert.deepEqual(await runHere([...command, '-o', output]), { code: 0, stdout: '', stderr: '' });
    assert.equal(readFileSync(output, 'utf8'), (await runHere(command)).stdout);
  }
  const nowhere = await runHere(['completion', 'zsh', '-o', join(folder, 'no/such/file')]);
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.stderr, /its folder does not exist/);
});
