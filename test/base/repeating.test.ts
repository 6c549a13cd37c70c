import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Repeating } from '../../src/base/repeating.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

test('Work is repeated with a pause after each time, never twice at once (S-616)', async () => {
  const clock = new VirtualClock();
  let under = 0;
  let most = 0;
  let times = 0;
  const repeating = new Repeating({
    clock,
    pauseMs: () => 1000,
    async work() {
      under += 1;
      most = Math.max(most, under);
      await clock.sleep(500);
      under -= 1;
      times += 1;
    },
  });
  repeating.start();
  repeating.start();
  await clock.advance(999);
  assert.deepEqual([times, under], [0, 0]);
  await clock.advance(3 * 1500);
  assert.deepEqual([times, most], [3, 1]);
  await repeating.stop();
  assert.equal(clock.pendingTimers, 0);
});

test('A stop waits for the work under way, which sets no timer any more (S-616)', async () => {
  const clock = new VirtualClock();
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  let isTold = false;
  const repeating = new Repeating({
    clock,
    pauseMs: () => 1000,
    work(signal) {
      signal.addEventListener('abort', () => {
        isTold = true;
      });
      return held;
    },
  });
  repeating.startAtOnce();
  let isStopped = false;
  const stopping = repeating.stop().then(() => {
    isStopped = true;
  });
  await clock.advance(5000);
  assert.deepEqual([isTold, isStopped], [true, false]);
  release();
  await stopping;
  await repeating.stop();
  repeating.start();
  repeating.startAtOnce();
  await clock.advance(5000);
  assert.equal(clock.pendingTimers, 0);
});
