import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { formatOf } from '../../src/cli/table-output.ts';

test('Parquet is refused on a terminal, not in a file or a pipe; --json wins', () => {
  const on = (isTTY: boolean) =>
    ({ stdout: Object.assign(new PassThrough(), { isTTY }) }) as unknown as Parameters<typeof formatOf>[1];
  assert.throws(() => formatOf({ format: 'parquet' }, on(true)), { code: 'usage', message: /--output/ });
  assert.equal(formatOf({ format: 'parquet', output: 'rows.parquet' }, on(true)), 'parquet');
  assert.equal(formatOf({ format: 'parquet' }, on(false)), 'parquet');
  assert.equal(formatOf({ format: 'parquet', json: true }, on(true)), 'json');
});
