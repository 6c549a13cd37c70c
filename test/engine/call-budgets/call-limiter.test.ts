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
  limitReached: undefined,
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
  const paused = after(budget, { remaining: 4000, limitReached: 'host' }, 1);
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
  shared.record(answered({ resource: 'graphql', limitReached: 'host', remaining: 40 }));
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

const THREE = ['a', 'b', 'c'];
const three = (more: Partial<IntendedCall> = {}): IntendedCall => call({ credentials: THREE, ...more });

/** How often each of three credentials is given, of so many calls. */
async function shares(limiter: CallLimiter, calls: number): Promise<Record<string, number>> {
  const given: Record<string, number> = {};
  for (let count = 0; count < calls; count += 1) {
    const credential = (await limiter.take(three())) ?? '';
    given[credential] = (given[credential] ?? 0) + 1;
  }
  return given;
}

test('all tokens share the load from the first call on, and the forecast knows them all (C-14, C-140)', async () => {
  const { limits: shared, clock } = limits();
  shared.configure('h', THREE);
  assert.equal(shared.resourceBudget('h', 'rest').perHour, undefined);
  const full = { limit: 5000, remaining: 4999, resetAtMs: clock.nowMs() + HOUR_MS };
  await shared.take(three());
  shared.record(answered({ credential: 'a', ...full }));
  assert.deepEqual(await shares(shared, 2), { b: 1, c: 1 }, 'those that were never used');
  const { perHour, remaining } = shared.resourceBudget('h', 'rest');
  assert.deepEqual([perHour, remaining], [15_000, 14_997]);
  assert.deepEqual(await shares(shared, 300), { a: 100, b: 100, c: 100 });
  // An App has three times as much, and gets three times as much to do.
  shared.record(answered({ credential: 'c', ...full, limit: 15_000, remaining: 15_000 }));
  shared.record(answered({ credential: 'b', ...full, remaining: 5000 }));
  const given = await shares(shared, 500);
  assert.equal(given.c, 3 * (given.b ?? 0), JSON.stringify(given));
});

test('what one token meets costs that token alone, a limit of the address all of them (C-140, C-141)', async () => {
  const nowMs = new VirtualClock().nowMs();
  const resetAtMs = nowMs + 20 * MINUTE_MS;
  const none = { limit: undefined, remaining: undefined };
  const met: readonly (readonly [string, Partial<CallRecord>, string, 'one' | 'all', number])[] = [
    ['401', { ...none, status: 401, errorCode: 'token_refused' }, 'rest', 'one', 60],
    ['used up', { status: 403, remaining: 0, resetAtMs, limitReached: 'credential' }, 'rest', 'one', 20],
    [
      '429, for how long',
      { ...none, status: 429, retryAfterMs: 5 * MINUTE_MS, limitReached: 'pace' },
      'rest',
      'one',
      5,
    ],
    ['429, no more said', { ...none, status: 429, limitReached: 'pace' }, 'rest', 'one', 1],
    ['secondary', { status: 403, limitReached: 'pace', resetAtMs }, 'rest', 'one', 1],
    ['secondary, told', { status: 429, limitReached: 'pace', retryAfterMs: 9 * MINUTE_MS }, 'rest', 'one', 9],
    ['secondary, other calls', { status: 403, limitReached: 'pace' }, 'graphql', 'one', 1],
    ['of the address', { status: 403, limitReached: 'host' }, 'rest', 'all', 1],
    ['of the address, other calls', { status: 403, limitReached: 'host' }, 'graphql', 'all', 1],
    [
      'of the address, used up',
      { status: 403, remaining: 0, resetAtMs, limitReached: 'host' },
      'rest',
      'all',
      20,
    ],
    [
      'server, told',
      { ...none, status: 503, errorCode: 'host_failing', retryAfterMs: 3 * MINUTE_MS },
      'rest',
      'all',
      3,
    ],
  ];
  for (const [what, record, resource, scope, minutes] of met) {
    const { limits: shared, clock } = limits();
    shared.configure('h', THREE);
    const asked = { resource: resource as 'rest', credentials: THREE };
    const first = await shared.take(call(asked));
    shared.record(answered({ errorCode: 'rate_limited', ...record, credential: first }));
    const others = new Set<string | undefined>();
    for (let count = 0; count < 6; count += 1)
      others.add(await shared.take(call(asked)).catch(() => undefined));
    if (scope === 'one') assert.deepEqual([...others].sort(), ['b', 'c'], what);
    else assert.deepEqual([...others], [undefined], what);
    const alone = (): Promise<string | undefined> => shared.take(call({ ...asked, credentials: ['a'] }));
    await assert.rejects(alone(), what);
    clock.jump(minutes * MINUTE_MS - 3000);
    await assert.rejects(alone(), what);
    clock.jump(3001);
    assert.equal(await alone(), 'a', `${what}: goes on after ${minutes} min`);
  }
});

test('a second token that is told to slow down within a minute pauses the host, unless one was answered between (C-630)', async () => {
  const none = { limit: undefined, remaining: undefined };
  const slower = { ...none, status: 403, errorCode: 'rate_limited', limitReached: 'pace' } as const;
  const met = async (between: (shared: CallLimiter, clock: VirtualClock) => void, second = 'b') => {
    const { limits: shared, clock } = limits();
    shared.configure('h', THREE);
    shared.record(answered({ ...slower, credential: 'a' }));
    between(shared, clock);
    shared.record(answered({ ...slower, credential: second, resource: 'graphql' }));
    return shared.take(call({ credentials: THREE })).catch(() => 'none');
  };
  assert.equal(await met(() => {}), 'none');
  assert.notEqual(await met(() => {}, 'a'), 'none', 'one token alone, however often');
  assert.notEqual(await met((_, clock) => clock.jump(MINUTE_MS + 1)), 'none', 'minutes apart');
  const answers = (shared: CallLimiter): void => shared.record(answered({ ...none, credential: 'c' }));
  assert.equal(await met(answers), 'c', 'another one was answered between');
  const own = (shared: CallLimiter): void => shared.record(answered({ ...none, credential: 'a' }));
  assert.equal(await met(own), 'none', 'its own answers were on their way');
});

test('a limit that names no time doubles the pause each time that it is met again, token by token (C-341)', async () => {
  for (const limitReached of ['host', 'pace', 'credential'] as const) {
    const { limits: shared, clock } = limits();
    const none = { limit: undefined, remaining: undefined };
    const met = { ...none, status: 403, errorCode: 'rate_limited', limitReached } as const;
    const one = { credentials: ['a'] };
    const pauseMinutes = async (): Promise<number> => {
      for (let minutes = 0; ; minutes += 1) {
        if (await shared.take(call(one)).catch(() => undefined)) return minutes;
        clock.jump(MINUTE_MS);
      }
    };
    const pauses: number[] = [];
    for (let times = 0; times < 8; times += 1) {
      // What was on its way already meets it, too.
      for (let inFlight = 0; inFlight < 5; inFlight += 1) shared.record(answered(met));
      pauses.push(await pauseMinutes());
    }
    assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60], limitReached);
    shared.record(answered({ ...met, credential: 'b' }));
    assert.equal(await shared.take(call({ credentials: ['b'] })).catch(() => undefined), undefined);
    clock.jump(MINUTE_MS);
    assert.equal(await shared.take(call({ credentials: ['b'] })), 'b', 'of another token it is the first');
    shared.record(answered(none));
    shared.record(answered(met));
    assert.equal(await pauseMinutes(), 1, 'a call that went well ends the row');
  }
});

test('a used-up budget of one resource leaves the others; Retry-After does not (C-13)', async () => {
  const { limits: shared, clock } = limits();
  const one = { credentials: ['a'] };
  const resetAtMs = clock.nowMs() + HOUR_MS;
  shared.record(answered({ remaining: 0, resetAtMs, limitReached: 'credential', retryAfterMs: HOUR_MS }));
  assert.equal(await shared.take(call({ ...one, resource: 'graphql' })), 'a');
});

test('the forecast leaves out what is refused, and what is no longer configured (C-140)', () => {
  const { limits: shared } = limits();
  shared.configure('h', THREE);
  for (const credential of THREE) shared.record(answered({ credential, limit: 5000, remaining: 5000 }));
  shared.record(answered({ credential: 'b', status: 401, errorCode: 'token_refused' }));
  assert.equal(shared.resourceBudget('h', 'rest').perHour, 10_000);
  assert.deepEqual(shared.refused('h'), ['b']);
  shared.configure('h', ['c', 'd']);
  assert.equal(shared.resourceBudget('h', 'rest').perHour, 10_000, 'd counts like c');
  assert.deepEqual(shared.refused('h'), []);
});

test('a new token takes over nothing of the one before it but what that has spent (C-13, C-140)', async () => {
  const { limits: shared, clock } = limits(2);
  shared.configure('h', ['old']);
  for (let count = 0; count < 2; count += 1)
    await shared.take(call({ credentials: ['old'], priority: 'high' }));
  shared.record(
    answered({ credential: 'old', limit: 5000, remaining: 0, resetAtMs: clock.nowMs() + HOUR_MS }),
  );
  shared.configure('h', ['new']);
  // An answer to the old one, late: it says nothing of the new one.
  shared.record(answered({ credential: 'old', status: 401, errorCode: 'token_refused' }));
  const again = call({ credentials: ['new'], priority: 'high' });
  await assert.rejects(shared.take(again), /calls allowed an hour/);
  clock.jump(HOUR_MS + MINUTE_MS);
  assert.equal(await shared.take(again), 'new');
});

test('a restart forgets neither windows, nor pauses, nor what was refused (C-13, C-142)', async () => {
  const first = limits();
  first.limits.configure('h', THREE);
  const { clock } = first;
  const minute = { limit: 2000, remaining: 1900, resetAtMs: clock.nowMs() + 40_000 };
  for (const credential of THREE) first.limits.record(answered({ credential, ...minute }));
  first.limits.record(answered({ credential: 'a', status: 401, errorCode: 'token_refused' }));
  first.limits.record(
    answered({ credential: 'b', ...minute, limitReached: 'host', retryAfterMs: 2 * MINUTE_MS }),
  );
  const second = limits();
  second.limits.configure('h', THREE);
  second.limits.restore(first.limits.budgets());
  assert.equal(second.limits.resourceBudget('h', 'rest').perHour, 2 * 2000 * 60);
  assert.deepEqual(second.limits.refused('h'), ['a']);
  await assert.rejects(second.limits.take(three()), isCode('rate_limited'));
  second.clock.jump(2 * MINUTE_MS);
  assert.deepEqual(await shares(second.limits, 2), { b: 1, c: 1 });
});

test('figures that cannot be count as not given, and stop nothing for long (C-143)', () => {
  const nowMs = Date.UTC(2026, 0, 5);
  const year = 365 * 24 * HOUR_MS;
  const table: readonly (readonly [string, Partial<CallRecord>, number | undefined])[] = [
    ['none at all', { limit: undefined, remaining: undefined }, undefined],
    ['a limit of none', { limit: 0, remaining: 0 }, undefined],
    ['no number', { limit: Number.NaN, remaining: Number.NaN }, undefined],
    ['more left than there is', { limit: 10, remaining: 99, resetAtMs: nowMs + MINUTE_MS }, undefined],
    ['used up, reset in fifty years', { remaining: 0, resetAtMs: nowMs + 50 * year }, MINUTE_MS],
    ['used up, reset long ago', { remaining: 0, resetAtMs: nowMs - 50 * year }, MINUTE_MS],
    ['used up, reset of no time', { remaining: 0, resetAtMs: Number.NaN }, MINUTE_MS],
    ['used up, no reset', { remaining: 0 }, MINUTE_MS],
    ['used up, reset in an hour', { remaining: 0, resetAtMs: nowMs + HOUR_MS }, HOUR_MS],
    [
      'refused, reset in the past',
      { remaining: 0, resetAtMs: nowMs - 1, limitReached: 'credential' },
      MINUTE_MS,
    ],
    ['told to wait for a century', { limitReached: 'credential', retryAfterMs: 100 * year }, 24 * HOUR_MS],
    ['told to wait for nothing', { limitReached: 'host', retryAfterMs: 0 }, MINUTE_MS],
  ];
  for (const [what, record, waitMs] of table) {
    const budget = budgetAfterCall(NEW_BUDGET, answered(record), 1, nowMs);
    const admission = admissionByHost(budget, 1, 'high', nowMs);
    assert.equal(admission.ok ? undefined : admission.untilMs - nowMs, waitMs, what);
  }
});

test('a clock that is set back prolongs no window and no pause (C-143)', async () => {
  const { limits: shared, clock } = limits(10);
  const one = call({ credentials: ['a'], priority: 'high' });
  for (let count = 0; count < 10; count += 1) await shared.take(one);
  shared.record(answered({ remaining: 0, resetAtMs: clock.nowMs() + 30 * MINUTE_MS }));
  clock.jump(-365 * 24 * HOUR_MS);
  await assert.rejects(shared.take(one));
  clock.jump(61 * MINUTE_MS);
  assert.equal(await shared.take(one), 'a');
});

test('what was stored under a clock that was ahead holds up nothing (C-143)', async () => {
  const { limits: shared, clock } = limits(10);
  const aheadMs = clock.nowMs() + 365 * 24 * HOUR_MS;
  const stored = { host: 'h', credential: 'a', resource: 'rest', ...NEW_BUDGET };
  const times = { pausedUntilMs: aheadMs, refusedUntilMs: aheadMs, resetAtMs: aheadMs };
  const spent = [[Math.floor(aheadMs / MINUTE_MS), 10]] as const;
  shared.restore([{ ...stored, ...times, limit: 10, remaining: 0, spent }]);
  assert.equal(await shared.take(call({ credentials: ['a'] })), 'a');
});

test('a host that counts by the minute or the day is known by its resets (C-15)', () => {
  const clock = new VirtualClock();
  for (const [untilMs, perHour] of [
    [50_000, 60_000],
    [10 * MINUTE_MS, 1000],
    [20 * HOUR_MS, 1000 / 24],
  ] as const) {
    const { limits: shared } = limits();
    shared.record(answered({ limit: 1000, remaining: 900, resetAtMs: clock.nowMs() + untilMs }));
    assert.equal(shared.resourceBudget('h', 'rest').perHour, perHour);
  }
});

test('a call whose claim is found lost just before it would go is not made, and costs nothing (F-465)', async () => {
  const lost = new AbortController();
  const isLost = new SluiceError('lease_lost', 'another has it');
  const made = new CallLimiter({
    clock: new VirtualClock(),
    allowance: () => ({ maxPerHour: undefined }),
    beforeCall: () => lost.abort(isLost),
  });
  await assert.rejects(made.take(call({ signal: lost.signal })), isLost);
  assert.equal(made.resourceBudget('h', 'rest').spentLastHour, 0);
});
