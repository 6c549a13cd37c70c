import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RepeatedMessages } from '../../src/base/repeated-messages.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

test('messages of one kind come once in a while, with how many were left out; another kind comes at once', async () => {
  const clock = new VirtualClock();
  const messages = new RepeatedMessages(clock, 60_000);
  const said = [];
  for (let second = 0; second < 130; second += 1) {
    said.push(messages.admit('full'));
    if (second === 5) said.push(messages.admit('another'));
    await clock.advance(1_000);
  }
  assert.deepEqual(
    said.filter(suppressed => suppressed !== undefined),
    [0, 0, 59, 59],
  );
});

test('what comes on and on is said ever less often, and as at first once it has ceased for a while (K-7)', async () => {
  const clock = new VirtualClock();
  const messages = new RepeatedMessages(clock, 2_000, 16_000);
  const saidAt: number[] = [];
  const hear = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      if (messages.admit('away') !== undefined) saidAt.push(clock.monotonicMs() / 1000);
      await clock.advance(1_000);
    }
  };
  const beganAt = clock.monotonicMs() / 1000;
  await hear(50);
  await clock.advance(60_000);
  await hear(3);
  assert.deepEqual(
    saidAt.map(at => at - beganAt),
    [0, 2, 6, 14, 30, 46, 110, 112],
  );
});
