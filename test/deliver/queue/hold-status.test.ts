import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cachedCounts } from '../../../src/deliver/queue/hold-status.ts';

test('a count of waiting files that took long is kept for fifty times as long, a quick one is not, an error never (D-666)', () => {
  let nowMs = 0;
  let tookMs = 20;
  let counted = 0;
  let isBroken = false;
  const count = (): number => {
    nowMs += tookMs;
    if (isBroken) throw new Error('broken');
    counted += 1;
    return counted;
  };
  const counts = cachedCounts(
    {
      waitingFiles: () => [{ profile: 'p', bucket: 'b', files: count(), bytes: 0 }],
      waitingBelow: () => count(),
    },
    { monotonicMs: () => nowMs },
  );
  const all = () => counts.waitingFiles()[0]?.files;
  assert.deepEqual([all(), all()], [1, 1]);
  assert.deepEqual(
    [counts.waitingBelow('/a'), counts.waitingBelow('/b'), counts.waitingBelow('/a')],
    [2, 3, 2],
  );
  nowMs += 50 * 20;
  isBroken = true;
  assert.throws(all, /broken/);
  isBroken = false;
  tookMs = 1;
  assert.deepEqual([all(), all()], [4, 5]);
});
