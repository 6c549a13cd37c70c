import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ErrorRecord } from '../../src/base/errors.ts';
import type { Claim, ScheduleRequest, WorkChoice, WorkQueue } from '../../src/engine/queue/work-queue.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';

export interface WorkFixture {
  readonly clock: VirtualClock;
  /** Two connections to the same queue, as two processes have them. */
  readonly queue: WorkQueue;
  readonly other: WorkQueue;
  /** Workers whose process counts as gone. */
  readonly gone: Set<string>;
}

const LEASE_MS = 60_000;
const ERROR: ErrorRecord = {
  code: 'connection_lost',
  message: 'reset by peer',
  hint: 'Wait.',
  answer: 'retry',
};

/** The contract of `Work`: every implementation passes it. */
export function workSuite(open: (t: TestContext) => Promise<WorkFixture>): void {
  orderSuite(open);
  raisingSuite(open);
  settlingSuite(open);
  groupSuite(open);
  leaseSuite(open);
  statusSuite(open);
}

type Open = (t: TestContext) => Promise<WorkFixture>;

function placement(clock: VirtualClock, inMs: number, more: Partial<ScheduleRequest> = {}): ScheduleRequest {
  return { kind: 'sync', group: 'host', runAtMs: clock.nowMs() + inMs, reason: 'schedule', ...more };
}

function claimSome(queue: WorkQueue, max = 100, more: object = {}): Promise<Claim[]> {
  return queue.claim({ worker: 'one', max, leaseMs: LEASE_MS, ...more });
}

async function claimOne(queue: WorkQueue): Promise<Claim> {
  const [claim] = await claimSome(queue, 1);
  assert.ok(claim, 'nothing to claim');
  return claim;
}

const keysOf = (items: readonly { readonly key: string }[]): string[] => items.map(({ key }) => key);

function orderSuite(open: Open): void {
  test('due items are claimed in chronological order, ties by key, none before its time (C-9)', async t => {
    const { queue, clock } = await open(t);
    const times = { late: -1, tie2: -50, tie1: -50, early: -99, now: 0, soon: 1 };
    for (const [key, inMs] of Object.entries(times)) await queue.put(key, placement(clock, inMs));
    assert.deepEqual(keysOf(await claimSome(queue, 2)), ['early', 'tie1']);
    assert.deepEqual(keysOf(await claimSome(queue)), ['tie2', 'late', 'now']);
    assert.deepEqual(await claimSome(queue), []);
    await clock.advance(1);
    assert.deepEqual(keysOf(await claimSome(queue)), ['soon']);
  });

  test('high priority runs before all others, and not before its time (C-10)', async t => {
    const { queue, clock } = await open(t);
    await queue.put('old', placement(clock, -9000));
    await queue.put('raised', placement(clock, 0, { priority: 'high', kind: 'other' }));
    await queue.put('raised for later', placement(clock, 10, { priority: 'high' }));
    assert.deepEqual(keysOf(await claimSome(queue)), ['raised', 'old']);
  });

  test('a claim takes the kinds asked for and leaves the others', async t => {
    const { queue, clock } = await open(t);
    for (const kind of ['bake', 'deliver', 'sync']) await queue.put(kind, placement(clock, 0, { kind }));
    assert.deepEqual(keysOf(await claimSome(queue, 9, { kinds: ['deliver', 'nothing'] })), ['deliver']);
    assert.deepEqual(await claimSome(queue, 9, { kinds: [] }), []);
    assert.deepEqual(keysOf(await claimSome(queue, 9, { kinds: ['sync', 'bake'] })), ['bake', 'sync']);
  });

  test('a claim says what it is for', async t => {
    const { queue, clock } = await open(t);
    await queue.put('a', placement(clock, -5, { reason: 'asked for by hand', priority: 'high' }));
    const { token, ...claim } = await claimOne(queue);
    assert.ok(token > 0);
    assert.deepEqual(claim, {
      key: 'a',
      kind: 'sync',
      group: 'host',
      priority: 'high',
      reason: 'asked for by hand',
      runAtMs: clock.nowMs() - 5,
      attempt: 1,
      leaseUntilMs: clock.nowMs() + LEASE_MS,
    });
  });

  test('a time that is no number is refused', async t => {
    const { queue, clock } = await open(t);
    await assert.rejects(queue.put('a', placement(clock, Number.NaN)), { code: 'internal' });
    assert.equal(await queue.get('a'), undefined);
  });
}

function raisingSuite(open: Open): void {
  const place = async (queue: WorkQueue): Promise<object> => {
    const item = await queue.get('a');
    return { runAtMs: item?.runAtMs, priority: item?.priority, reason: item?.reason };
  };

  test('a waiting item of normal priority is moved, earlier and later', async t => {
    const { queue, clock } = await open(t);
    for (const inMs of [500, 900, 100]) {
      await queue.put('a', placement(clock, inMs, { reason: `in ${inMs}` }));
      assert.deepEqual(await place(queue), {
        runAtMs: clock.nowMs() + inMs,
        priority: 'normal',
        reason: `in ${inMs}`,
      });
    }
    assert.equal((await queue.counts()).size, 1);
  });

  test('raising an item that waits moves it; lowering never delays a raised one (C-10)', async t => {
    const { queue, clock } = await open(t);
    await queue.put('a', placement(clock, 500));
    const raised = { runAtMs: clock.nowMs(), priority: 'high', reason: 'webhook' };
    await queue.put('a', placement(clock, 0, { priority: 'high', reason: 'webhook' }));
    assert.deepEqual(await place(queue), raised);
    await queue.put('a', placement(clock, 900, { reason: 'lowered' }));
    assert.deepEqual(await place(queue), raised);
  });

  test('raising never delays either (C-10)', async t => {
    const { queue, clock } = await open(t);
    await queue.put('a', placement(clock, 10));
    await queue.put('a', placement(clock, 500, { priority: 'high', reason: 'webhook' }));
    assert.deepEqual(await place(queue), {
      runAtMs: clock.nowMs() + 10,
      priority: 'high',
      reason: 'webhook',
    });
  });

  test('an item that is not on the schedule can be raised (C-10)', async t => {
    const { queue, clock } = await open(t);
    await queue.put('a', placement(clock, 0, { priority: 'high' }));
    assert.deepEqual(keysOf(await claimSome(queue)), ['a']);
  });

  test('ifAbsent leaves alone what waits, runs, or is remembered', async t => {
    const { queue, clock } = await open(t);
    const absent = placement(clock, 0, { ifAbsent: true, reason: 'start' });
    await queue.put('a', placement(clock, 500));
    await queue.put('a', absent);
    assert.equal((await queue.get('a'))?.reason, 'schedule');
    await clock.advance(500);
    const claim = await claimOne(queue);
    await queue.put('a', absent);
    await queue.complete(claim, { nextAtMs: null });
    assert.equal(await queue.get('a'), undefined);
    await queue.put('a', absent);
    assert.equal((await queue.get('a'))?.reason, 'start');
  });
}

function settlingSuite(open: Open): void {
  test('completed: next time and reason, normal again; without a next time it is off the schedule', async t => {
    const { queue, clock } = await open(t);
    await queue.put('a', placement(clock, 0, { priority: 'high' }));
    const nextAtMs = clock.nowMs() + 300;
    assert.equal(await queue.complete(await claimOne(queue), { nextAtMs, reason: 'every 5 min' }), 'settled');
    const item = await queue.get('a');
    assert.deepEqual([item?.runAtMs, item?.priority, item?.reason], [nextAtMs, 'normal', 'every 5 min']);
    await clock.advance(300);
    await queue.complete(await claimOne(queue), { nextAtMs: null });
    assert.equal(await queue.get('a'), undefined);
  });

  test('Retry: failures are counted in a row, shown, and cleared by success', async t => {
    const { queue, clock } = await open(t);
    await queue.put('a', placement(clock, 0));
    for (const attempt of [1, 2, 3]) {
      const claim = await claimOne(queue);
      assert.equal(claim.attempt, attempt);
      await queue.fail(claim, { error: ERROR, retryAtMs: clock.nowMs() + 100, reason: 'backing off' });
      assert.deepEqual((await queue.get('a'))?.lastError, ERROR);
      assert.deepEqual(await claimSome(queue), [], 'not before the retry time');
      await clock.advance(100);
    }
    await queue.complete(await claimOne(queue), { nextAtMs: clock.nowMs() });
    const item = await queue.get('a');
    assert.deepEqual([item?.failures, item?.lastError], [0, null]);
    assert.equal((await claimOne(queue)).attempt, 1);
  });

  test('Retry: without a retry time failed work is off the schedule, and put again it starts anew', async t => {
    const { queue, clock } = await open(t);
    await queue.put('a', placement(clock, 0));
    await queue.fail(await claimOne(queue), { error: ERROR, retryAtMs: null, reason: 'gave up' });
    assert.equal(await queue.get('a'), undefined);
    await queue.put('a', placement(clock, 0));
    assert.equal((await claimOne(queue)).attempt, 1);
  });

  test('handed back: due now, with its priority, and no failure counted; or at the time wanted', async t => {
    const { queue, clock } = await open(t);
    await queue.put('a', placement(clock, 0, { priority: 'high' }));
    await queue.release(await claimOne(queue));
    const again = await claimOne(queue);
    assert.deepEqual([again.attempt, again.priority, again.reason], [1, 'high', 'schedule']);
    const runAtMs = clock.nowMs() + 70;
    await queue.release(again, { until: { runAtMs, reason: 'no calls left until the hour' } });
    const item = await queue.get('a');
    assert.deepEqual([item?.runAtMs, item?.reason], [runAtMs, 'no calls left until the hour']);
  });

  test('put while claimed disturbs nothing and is applied at completion', async t => {
    const { queue, other, clock } = await open(t);
    await queue.put('a', placement(clock, 0));
    const claim = await claimOne(queue);
    await other.put('a', placement(clock, 0, { priority: 'high', reason: 'webhook' }));
    assert.deepEqual(await claimSome(other), [], 'still claimed');
    assert.deepEqual(await queue.heartbeat([claim], LEASE_MS), { lost: [], dropped: [] });
    assert.equal(await queue.complete(claim, { nextAtMs: clock.nowMs() + 9000 }), 'settled');
    const again = await claimOne(other);
    assert.deepEqual([again.key, again.priority, again.reason], ['a', 'high', 'webhook']);
    await other.complete(again, { nextAtMs: clock.nowMs() + 9000 });
    assert.deepEqual(await claimSome(queue), [], 'applied once');
  });

  test('put while claimed for later does not delay what the completion asks for', async t => {
    const { queue, clock } = await open(t);
    await queue.put('a', placement(clock, 0));
    const claim = await claimOne(queue);
    await queue.put('a', placement(clock, 9000, { reason: 'later' }));
    await queue.complete(claim, { nextAtMs: clock.nowMs() + 10, reason: 'sooner' });
    assert.deepEqual((await queue.get('a'))?.reason, 'sooner');
  });

  test('several puts while claimed are remembered as one, by the same rule as for a waiting item (C-10)', async t => {
    const { queue, clock } = await open(t);
    await queue.put('a', placement(clock, 0));
    const claim = await claimOne(queue);
    await queue.put('a', placement(clock, 20, { priority: 'high', reason: 'webhook' }));
    await queue.put('a', placement(clock, 500, { reason: 'schedule' }));
    await queue.complete(claim, { nextAtMs: null });
    const item = await queue.get('a');
    assert.deepEqual([item?.priority, item?.reason, item?.runAtMs], ['high', 'webhook', claim.runAtMs + 20]);
  });

  test('a stale claim settles nothing (S-25)', async t => {
    const { queue, other, clock } = await open(t);
    await queue.put('a', placement(clock, 0));
    const stale = await claimOne(queue);
    await clock.advance(LEASE_MS);
    const fresh = await claimOne(other);
    assert.equal(await queue.complete(stale, { nextAtMs: null }), 'lost');
    assert.equal(await queue.fail(stale, { error: ERROR, retryAtMs: null, reason: '' }), 'lost');
    assert.equal(await queue.release(stale), 'lost');
    assert.deepEqual(await queue.heartbeat([stale], LEASE_MS), { lost: [stale], dropped: [] });
    assert.equal(await other.complete(fresh, { nextAtMs: null }), 'settled');
    assert.equal(await other.complete(fresh, { nextAtMs: null }), 'lost', 'settled once');
    await queue.put('a', placement(clock, 0));
    await claimOne(queue);
    assert.equal(await other.complete(fresh, { nextAtMs: null }), 'lost', 'a new life of the key');
  });

  test('dropped: a waiting item is gone, a running one goes on, learns of it, and leaves nothing behind', async t => {
    const { queue, other, clock } = await open(t);
    await queue.put('a', placement(clock, 0));
    await queue.drop('a');
    await queue.drop('a');
    assert.equal(await queue.get('a'), undefined);
    await queue.put('a', placement(clock, 0));
    const claim = await claimOne(queue);
    await queue.put('a', placement(clock, 0));
    await other.drop('a');
    assert.deepEqual(await claimSome(other), [], 'never two at a time');
    assert.deepEqual(await queue.heartbeat([claim], LEASE_MS), { lost: [], dropped: [claim] });
    assert.equal(await queue.complete(claim, { nextAtMs: clock.nowMs() }), 'settled');
    assert.equal(await queue.get('a'), undefined);
  });

  test('dropped while running and put again: starts anew once the claim is settled', async t => {
    const { queue, clock } = await open(t);
    await queue.put('a', placement(clock, 0));
    const claim = await claimOne(queue);
    await queue.drop('a');
    await queue.put('a', placement(clock, 40, { reason: 'tracked again', ifAbsent: true }));
    await queue.put('a', placement(clock, 90, { reason: 'once more', ifAbsent: true }));
    await queue.fail(claim, { error: ERROR, retryAtMs: clock.nowMs(), reason: 'backing off' });
    const item = await queue.get('a');
    assert.deepEqual([item?.reason, item?.failures, item?.claimedBy], ['tracked again', 0, null]);
  });
}

function groupSuite(open: Open): void {
  test('at most so many of a group at once, those of all workers and kinds counted (C-11)', async t => {
    const { queue, other, clock } = await open(t);
    for (let index = 0; index < 9; index += 1) {
      await queue.put(`a${index}`, placement(clock, 0, { group: 'a', kind: index % 2 ? 'bake' : 'sync' }));
    }
    await queue.put('b', placement(clock, 0, { group: 'b' }));
    const perGroup = { perGroup: 2 };
    const first = await claimSome(queue, 1, perGroup);
    assert.deepEqual(keysOf(first), ['a0']);
    assert.deepEqual(keysOf(await claimSome(other, 9, { ...perGroup, worker: 'two' })), ['a1', 'b']);
    assert.deepEqual(await claimSome(queue, 9, perGroup), []);
    await queue.complete(first[0] as Claim, { nextAtMs: null });
    assert.deepEqual(keysOf(await claimSome(queue, 9, perGroup)), ['a2']);
  });

  test('a full group, and a paused one, never block others, with thousands due in front (C-11)', async t => {
    const { queue, clock } = await open(t);
    const puts = Array.from({ length: 3000 }, (_, index) =>
      queue.put(
        `a${index}`,
        placement(clock, -10, { group: index % 2 ? 'full' : 'paused', priority: 'high' }),
      ),
    );
    await Promise.all(puts);
    for (const key of ['c', 'b']) await queue.put(key, placement(clock, 0, { group: key }));
    await queue.put('d', placement(clock, -1, { group: 'd' }));
    const perGroup = (group: string): number => (group === 'paused' ? 0 : 1);
    assert.deepEqual(keysOf(await claimSome(queue, 3, { perGroup })), ['a1', 'd', 'b']);
    assert.deepEqual(keysOf(await claimSome(queue, 3, { perGroup })), ['c']);
    assert.deepEqual(await claimSome(queue, 3, { perGroup }), []);
  });

  test('a group that is paused for ordinary work alone gives what was raised (C-11, C-13)', async t => {
    const { queue, clock } = await open(t);
    for (let index = 0; index < 200; index += 1)
      await queue.put(`a${index}`, placement(clock, -10, { group: 'g' }));
    for (const key of ['x', 'y', 'z'])
      await queue.put(key, placement(clock, 0, { group: 'g', priority: 'high' }));
    await queue.put('other', placement(clock, 0, { group: 'h' }));
    const perGroup = (group: string, priority: string): number =>
      group === 'g' && priority === 'normal' ? 0 : 2;
    assert.deepEqual(keysOf(await claimSome(queue, 9, { perGroup })), ['x', 'y', 'other']);
    assert.deepEqual(keysOf(await claimSome(queue, 9, { perGroup })), []);
  });

  test('one key can be claimed now, whatever its time, and only once', async t => {
    const { queue, other, clock } = await open(t);
    await queue.put('a', placement(clock, 9000));
    await queue.put('b', placement(clock, 0));
    const [claim] = await claimSome(other, 1, { keys: ['a'] });
    assert.equal(claim?.key, 'a');
    assert.deepEqual(await claimSome(queue, 1, { keys: ['a', 'absent'] }), []);
    assert.deepEqual((await queue.get('a'))?.claimedBy, {
      worker: 'one',
      untilMs: clock.nowMs() + LEASE_MS,
    });
    await other.release(claim as Claim);
    assert.deepEqual(keysOf(await claimSome(queue)), ['a', 'b']);
  });
}

function leaseSuite(open: Open): void {
  test('at least once: a claim whose lease has ended is due again, with no failure counted', async t => {
    const { queue, other, clock } = await open(t);
    await queue.put('a', placement(clock, 0));
    const claim = await claimOne(queue);
    await clock.advance(LEASE_MS - 1);
    assert.deepEqual(await claimSome(other), []);
    assert.deepEqual(await queue.heartbeat([claim], LEASE_MS), { lost: [], dropped: [] });
    await clock.advance(LEASE_MS - 1);
    assert.deepEqual(await claimSome(other), []);
    await clock.advance(1);
    assert.equal((await claimOne(other)).attempt, 1);
    assert.deepEqual((await queue.heartbeat([claim], LEASE_MS)).lost, [claim]);
  });

  test('a lease that has ended can be prolonged while nobody has taken the work', async t => {
    const { queue, other, clock } = await open(t);
    await queue.put('a', placement(clock, 0));
    const claim = await claimOne(queue);
    await clock.advance(2 * LEASE_MS);
    assert.deepEqual(await queue.heartbeat([claim], LEASE_MS), { lost: [], dropped: [] });
    assert.deepEqual(await claimSome(other), []);
  });

  test('what was put or dropped during a claim holds when its lease ends', async t => {
    const { queue, clock } = await open(t);
    for (const key of ['again', 'dropped']) await queue.put(key, placement(clock, 0));
    await claimSome(queue);
    await queue.put('again', placement(clock, 5, { priority: 'high', reason: 'webhook' }));
    await queue.drop('dropped');
    await clock.advance(LEASE_MS);
    const claims = await claimSome(queue);
    assert.deepEqual(
      claims.map(({ key, reason }) => [key, reason]),
      [['again', 'webhook']],
    );
  });

  test('claims of a process that is gone are free at once (S-25)', async t => {
    const { queue, other, clock, gone } = await open(t);
    for (const key of ['a', 'b']) await queue.put(key, placement(clock, 0));
    await claimSome(queue, 1, { worker: 'killed' });
    const [alive] = await claimSome(queue, 1, { worker: 'alive' });
    assert.equal(await other.releaseDead(), 0);
    gone.add('killed');
    assert.equal(await other.releaseDead(), 1);
    assert.equal(await other.releaseDead(), 0);
    assert.deepEqual(keysOf(await claimSome(other)), ['a']);
    assert.deepEqual((await queue.heartbeat([alive as Claim], LEASE_MS)).lost, []);
  });

  test('listeners hear of put, of settled and of freed work, until they stop', async t => {
    const { queue, clock, gone } = await open(t);
    let heard = 0;
    const stop = queue.onWork(() => {
      heard += 1;
    });
    await queue.put('a', placement(clock, 0));
    assert.equal(heard, 1);
    await queue.complete(await claimOne(queue), { nextAtMs: clock.nowMs() });
    assert.equal(heard, 2);
    await claimOne(queue);
    gone.add('one');
    await queue.releaseDead();
    assert.equal(heard, 3);
    stop();
    await queue.put('b', placement(clock, 0));
    assert.equal(heard, 3);
  });

  test('listeners hear within a second of what another process put, and of nothing while nothing happens (C-9)', async t => {
    const { queue, other, clock } = await open(t);
    let heard = 0;
    const stop = queue.onWork(() => {
      heard += 1;
    });
    t.after(stop);
    await clock.advance(10_000);
    assert.equal(heard, 0);
    await other.put('a', placement(clock, 0));
    await clock.advance(1000);
    assert.equal(heard, 1);
    await clock.advance(10_000);
    assert.equal(heard, 1);
  });
}

function statusSuite(open: Open): void {
  test('what is not well is told by kind, group, state and error, each of it once (W-53)', async t => {
    const { queue, clock } = await open(t);
    const put = (key: string, inMs: number, more: Partial<ScheduleRequest> = {}) =>
      queue.put(key, placement(clock, inMs, more));
    for (const key of ['f1', 'f2']) await put(key, -10, { kind: 'failing' });
    for (const claim of await claimSome(queue, 2, { kinds: ['failing'] }))
      await queue.fail(claim, { error: ERROR, retryAtMs: clock.nowMs() + 1000, reason: 'again' });
    await put('runs', -10, { kind: 'running' });
    await claimSome(queue, 1, { kinds: ['running'] });
    await put('later', 5000);
    await put('due', -5);
    await put('late1', -300);
    await put('late2', -200, { priority: 'high' });
    await put('elsewhere', -1, { group: 'other' });
    const told = (await queue.unsettled(100)).map(
      ({ kind, group, state, code, message, count, earliestMs, example }) =>
        [kind, group, state, code, message, count, earliestMs - clock.nowMs(), example].join(' '),
    );
    assert.deepEqual(told.sort(), [
      'failing host failing connection_lost reset by peer 2 1000 f1',
      'sync host due   1 -5 due',
      'sync host late   2 -300 late1',
      'sync other due   1 -1 elsewhere',
    ]);
  });

  test('counts of the schedule, what is due and how late, what runs (C-9)', async t => {
    const { queue, other, clock } = await open(t);
    const none = { size: 0, due: 0, behindMs: 0, running: 0, raised: 0, byKind: [] };
    assert.deepEqual(await queue.counts(), none);
    for (const [key, inMs] of Object.entries({ a: -70, b: -40, c: 500 })) {
      await queue.put(key, placement(clock, inMs));
    }
    await queue.put('d', placement(clock, 0, { kind: 'bake' }));
    await claimOne(queue);
    assert.deepEqual(await other.counts(), {
      size: 4,
      due: 2,
      behindMs: 40,
      running: 1,
      raised: 0,
      byKind: [
        { kind: 'bake', size: 1, due: 1 },
        { kind: 'sync', size: 3, due: 1 },
      ],
    });
    for (const key of ['a', 'b', 'c', 'd']) await queue.drop(key);
    assert.equal((await queue.counts()).size, 1);
    await queue.put('b', placement(clock, 0, { kind: 'bake' }));
    await queue.put('b', placement(clock, 0, { kind: 'other' }));
    assert.deepEqual(
      (await queue.counts()).byKind.map(({ kind, size }) => [kind, size]),
      [
        ['other', 1],
        ['sync', 1],
      ],
    );
  });

  test('upcoming items in the order in which they will run, with reasons; running ones apart (C-8)', async t => {
    const { queue, clock } = await open(t);
    await queue.put('soon', placement(clock, 10, { kind: 'bake' }));
    await queue.put('due', placement(clock, -10));
    await queue.put('raised', placement(clock, 0, { priority: 'high', reason: 'webhook' }));
    await queue.put('raised for later', placement(clock, 20, { priority: 'high' }));
    await queue.put('last', placement(clock, 30));
    const order = ['raised', 'due', 'soon', 'raised for later', 'last'];
    assert.deepEqual(keysOf(await queue.upcoming(10)), order);
    assert.deepEqual(keysOf(await queue.upcoming(2)), order.slice(0, 2));
    assert.equal((await queue.upcoming(1))[0]?.reason, 'webhook');
    await claimOne(queue);
    assert.deepEqual(keysOf(await queue.upcoming(10)), order.slice(1));
    assert.deepEqual(keysOf(await queue.running(10)), ['raised']);
  });

  test('many are asked for at once; those that are not on the schedule are left out', async t => {
    const { queue, clock } = await open(t);
    await queue.put('a', placement(clock, 5));
    await queue.put('b', placement(clock, -5));
    await claimOne(queue);
    const items = await queue.getMany(['b', 'none', 'a']);
    assert.deepEqual([...items.keys()].sort(), ['a', 'b']);
    assert.deepEqual(items.get('a'), await queue.get('a'));
    assert.equal(items.get('b')?.claimedBy?.worker, 'one');
    assert.equal((await queue.getMany([])).size, 0);
  });

  test('what waits is chosen by kind, group, text, priority, failures and time, from any place in line on, and counted (W-130)', async t => {
    const { queue, clock } = await open(t);
    const put = (key: string, inMs: number, more: Partial<ScheduleRequest> = {}) =>
      queue.put(key, placement(clock, inMs, more));
    await put('failing:one', -50);
    const claim = await claimOne(queue);
    await queue.fail(claim, { error: ERROR, retryAtMs: clock.nowMs() + 70, reason: 'again' });
    await put('repository:https://Git.example/A_b', 10, { kind: 'bake', group: 'git.example' });
    await put('repository:https://git.example/aXb', -10, { kind: 'bake', group: 'git.example' });
    await put('raised', 0, { priority: 'high' });
    await put('raised for later', 20, { priority: 'high', group: 'other' });
    await put('100%', 30);
    const all = [
      'raised',
      'repository:https://git.example/aXb',
      'repository:https://Git.example/A_b',
      'raised for later',
      '100%',
      'failing:one',
    ];
    const expect = async (choice: WorkChoice, keys: readonly string[]) => {
      assert.deepEqual(keysOf(await queue.upcoming(10, choice)), keys);
      assert.equal(await queue.countUpcoming(choice), keys.length);
      for (const at of keys.keys())
        assert.deepEqual(keysOf(await queue.upcoming(1, choice, at)), keys.slice(at, at + 1));
      assert.deepEqual(await queue.upcoming(10, choice, keys.length), []);
    };
    const nowMs = clock.nowMs();
    await expect({}, all);
    await expect({ kinds: ['bake'] }, all.slice(1, 3));
    await expect({ kinds: ['none'] }, []);
    await expect({ groups: ['git.example', 'other'] }, all.slice(1, 4));
    await expect({ groups: [] }, []);
    await expect({ text: 'GIT.example/a_b' }, [all[2] ?? '']);
    await expect({ text: '%' }, ['100%']);
    await expect({ priority: 'high' }, ['raised', 'raised for later']);
    await expect({ isFailing: true }, ['failing:one']);
    await expect({ dueFromMs: nowMs + 10, dueBeforeMs: nowMs + 30 }, all.slice(2, 4));
    await expect({ kinds: ['sync'], groups: ['other'], dueFromMs: nowMs + 21 }, []);
    await claimOne(queue);
    assert.equal(await queue.countUpcoming(), all.length - 1);
  });

  test('a long line is looked at from any place on, its end as well as its front (W-130)', async t => {
    const { queue, clock } = await open(t);
    const keys = Array.from({ length: 2_400 }, (_, at) => `item ${String(at).padStart(4, '0')}`);
    for (let from = 0; from < keys.length; from += 600)
      await queue.putAll(
        keys.slice(from, from + 600).map((key, at) => ({
          key,
          request: placement(clock, from + at, { kind: at % 2 ? 'sync' : 'bake' }),
        })),
      );
    await queue.put('raised', placement(clock, 0, { priority: 'high' }));
    const line = ['raised', ...keys];
    for (const skipped of [0, 999, 1_000, 1_001, 1_199, 1_200, 1_201, 2_398, 2_399, 2_400, 2_401, 9_999])
      assert.deepEqual(keysOf(await queue.upcoming(3, {}, skipped)), line.slice(skipped, skipped + 3));
  });

  test('what falls due is counted by kind, group and spans, what is due already in the first', async t => {
    const { queue, clock } = await open(t);
    const times = { overdue: -9000, now: 0, soon: 99, next: 100, later: 250, beyond: 300 };
    for (const [key, inMs] of Object.entries(times)) await queue.put(key, placement(clock, inMs));
    await queue.put('running', placement(clock, -9999));
    await claimOne(queue);
    const spans = { fromMs: clock.nowMs(), spanMs: 100, count: 3 };
    await queue.put('another', { ...placement(clock, 150), kind: 'another' });
    await queue.put('elsewhere', { ...placement(clock, 50), group: 'elsewhere' });
    await queue.put('raised', placement(clock, 120, { priority: 'high' }));
    const counts = await queue.countDue(spans);
    const { group } = placement(clock, 0);
    assert.deepEqual(counts, [
      { kind: 'another', group, amounts: [0, 1, 0] },
      ...[
        { kind: 'sync', group, amounts: [3, 2, 1] },
        { kind: 'sync', group: 'elsewhere', amounts: [1, 0, 0] },
      ].toSorted((one, other) => (one.group < other.group ? -1 : 1)),
    ]);
  });

  test('nextDueAt: the earliest time after the one given, of the kinds asked for, leases included', async t => {
    const { queue, clock } = await open(t);
    const nowMs = clock.nowMs();
    assert.equal(await queue.nextDueAt({ afterMs: nowMs }), null);
    await queue.put('overdue', placement(clock, -10));
    await queue.put('later', placement(clock, 90_000, { kind: 'bake' }));
    await queue.put('raised', placement(clock, 95_000, { priority: 'high' }));
    assert.equal(await queue.nextDueAt({ afterMs: nowMs }), nowMs + 90_000);
    assert.equal(await queue.nextDueAt({ afterMs: nowMs - 11 }), nowMs - 10);
    assert.equal(await queue.nextDueAt({ afterMs: nowMs, kinds: ['sync'] }), nowMs + 95_000);
    await claimOne(queue);
    assert.equal(await queue.nextDueAt({ afterMs: nowMs, kinds: [] }), nowMs + LEASE_MS);
  });
}
