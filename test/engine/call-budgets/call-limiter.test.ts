import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SluiceError } from '../../../src/base/errors.ts';
import type { CallRecord, IntendedCall } from '../../../src/engine/call-budgets/call-budget.ts';
import { CallLimiter } from '../../../src/engine/call-budgets/call-limiter.ts';
import {
  admissionByHost,
  budgetAfterAdmission,
  budgetAfterCall,
  type CredentialBudget,
  NEW_BUDGET,
} from '../../../src/engine/call-budgets/credential-budget.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const call = (more: Partial<IntendedCall> = {}): IntendedCall => ({
  host: 'h',
  resource: 'rest',
  cost: 1,
  credentials: ['a', 'b'],
  priority: 'normal',
  signal: undefined,
  ...more,
});
const answered = (more: Partial<CallRecord> = {}): CallRecord => ({
  host: 'h',
  resource: 'rest',
  credential: 'a',
  method: 'GET',
  path: '/',
  status: 200,
  errorCode: undefined,
  durationMs: 1,
  cost: 1,
  limit: 100,
  remaining: 50,
  resetAtMs: undefined,
  retryAfterMs: undefined,
  isSecondaryLimit: false,
  clockSkewMs: undefined,
  ...more,
});

/** The last call of the hour, which cost what was put down for it. */
const usedUp = answered({ limit: 5000, remaining: 0, resetAtMs: HOUR_MS });
const after = (budget: CredentialBudget, more: Partial<CallRecord>, nowMs: number): CredentialBudget =>
  budgetAfterCall(budget, { ...usedUp, ...more }, 1, nowMs);

function limits(maxPerHour?: number) {
  const clock = new VirtualClock();
  const refused: string[] = [];
  const made = new CallLimiter({
    clock,
    allowance: () => ({ maxPerHour }),
    onRefused: (_host, credential) => refused.push(credential),
  });
  return { clock, refused, limits: made };
}

const isCode = (code: string) => (error: unknown) => error instanceof SluiceError && error.code === code;

test('what is left at zero waits for the reset, and goes on after it (C-13)', () => {
  const budget = after(NEW_BUDGET, {}, 0);
  assert.deepEqual(admissionByHost(budget, 1, 'high', 1000), {
    ok: false,
    untilMs: HOUR_MS,
    why: 'the rate limit of the host is used up',
  });
  assert.deepEqual(admissionByHost(budget, 1, 'normal', HOUR_MS), { ok: true });
});

test('a twentieth is kept for what is asked for by hand; a pause holds for all (C-13)', () => {
  const budget = after(NEW_BUDGET, { remaining: 250 }, 0);
  assert.equal(admissionByHost(budget, 1, 'normal', 1).ok, false);
  assert.equal(admissionByHost(budget, 1, 'high', 1).ok, true);
  const paused = after(budget, { remaining: 4000, isSecondaryLimit: true }, 1);
  assert.deepEqual(admissionByHost(paused, 1, 'high', 2), {
    ok: false,
    untilMs: MINUTE_MS + 1,
    why: 'the host asked for a pause',
  });
});

test('an answer that was overtaken does not raise what is left (C-13)', () => {
  const late = after(after(NEW_BUDGET, { remaining: 10 }, 0), { remaining: 12 }, 1);
  assert.equal(late.remaining, 10);
  assert.equal(budgetAfterAdmission(late, 3, 2).remaining, 7);
});

test('never more than the configuration allows in any hour, all tokens together (property) (C-13)', async () => {
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

test('several tokens share the load; the one with more left goes first (C-14)', async () => {
  const { limits: shared } = limits();
  const used: string[] = [];
  for (let count = 0; count < 10; count += 1) used.push((await shared.take(call())) ?? '');
  assert.deepEqual([used.filter(id => id === 'a').length, used.filter(id => id === 'b').length], [5, 5]);
  shared.record(answered({ credential: 'a', remaining: 90 }));
  shared.record(answered({ credential: 'b', remaining: 20 }));
  assert.equal(await shared.take(call()), 'a');
});

test('GraphQL points are counted apart, a secondary limit pauses both (C-13)', async () => {
  const { limits: shared, clock } = limits();
  const one = { credentials: ['a'] };
  await shared.take(call(one));
  shared.record(answered({ remaining: 0, resetAtMs: clock.nowMs() + HOUR_MS }));
  await assert.rejects(shared.take(call(one)), isCode('rate_limited'));
  await shared.take(call({ ...one, resource: 'graphql' }));
  shared.record(answered({ resource: 'graphql', isSecondaryLimit: true, remaining: 40 }));
  await assert.rejects(shared.take(call({ ...one, resource: 'graphql' })), isCode('rate_limited'));
});

test('a refused token is reported once and used no more; when all are, nothing is sent (C-17)', async () => {
  const { limits: shared, refused } = limits();
  shared.record(answered({ errorCode: 'token_refused', status: 401, remaining: undefined }));
  shared.record(answered({ errorCode: 'token_refused', status: 401, remaining: undefined }));
  assert.deepEqual(refused, ['a']);
  assert.equal(await shared.take(call()), 'b');
  await assert.rejects(shared.take(call({ credentials: ['a'] })), isCode('token_refused'));
  shared.forgive('h');
  assert.equal(await shared.take(call({ credentials: ['a'] })), 'a');
});

test('what is kept over a restart goes on counting (C-13)', async () => {
  const first = limits(3);
  for (let count = 0; count < 3; count += 1) await first.limits.take(call({ priority: 'high' }));
  const second = limits(3);
  second.limits.restore(first.limits.budgets());
  await assert.rejects(second.limits.take(call({ priority: 'high' })), isCode('rate_limited'));
});
