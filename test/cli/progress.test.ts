import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { progressInWords } from '../../src/cli/progress.ts';

test('progress says what is done of how much, how fast, and what is left, as far as it is known (S-504)', () => {
  const files = { noun: 'files', done: 1240 };
  assert.equal(progressInWords({ ...files, elapsedMs: 0 }), '1,240 files');
  assert.equal(progressInWords({ ...files, elapsedMs: 4000 }), '1,240 files, 310/s');
  assert.equal(
    progressInWords({ ...files, total: 2480, elapsedMs: 4000 }),
    '1,240 of 2,480 files, 50%, 310/s, 4s left',
  );
  // Of files that differ in size the bytes tell how long the rest takes.
  assert.equal(
    progressInWords({ ...files, total: 5000, bytes: 2 ** 30, totalBytes: 2 ** 32, elapsedMs: 10_000 }),
    '1,240 of 5,000 files, 1 GiB of 4 GiB, 25%, 124/s, 102 MiB/s, 30s left',
  );
  assert.equal(progressInWords({ noun: 'files', done: 0, total: 0, elapsedMs: 9000 }), '0 of 0 files');
  assert.equal(
    progressInWords({ noun: 'commits', done: 5, total: 5, elapsedMs: 9000 }),
    '5 of 5 commits, 100%, 0.6/s',
  );
});

test('progress never passes 100 %, nor is any time left negative (S-504)', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.nat(),
      fc.nat(),
      fc.nat(),
      fc.nat(),
      (done, total, bytes, totalBytes, elapsedMs) => {
        const words = progressInWords({ noun: 'files', done, total, bytes, totalBytes, elapsedMs });
        assert.ok(Number(/(\d+)%/.exec(words)?.[1] ?? 0) <= 100, words);
        assert.doesNotMatch(words, /NaN|Infinity|-\d/);
      },
    ),
  );
});
