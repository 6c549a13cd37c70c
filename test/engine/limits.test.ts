import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SluiceError } from '../../src/base/errors.ts';
import { type Call, CallLimits, type CallSeen } from '../../src/engine/call-limits.ts';
import { forecast, learn, mayCall, NEW_BUDGET, spend } from '../../src/engine/limits.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const news = {
  limit: 5000,
  remaining: 0,
  resetAtMs: HOUR_MS,
  retryAfterMs: undefined,
  isSecondaryLimit: false,
};

const call = (more: Partial<Call> = {}): Call => ({
  ...{ host: 'h', resource: 'rest', cost: 1, credentials: ['a', 'b'], priority: 'normal', signal: undefined },
  ...more,
});
const seen = (more: Partial<CallSeen> = {}): CallSeen => ({
  ...{ host: 'h', resource: 'rest', credential: 'a', status: 200, errorCode: undefined, cost: 1 },
  ...{ limit: 100, remaining: 50, resetAtMs: undefined, retryAfterMs: undefined },
  ...{ isSecondaryLimit: false, clockSkewMs: undefined },
  ...more,
});

function limits(maxPerHour?: number) {
  const clock = new VirtualClock();
  const refused: string[] = [];
  const made = new CallLimits({
    clock,
    allowance: () => ({ maxPerHour }),
    onRefused: (_host, credential) => refused.push(credential),
  });
  return { clock, refused, limits: made };
}

const isCode = (code: string) => (error: unknown) => error instanceof SluiceError && error.code === code;

test('S5: what is left at zero waits for the reset, and goes on after it', () => {
  const budget = learn(NEW_BUDGET, news, 0, 1, 1);
  assert.deepEqual(mayCall(budget, 1, 'high', 1000), {
    ...{ ok: false, untilMs: HOUR_MS, why: 'the rate limit of the host is used up' },
  });
  assert.deepEqual(mayCall(budget, 1, 'normal', HOUR_MS), { ok: true });
});

test('S5: a twentieth is kept for what is asked for by hand; a pause holds for all', () => {
  const budget = learn(NEW_BUDGET, { ...news, remaining: 250 }, 0, 1, 1);
  assert.equal(mayCall(budget, 1, 'normal', 1).ok, false);
  assert.equal(mayCall(budget, 1, 'high', 1).ok, true);
  const paused = learn(budget, { ...news, remaining: 4000, isSecondaryLimit: true }, 1, 1, 1);
  assert.deepEqual(mayCall(paused, 1, 'high', 2), {
    ok: false,
    untilMs: MINUTE_MS + 1,
    why: 'the host asked for a pause',
  });
});

test('S5: an answer that was overtaken does not raise what is left', () => {
  const late = learn(
    learn(NEW_BUDGET, { ...news, remaining: 10 }, 0, 1, 1),
    { ...news, remaining: 12 },
    1,
    1,
    1,
  );
  assert.equal(late.remaining, 10);
  assert.equal(spend(late, 3, 2).remaining, 7);
});

test('S5: never more than the configuration allows in any hour, all tokens together (property)', async () => {
  const waits = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(waits, fc.integer({ min: 1, max: 8 }), async (minutes, maxPerHour) => {
      const { clock, limits: shared } = limits(maxPerHour);
      const sent: number[] = [];
      for (const wait of minutes) {
        clock.jump(wait * MINUTE_MS);
        const went = await shared.take(call({ priority: 'high' })).catch(() => undefined);
        if (went !== undefined) sent.push(clock.nowMs());
      }
      for (const at of sent) {
        const inHour = sent.filter(other => other > at - HOUR_MS && other <= at).length;
        assert.ok(inHour <= maxPerHour, `${inHour} of ${maxPerHour}`);
      }
    }),
    { numRuns: 60 },
  );
});

test('S5: several tokens share the load; the one with more left goes first', async () => {
  const { limits: shared } = limits();
  const used: string[] = [];
  for (let count = 0; count < 10; count += 1) used.push((await shared.take(call())) ?? '');
  assert.deepEqual([used.filter(id => id === 'a').length, used.filter(id => id === 'b').length], [5, 5]);
  shared.seen(seen({ credential: 'a', remaining: 90 }));
  shared.seen(seen({ credential: 'b', remaining: 20 }));
  assert.equal(await shared.take(call()), 'a');
});

test('S5: GraphQL points are counted apart, a secondary limit pauses both', async () => {
  const { limits: shared, clock } = limits();
  const one = { credentials: ['a'] };
  await shared.take(call(one));
  shared.seen(seen({ remaining: 0, resetAtMs: clock.nowMs() + HOUR_MS }));
  await assert.rejects(shared.take(call(one)), isCode('rate_limited'));
  await shared.take(call({ ...one, resource: 'graphql' }));
  shared.seen(seen({ resource: 'graphql', isSecondaryLimit: true, remaining: 40 }));
  await assert.rejects(shared.take(call({ ...one, resource: 'graphql' })), isCode('rate_limited'));
});

test('a refused token is told of once and used no more; when all are, nothing is sent', async () => {
  const { limits: shared, refused } = limits();
  shared.seen(seen({ errorCode: 'token_refused', status: 401, remaining: undefined }));
  shared.seen(seen({ errorCode: 'token_refused', status: 401, remaining: undefined }));
  assert.deepEqual(refused, ['a']);
  assert.equal(await shared.take(call()), 'b');
  await assert.rejects(shared.take(call({ credentials: ['a'] })), isCode('token_refused'));
  shared.forgive('h');
  assert.equal(await shared.take(call({ credentials: ['a'] })), 'a');
});

test('S5: what is kept over a restart goes on counting', async () => {
  const first = limits(3);
  for (let count = 0; count < 3; count += 1) await first.limits.take(call({ priority: 'high' }));
  const second = limits(3);
  second.limits.restore(first.limits.states());
  await assert.rejects(second.limits.take(call({ priority: 'high' })), isCode('rate_limited'));
});

test('S5: the forecast stretches every interval by the same factor when the budget is short', () => {
  assert.deepEqual(forecast(100, 0.5, 1000), { neededPerHour: 50, budgetPerHour: 1000, stretch: 1 });
  assert.deepEqual(forecast(1260, 1, 1000), { neededPerHour: 1260, budgetPerHour: 1000, stretch: 1.4 });
  assert.equal(forecast(10, 1, 0).stretch, 1000);
  assert.equal(forecast(1e9, 1, undefined).stretch, 1);
});
