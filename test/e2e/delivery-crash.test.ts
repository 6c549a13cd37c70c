import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashDelivery } from '../support/delivery-crash.ts';
import { tempDirectory } from '../support/temp-directory.ts';

test('killed at random moments, every file arrives byte for byte with one right record (D-45, T-12)', {
  timeout: 60_000,
}, async t => {
  const { files } = await crashDelivery({
    base: await tempDirectory(t),
    rounds: 3,
    files: 120,
    largestBytes: 12 * 2 ** 20,
    seed: 7,
  });
  assert.equal(files, 120);
});
