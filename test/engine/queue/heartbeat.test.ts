import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../../src/base/errors.ts';
import { underClaim } from '../../../src/engine/queue/heartbeat.ts';
import type { Claim, HeartbeatAnswer } from '../../../src/engine/queue/work-queue.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const LEASE_MS = 30_000;

/** Work under one claim that goes on until `end`, with a queue that answers heartbeats as `answer` says. */
function working(answer: (claim: Claim) => HeartbeatAnswer, leftMs = LEASE_MS) {
  const clock = new VirtualClock();
  const claim = { key: 'a', leaseUntilMs: clock.nowMs() + leftMs } as Claim;
  const ending = Promise.withResolvers<void>();
  const state = { beats: 0, lost: new AbortController().signal };
  const queue = {
    async heartbeat() {
      state.beats += 1;
      return answer(claim);
    },
  };
  const over = underClaim(claim, { queue, clock, leaseMs: LEASE_MS }, lost => {
    state.lost = lost;
    return ending.promise;
  });
  return { clock, state, end: ending.resolve, over };
}

test('a claim is prolonged three times a lease while work runs under it, and no more afterwards', async () => {
  const { clock, state, end, over } = working(() => ({ lost: [], dropped: [] }));
  await clock.advance(2 * LEASE_MS);
  assert.equal(state.beats, 6);
  assert.equal(state.lost.aborted, false);
  end();
  await over;
  await clock.advance(2 * LEASE_MS);
  assert.equal(state.beats, 6);
});

test('work whose claim another worker has taken over is stopped at the next heartbeat', async () => {
  const { clock, state, end, over } = working(claim => ({ lost: [claim], dropped: [] }));
  await clock.advance(LEASE_MS / 3);
  assert.equal(state.lost.reason.code, 'lease_lost');
  end();
  await over;
});

test('while the queue cannot be reached work goes on until its lease has ended', async () => {
  const { clock, state, end, over } = working(() => {
    throw new SluiceError('database_busy', 'locked');
  });
  await clock.advance(LEASE_MS - 1);
  assert.equal(state.lost.aborted, false);
  await clock.advance(1);
  assert.match(state.lost.reason.message, /could not be prolonged in time/);
  end();
  await over;
});

test('a process that stood still for longer than its lease stops its work before it asks anybody (F-454)', async () => {
  const { clock, state, end, over } = working(claim => {
    assert.equal(state.lost.aborted, true);
    return { lost: [claim], dropped: [] };
  }, LEASE_MS / 6);
  clock.jump(-LEASE_MS);
  await clock.advance(LEASE_MS / 3);
  assert.equal(state.beats, 1);
  assert.match(state.lost.reason.message, /could not be prolonged in time/);
  end();
  await over;
});

test('what is taken off the schedule is finished all the same by those who hold one claim', async () => {
  const { clock, state, end, over } = working(claim => ({ lost: [], dropped: [claim] }));
  await clock.advance(LEASE_MS);
  assert.equal(state.lost.aborted, false);
  end();
  await over;
});
