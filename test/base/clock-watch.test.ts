import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClockWatch } from '../../src/base/clock-watch.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

test('a clock that is set back is noticed once, by how much; small corrections and steps forward are none (C-143)', async () => {
  const clock = new VirtualClock();
  const watch = new ClockWatch(clock);
  await clock.advance(60_000);
  assert.equal(watch.setBackMs(), 0, 'time passes');
  clock.jump(-4000);
  assert.equal(watch.setBackMs(), 0);
  clock.jump(-3_600_000);
  assert.deepEqual([watch.setBackMs(), watch.setBackMs()], [3_604_000, 0]);
  clock.jump(9_000_000);
  assert.equal(watch.setBackMs(), 0);
  clock.jump(-9_000_000);
  assert.equal(watch.setBackMs(), 9_000_000);
});
