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
