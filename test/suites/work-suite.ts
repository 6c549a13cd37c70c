import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SluiceError, toErrorRecord } from '../../src/base/errors.ts';
import type { Claim, Placement, Work } from '../../src/engine/work/work.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';

export interface WorkFixture {
  readonly clock: VirtualClock;
  /** Two connections to the same queue, as two processes have them. */
  readonly work: Work;
  readonly other: Work;
  /** Workers whose process counts as gone. */
  readonly gone: Set<string>;
}

const LEASE_MS = 60_000;
const ERROR = toErrorRecord(new SluiceError('connection_lost', 'reset by peer'));

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

function placement(clock: VirtualClock, inMs: number, more: Partial<Placement> = {}): Placement {
  return { kind: 'sync', group: 'host', runAtMs: clock.nowMs() + inMs, reason: 'schedule', ...more };
}

function claimSome(work: Work, max = 100, more: object = {}): Promise<Claim[]> {
  return work.claim({ worker: 'one', max, leaseMs: LEASE_MS, ...more });
}

async function claimOne(work: Work): Promise<Claim> {
  const [claim] = await claimSome(work, 1);
  assert.ok(claim, 'nothing to claim');
  return claim;
}

const keysOf = (items: readonly { readonly key: string }[]): string[] => items.map(({ key }) => key);

function orderSuite(open: Open): void {
  test('C5: due items are claimed in chronological order, ties by key, none before its time', async t => {
    const { work, clock } = await open(t);
    const times = { late: -1, tie2: -50, tie1: -50, early: -99, now: 0, soon: 1 };
    for (const [key, inMs] of Object.entries(times)) await work.put(key, placement(clock, inMs));
    assert.deepEqual(keysOf(await claimSome(work, 2)), ['early', 'tie1']);
    assert.deepEqual(keysOf(await claimSome(work)), ['tie2', 'late', 'now']);
    assert.deepEqual(await claimSome(work), []);
    await clock.advance(1);
    assert.deepEqual(keysOf(await claimSome(work)), ['soon']);
  });

  test('C6: high priority runs before all others, and not before its time', async t => {
    const { work, clock } = await open(t);
    await work.put('old', placement(clock, -9000));
    await work.put('raised', placement(clock, 0, { priority: 'high', kind: 'other' }));
    await work.put('raised for later', placement(clock, 10, { priority: 'high' }));
    assert.deepEqual(keysOf(await claimSome(work)), ['raised', 'old']);
  });

  test('a claim takes the kinds asked for and leaves the others', async t => {
    const { work, clock } = await open(t);
    for (const kind of ['bake', 'deliver', 'sync']) await work.put(kind, placement(clock, 0, { kind }));
    assert.deepEqual(keysOf(await claimSome(work, 9, { kinds: ['deliver', 'nothing'] })), ['deliver']);
    assert.deepEqual(await claimSome(work, 9, { kinds: [] }), []);
    assert.deepEqual(keysOf(await claimSome(work, 9, { kinds: ['sync', 'bake'] })), ['bake', 'sync']);
  });

  test('a claim says what it is for', async t => {
    const { work, clock } = await open(t);
    await work.put('a', placement(clock, -5, { reason: 'asked for by hand', priority: 'high' }));
    const { token, ...claim } = await claimOne(work);
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
    const { work, clock } = await open(t);
    await assert.rejects(work.put('a', placement(clock, Number.NaN)), { code: 'internal' });
    assert.equal(await work.get('a'), undefined);
  });
}

function raisingSuite(open: Open): void {
  const place = async (work: Work): Promise<object> => {
    const item = await work.get('a');
    return { runAtMs: item?.runAtMs, priority: item?.priority, reason: item?.reason };
  };

  test('a waiting item of normal priority is moved, earlier and later', async t => {
    const { work, clock } = await open(t);
    for (const inMs of [500, 900, 100]) {
      await work.put('a', placement(clock, inMs, { reason: `in ${inMs}` }));
      assert.deepEqual(await place(work), {
        runAtMs: clock.nowMs() + inMs,
        priority: 'normal',
        reason: `in ${inMs}`,
      });
    }
    assert.equal((await work.counts()).size, 1);
  });

  test('C6: raising an item that waits moves it; lowering never delays a raised one', async t => {
    const { work, clock } = await open(t);
    await work.put('a', placement(clock, 500));
    const raised = { runAtMs: clock.nowMs(), priority: 'high', reason: 'webhook' };
    await work.put('a', placement(clock, 0, { priority: 'high', reason: 'webhook' }));
    assert.deepEqual(await place(work), raised);
    await work.put('a', placement(clock, 900, { reason: 'lowered' }));
    assert.deepEqual(await place(work), raised);
  });

  test('C6: raising never delays either', async t => {
    const { work, clock } = await open(t);
    await work.put('a', placement(clock, 10));
    await work.put('a', placement(clock, 500, { priority: 'high', reason: 'webhook' }));
    assert.deepEqual(await place(work), {
      runAtMs: clock.nowMs() + 10,
      priority: 'high',
      reason: 'webhook',
    });
  });

  test('C6: an item that is not on the schedule can be raised', async t => {
    const { work, clock } = await open(t);
    await work.put('a', placement(clock, 0, { priority: 'high' }));
    assert.deepEqual(keysOf(await claimSome(work)), ['a']);
  });

  test('ifAbsent leaves alone what waits, runs, or is remembered', async t => {
    const { work, clock } = await open(t);
    const absent = placement(clock, 0, { ifAbsent: true, reason: 'start' });
    await work.put('a', placement(clock, 500));
    await work.put('a', absent);
    assert.equal((await work.get('a'))?.reason, 'schedule');
    await clock.advance(500);
    const claim = await claimOne(work);
    await work.put('a', absent);
    await work.complete(claim, { nextAtMs: null });
    assert.equal(await work.get('a'), undefined);
    await work.put('a', absent);
    assert.equal((await work.get('a'))?.reason, 'start');
  });
}

function settlingSuite(open: Open): void {
  test('completed: next time and reason, normal again; without a next time it is off the schedule', async t => {
    const { work, clock } = await open(t);
    await work.put('a', placement(clock, 0, { priority: 'high' }));
    const nextAtMs = clock.nowMs() + 300;
    assert.equal(await work.complete(await claimOne(work), { nextAtMs, reason: 'every 5 min' }), 'settled');
    const item = await work.get('a');
    assert.deepEqual([item?.runAtMs, item?.priority, item?.reason], [nextAtMs, 'normal', 'every 5 min']);
    await clock.advance(300);
    await work.complete(await claimOne(work), { nextAtMs: null });
    assert.equal(await work.get('a'), undefined);
  });

  test('Retry: failures are counted in a row, shown, and cleared by success', async t => {
    const { work, clock } = await open(t);
    await work.put('a', placement(clock, 0));
    for (const attempt of [1, 2, 3]) {
      const claim = await claimOne(work);
      assert.equal(claim.attempt, attempt);
      await work.fail(claim, { error: ERROR, retryAtMs: clock.nowMs() + 100, reason: 'backing off' });
      assert.deepEqual((await work.get('a'))?.lastError, ERROR);
      assert.deepEqual(await claimSome(work), [], 'not before the retry time');
      await clock.advance(100);
    }
    await work.complete(await claimOne(work), { nextAtMs: clock.nowMs() });
    const item = await work.get('a');
    assert.deepEqual([item?.failures, item?.lastError], [0, null]);
    assert.equal((await claimOne(work)).attempt, 1);
  });

  test('Retry: without a retry time failed work is off the schedule, and put again it starts anew', async t => {
    const { work, clock } = await open(t);
    await work.put('a', placement(clock, 0));
    await work.fail(await claimOne(work), { error: ERROR, retryAtMs: null, reason: 'gave up' });
    assert.equal(await work.get('a'), undefined);
    await work.put('a', placement(clock, 0));
    assert.equal((await claimOne(work)).attempt, 1);
  });

  test('handed back: due now, with its priority, and no failure counted; or at the time wanted', async t => {
    const { work, clock } = await open(t);
    await work.put('a', placement(clock, 0, { priority: 'high' }));
    await work.release(await claimOne(work));
    const again = await claimOne(work);
    assert.deepEqual([again.attempt, again.priority, again.reason], [1, 'high', 'schedule']);
    const runAtMs = clock.nowMs() + 70;
    await work.release(again, { runAtMs, reason: 'no calls left until the hour' });
    const item = await work.get('a');
    assert.deepEqual([item?.runAtMs, item?.reason], [runAtMs, 'no calls left until the hour']);
  });

  test('put while claimed disturbs nothing and is applied at completion', async t => {
    const { work, other, clock } = await open(t);
    await work.put('a', placement(clock, 0));
    const claim = await claimOne(work);
    await other.put('a', placement(clock, 0, { priority: 'high', reason: 'webhook' }));
    assert.deepEqual(await claimSome(other), [], 'still claimed');
    assert.deepEqual(await work.heartbeat([claim], LEASE_MS), { lost: [], dropped: [] });
    assert.equal(await work.complete(claim, { nextAtMs: clock.nowMs() + 9000 }), 'settled');
    const again = await claimOne(other);
    assert.deepEqual([again.key, again.priority, again.reason], ['a', 'high', 'webhook']);
    await other.complete(again, { nextAtMs: clock.nowMs() + 9000 });
    assert.deepEqual(await claimSome(work), [], 'applied once');
  });

  test('put while claimed for later does not delay what the completion asks for', async t => {
    const { work, clock } = await open(t);
    await work.put('a', placement(clock, 0));
    const claim = await claimOne(work);
    await work.put('a', placement(clock, 9000, { reason: 'later' }));
    await work.complete(claim, { nextAtMs: clock.nowMs() + 10, reason: 'sooner' });
    assert.deepEqual((await work.get('a'))?.reason, 'sooner');
  });

  test('C6: several puts while claimed are remembered as one, by the same rule as for a waiting item', async t => {
    const { work, clock } = await open(t);
    await work.put('a', placement(clock, 0));
    const claim = await claimOne(work);
    await work.put('a', placement(clock, 20, { priority: 'high', reason: 'webhook' }));
    await work.put('a', placement(clock, 500, { reason: 'schedule' }));
    await work.complete(claim, { nextAtMs: null });
    const item = await work.get('a');
    assert.deepEqual([item?.priority, item?.reason, item?.runAtMs], ['high', 'webhook', claim.runAtMs + 20]);
  });

  test('a stale claim settles nothing', async t => {
    const { work, other, clock } = await open(t);
    await work.put('a', placement(clock, 0));
    const stale = await claimOne(work);
    await clock.advance(LEASE_MS);
    const fresh = await claimOne(other);
    assert.equal(await work.complete(stale, { nextAtMs: null }), 'lost');
    assert.equal(await work.fail(stale, { error: ERROR, retryAtMs: null, reason: '' }), 'lost');
    assert.equal(await work.release(stale), 'lost');
    assert.deepEqual(await work.heartbeat([stale], LEASE_MS), { lost: [stale], dropped: [] });
    assert.equal(await other.complete(fresh, { nextAtMs: null }), 'settled');
    assert.equal(await other.complete(fresh, { nextAtMs: null }), 'lost', 'settled once');
    await work.put('a', placement(clock, 0));
    await claimOne(work);
    assert.equal(await other.complete(fresh, { nextAtMs: null }), 'lost', 'a new life of the key');
  });

  test('dropped: a waiting item is gone, a running one goes on, is told, and leaves nothing behind', async t => {
    const { work, other, clock } = await open(t);
    await work.put('a', placement(clock, 0));
    await work.drop('a');
    await work.drop('a');
    assert.equal(await work.get('a'), undefined);
    await work.put('a', placement(clock, 0));
    const claim = await claimOne(work);
    await work.put('a', placement(clock, 0));
    await other.drop('a');
    assert.deepEqual(await claimSome(other), [], 'never two at a time');
    assert.deepEqual(await work.heartbeat([claim], LEASE_MS), { lost: [], dropped: [claim] });
    assert.equal(await work.complete(claim, { nextAtMs: clock.nowMs() }), 'settled');
    assert.equal(await work.get('a'), undefined);
  });

  test('dropped while running and put again: starts anew once the claim is settled', async t => {
    const { work, clock } = await open(t);
    await work.put('a', placement(clock, 0));
    const claim = await claimOne(work);
    await work.drop('a');
    await work.put('a', placement(clock, 40, { reason: 'tracked again', ifAbsent: true }));
    await work.put('a', placement(clock, 90, { reason: 'once more', ifAbsent: true }));
    await work.fail(claim, { error: ERROR, retryAtMs: clock.nowMs(), reason: 'backing off' });
    const item = await work.get('a');
    assert.deepEqual([item?.reason, item?.failures, item?.claimedBy], ['tracked again', 0, null]);
  });
}

function groupSuite(open: Open): void {
  test('S4: at most so many of a group at once, those of all workers and kinds counted', async t => {
    const { work, other, clock } = await open(t);
    for (let index = 0; index < 9; index += 1) {
      await work.put(`a${index}`, placement(clock, 0, { group: 'a', kind: index % 2 ? 'bake' : 'sync' }));
    }
    await work.put('b', placement(clock, 0, { group: 'b' }));
    const perGroup = { perGroup: 2 };
    const first = await claimSome(work, 1, perGroup);
    assert.deepEqual(keysOf(first), ['a0']);
    assert.deepEqual(keysOf(await claimSome(other, 9, { ...perGroup, worker: 'two' })), ['a1', 'b']);
    assert.deepEqual(await claimSome(work, 9, perGroup), []);
    await work.complete(first[0] as Claim, { nextAtMs: null });
    assert.deepEqual(keysOf(await claimSome(work, 9, perGroup)), ['a2']);
  });

  test('S4: a full group, and a paused one, never block others, with thousands due in front', async t => {
    const { work, clock } = await open(t);
    const puts = Array.from({ length: 3000 }, (_, index) =>
      work.put(
        `a${index}`,
        placement(clock, -10, { group: index % 2 ? 'full' : 'paused', priority: 'high' }),
      ),
    );
    await Promise.all(puts);
    for (const key of ['c', 'b']) await work.put(key, placement(clock, 0, { group: key }));
    await work.put('d', placement(clock, -1, { group: 'd' }));
    const perGroup = (group: string): number => (group === 'paused' ? 0 : 1);
    assert.deepEqual(keysOf(await claimSome(work, 3, { perGroup })), ['a1', 'd', 'b']);
    assert.deepEqual(keysOf(await claimSome(work, 3, { perGroup })), ['c']);
    assert.deepEqual(await claimSome(work, 3, { perGroup }), []);
  });

  test('one key can be claimed now, whatever its time, and only once', async t => {
    const { work, other, clock } = await open(t);
    await work.put('a', placement(clock, 9000));
    await work.put('b', placement(clock, 0));
    const [claim] = await claimSome(other, 1, { keys: ['a'] });
    assert.equal(claim?.key, 'a');
    assert.deepEqual(await claimSome(work, 1, { keys: ['a', 'absent'] }), []);
    assert.deepEqual((await work.get('a'))?.claimedBy, {
      worker: 'one',
      untilMs: clock.nowMs() + LEASE_MS,
    });
    await other.release(claim as Claim);
    assert.deepEqual(keysOf(await claimSome(work)), ['a', 'b']);
  });
}

function leaseSuite(open: Open): void {
  test('at least once: a claim whose lease has ended is due again, with no failure counted', async t => {
    const { work, other, clock } = await open(t);
    await work.put('a', placement(clock, 0));
    const claim = await claimOne(work);
    await clock.advance(LEASE_MS - 1);
    assert.deepEqual(await claimSome(other), []);
    assert.deepEqual(await work.heartbeat([claim], LEASE_MS), { lost: [], dropped: [] });
    await clock.advance(LEASE_MS - 1);
    assert.deepEqual(await claimSome(other), []);
    await clock.advance(1);
    assert.equal((await claimOne(other)).attempt, 1);
    assert.deepEqual((await work.heartbeat([claim], LEASE_MS)).lost, [claim]);
  });

  test('a lease that has ended can be prolonged while nobody has taken the work', async t => {
    const { work, other, clock } = await open(t);
    await work.put('a', placement(clock, 0));
    const claim = await claimOne(work);
    await clock.advance(2 * LEASE_MS);
    assert.deepEqual(await work.heartbeat([claim], LEASE_MS), { lost: [], dropped: [] });
    assert.deepEqual(await claimSome(other), []);
  });

  test('what was put or dropped during a claim holds when its lease ends', async t => {
    const { work, clock } = await open(t);
    for (const key of ['again', 'dropped']) await work.put(key, placement(clock, 0));
    await claimSome(work);
    await work.put('again', placement(clock, 5, { priority: 'high', reason: 'webhook' }));
    await work.drop('dropped');
    await clock.advance(LEASE_MS);
    const claims = await claimSome(work);
    assert.deepEqual(
      claims.map(({ key, reason }) => [key, reason]),
      [['again', 'webhook']],
    );
  });

  test('P7: claims of a process that is gone are free at once', async t => {
    const { work, other, clock, gone } = await open(t);
    for (const key of ['a', 'b']) await work.put(key, placement(clock, 0));
    await claimSome(work, 1, { worker: 'killed' });
    const [alive] = await claimSome(work, 1, { worker: 'alive' });
    assert.equal(await other.releaseDead(), 0);
    gone.add('killed');
    assert.equal(await other.releaseDead(), 1);
    assert.equal(await other.releaseDead(), 0);
    assert.deepEqual(keysOf(await claimSome(other)), ['a']);
    assert.deepEqual((await work.heartbeat([alive as Claim], LEASE_MS)).lost, []);
  });

  test('listeners hear of put, of settled and of freed work, until they stop', async t => {
    const { work, clock, gone } = await open(t);
    let heard = 0;
    const stop = work.onWork(() => {
      heard += 1;
    });
    await work.put('a', placement(clock, 0));
    assert.equal(heard, 1);
    await work.complete(await claimOne(work), { nextAtMs: clock.nowMs() });
    assert.equal(heard, 2);
    await claimOne(work);
    gone.add('one');
    await work.releaseDead();
    assert.equal(heard, 3);
    stop();
    await work.put('b', placement(clock, 0));
    assert.equal(heard, 3);
  });

  test('C4: listeners hear within a second of what another process put, and of nothing while nothing happens', async t => {
    const { work, other, clock } = await open(t);
    let heard = 0;
    const stop = work.onWork(() => {
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
  test('C4: counts of the schedule, what is due and how late, what runs', async t => {
    const { work, other, clock } = await open(t);
    const none = { size: 0, due: 0, behindMs: 0, running: 0, raised: 0, byKind: [] };
    assert.deepEqual(await work.counts(), none);
    for (const [key, inMs] of Object.entries({ a: -70, b: -40, c: 500 })) {
      await work.put(key, placement(clock, inMs));
    }
    await work.put('d', placement(clock, 0, { kind: 'bake' }));
    await claimOne(work);
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
    for (const key of ['a', 'b', 'c', 'd']) await work.drop(key);
    assert.equal((await work.counts()).size, 1);
    await work.put('b', placement(clock, 0, { kind: 'bake' }));
    await work.put('b', placement(clock, 0, { kind: 'other' }));
    assert.deepEqual(
      (await work.counts()).byKind.map(({ kind, size }) => [kind, size]),
      [
        ['other', 1],
        ['sync', 1],
      ],
    );
  });

  test('S6: upcoming items in the order in which they will run, with reasons; running ones apart', async t => {
    const { work, clock } = await open(t);
    await work.put('soon', placement(clock, 10, { kind: 'bake' }));
    await work.put('due', placement(clock, -10));
    await work.put('raised', placement(clock, 0, { priority: 'high', reason: 'webhook' }));
    await work.put('raised for later', placement(clock, 20, { priority: 'high' }));
    await work.put('last', placement(clock, 30));
    const order = ['raised', 'due', 'soon', 'raised for later', 'last'];
    assert.deepEqual(keysOf(await work.upcoming(10)), order);
    assert.deepEqual(keysOf(await work.upcoming(2)), order.slice(0, 2));
    assert.equal((await work.upcoming(1))[0]?.reason, 'webhook');
    await claimOne(work);
    assert.deepEqual(keysOf(await work.upcoming(10)), order.slice(1));
    assert.deepEqual(keysOf(await work.running(10)), ['raised']);
  });

  test('nextDueAt: the earliest time after the one given, of the kinds asked for, leases included', async t => {
    const { work, clock } = await open(t);
    const nowMs = clock.nowMs();
    assert.equal(await work.nextDueAt({ afterMs: nowMs }), null);
    await work.put('overdue', placement(clock, -10));
    await work.put('later', placement(clock, 90_000, { kind: 'bake' }));
    await work.put('raised', placement(clock, 95_000, { priority: 'high' }));
    assert.equal(await work.nextDueAt({ afterMs: nowMs }), nowMs + 90_000);
    assert.equal(await work.nextDueAt({ afterMs: nowMs - 11 }), nowMs - 10);
    assert.equal(await work.nextDueAt({ afterMs: nowMs, kinds: ['sync'] }), nowMs + 95_000);
    await claimOne(work);
    assert.equal(await work.nextDueAt({ afterMs: nowMs, kinds: [] }), nowMs + LEASE_MS);
  });
}
