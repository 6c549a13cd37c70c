import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_RHYTHM } from '../../../src/engine/schedule.ts';
import {
  changeTimeMs,
  latestEventMs,
  type Planning,
  planNextSync,
  possibleMs,
  type SyncHistory,
  soonestSyncMs,
} from '../../../src/gather/changesets/next-sync.ts';
import { loadOf } from '../../../src/keep/store/changesets.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NOW_MS = Date.UTC(2026, 5, 1);

const history = (more: Partial<SyncHistory> = {}): SyncHistory => ({
  state: 'open',
  lastSyncAtMs: NOW_MS,
  lastChangeAtMs: NOW_MS - HOUR_MS,
  latestEventAtMs: null,
  closedAtMs: null,
  vanishedAtMs: null,
  followed: true,
  followedBy: 'hand',
  ...more,
});
const planning = (more: Partial<Planning> = {}): Planning => ({
  nowMs: NOW_MS,
  rhythm: DEFAULT_RHYTHM,
  forgetClosedAfterMs: 30 * DAY_MS,
  ...more,
});

test('an open changeset is synced by its last change, whether a sync or an event showed it', () => {
  assert.deepEqual(planNextSync(history(), planning()), {
    nextAtMs: NOW_MS + HOUR_MS,
    reason: 'last change 1 h ago → every 1 h',
    load: loadOf(HOUR_MS),
  });
  const event = history({ latestEventAtMs: NOW_MS - 10 * MINUTE_MS });
  assert.equal(planNextSync(event, planning()).nextAtMs, NOW_MS + 10 * MINUTE_MS);
});

test('what was never synced is due now and counts as synced at the fastest rhythm', () => {
  const { nextAtMs, load } = planNextSync(history({ state: 'new', lastSyncAtMs: null }), planning());
  assert.deepEqual([nextAtMs, load], [NOW_MS, loadOf(DEFAULT_RHYTHM.minIntervalMs)]);
});

test('a short budget stretches the interval, but not the load that the budget is planned by', () => {
  const stretched = planning({ rhythm: { ...DEFAULT_RHYTHM, stretch: 3 } });
  const { nextAtMs, load } = planNextSync(history(), stretched);
  assert.deepEqual([nextAtMs, load], [NOW_MS + 3 * HOUR_MS, loadOf(HOUR_MS)]);
});

test('what is closed goes at the slowest rhythm until it is forgotten; an event since brings it forward', () => {
  const closed = history({ state: 'merged', closedAtMs: NOW_MS - DAY_MS });
  const plan = planNextSync(closed, planning());
  assert.deepEqual([plan.nextAtMs, plan.reason], [NOW_MS + 8 * HOUR_MS, 'merged → every 8 h']);
  const forgotten = planNextSync(closed, planning({ forgetClosedAfterMs: DAY_MS }));
  assert.deepEqual(forgotten, { nextAtMs: null, reason: 'merged long ago', load: 0 });
  const reopened = planNextSync({ ...closed, latestEventAtMs: NOW_MS + 1 }, planning());
  assert.equal(reopened.nextAtMs, NOW_MS + DEFAULT_RHYTHM.minIntervalMs);
});

test('what has vanished is forgotten by when it did, whenever it was closed', () => {
  const gone = history({ state: 'deleted', closedAtMs: NOW_MS - 90 * DAY_MS, vanishedAtMs: NOW_MS - DAY_MS });
  assert.equal(planNextSync(gone, planning()).nextAtMs, NOW_MS + 8 * HOUR_MS);
  assert.equal(planNextSync({ ...gone, vanishedAtMs: NOW_MS - 31 * DAY_MS }, planning()).nextAtMs, null);
});

test('what is not followed is never synced again', () => {
  assert.deepEqual(planNextSync(history({ followed: false }), planning()), {
    nextAtMs: null,
    reason: 'not followed',
    load: 0,
  });
});

test('a change is timed by this clock: never later than it was seen, and not anew while the host shows the same', () => {
  const unknown = { updatedAtMs: null, lastChangeAtMs: null };
  assert.equal(changeTimeMs(unknown, NOW_MS + HOUR_MS, 2 * HOUR_MS, NOW_MS), NOW_MS - HOUR_MS);
  assert.equal(changeTimeMs(unknown, NOW_MS + HOUR_MS, 0, NOW_MS), NOW_MS);
  const known = { updatedAtMs: NOW_MS + HOUR_MS, lastChangeAtMs: NOW_MS - MINUTE_MS };
  assert.equal(changeTimeMs(known, NOW_MS + HOUR_MS, 0, NOW_MS), NOW_MS - MINUTE_MS);
});

test('times that cannot be bend no rhythm (C-143)', () => {
  const YEAR_MS = 365 * DAY_MS;
  const ahead = NOW_MS + YEAR_MS;
  const soonest = NOW_MS + DEFAULT_RHYTHM.minIntervalMs;
  const slowest = NOW_MS + DEFAULT_RHYTHM.maxIntervalMs;
  const closed = { state: 'closed', lastChangeAtMs: NOW_MS - DAY_MS } as const;
  const table: readonly (readonly [string, Partial<SyncHistory>, number | null])[] = [
    ['changed in 1970', { lastChangeAtMs: 0 }, slowest],
    ['changed before that', { lastChangeAtMs: -9e15 }, slowest],
    ['an event of the next century', { latestEventAtMs: NOW_MS + 80 * YEAR_MS }, NOW_MS + HOUR_MS],
    ['an event of 2^63', { latestEventAtMs: 2 ** 63 }, NOW_MS + HOUR_MS],
    ['a change that is to come', { lastChangeAtMs: ahead }, slowest],
    ['an event right now', { latestEventAtMs: NOW_MS + 1 }, soonest],
    [
      'synced while the clock was ahead',
      { lastSyncAtMs: ahead, lastChangeAtMs: ahead - HOUR_MS },
      NOW_MS + HOUR_MS,
    ],
    ['and changed after it', { lastSyncAtMs: ahead, latestEventAtMs: ahead + 1 }, soonest],
    ['closed in the next century', { ...closed, closedAtMs: NOW_MS + 80 * YEAR_MS }, slowest],
    ['closed in 1970, changed yesterday', { ...closed, closedAtMs: 0 }, slowest],
    ['closed at a time that is not known', { ...closed, closedAtMs: null }, slowest],
    ['closed long ago', { ...closed, closedAtMs: NOW_MS - YEAR_MS }, null],
    ['vanished in the next century', { state: 'deleted', vanishedAtMs: NOW_MS + 80 * YEAR_MS }, slowest],
  ];
  for (const [what, more, nextAtMs] of table) {
    for (const policy of ['linear', 'adaptive'] as const) {
      const plan = planNextSync(history(more), planning({ rhythm: { ...DEFAULT_RHYTHM, policy } }));
      if (policy === 'linear') assert.equal(plan.nextAtMs, nextAtMs, what);
      else
        assert.ok(plan.nextAtMs === null || plan.nextAtMs <= NOW_MS + 9 * 8 * HOUR_MS, `${what}, ${policy}`);
    }
  }
  const known = { updatedAtMs: NOW_MS - DAY_MS, lastChangeAtMs: ahead };
  assert.equal(changeTimeMs(known, NOW_MS - DAY_MS, 0, NOW_MS), NOW_MS - DAY_MS, 'the host knows better');
});

test('whatever is recorded, a plan is never sooner than the shortest interval nor later than the longest (property) (C-6, C-143)', () => {
  const time = fc.option(
    fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: NOW_MS - DAY_MS, max: NOW_MS + DAY_MS })),
  );
  const states = fc.constantFrom('open', 'draft', 'merged', 'closed', 'deleted') as fc.Arbitrary<
    SyncHistory['state']
  >;
  const lastSync = fc.integer({ min: NOW_MS - 400 * DAY_MS, max: NOW_MS + 400 * DAY_MS });
  const times = { lastChangeAtMs: time, latestEventAtMs: time, closedAtMs: time, vanishedAtMs: time };
  fc.assert(
    fc.property(
      fc.record({ state: states, lastSyncAtMs: lastSync, ...times }),
      fc.boolean(),
      (more, quiet) => {
        const plan = planNextSync(history(more), planning({ rhythm: { ...DEFAULT_RHYTHM, quiet } }));
        if (plan.nextAtMs === null) return;
        const sinceMs = plan.nextAtMs - Math.min(more.lastSyncAtMs, NOW_MS);
        assert.ok(sinceMs >= DEFAULT_RHYTHM.minIntervalMs, `${sinceMs} after the last sync`);
        assert.ok(
          plan.nextAtMs <= NOW_MS + DEFAULT_RHYTHM.maxIntervalMs + MINUTE_MS,
          `${plan.nextAtMs - NOW_MS} from now`,
        );
      },
    ),
  );
});

test('what nobody asked for waits for the shortest interval after the last try (C-145)', () => {
  const soonest = (lastSyncAtMs: number | null, lastFailureAtMs: number | null): number =>
    soonestSyncMs({ lastSyncAtMs, lastFailureAtMs }, planning()) - NOW_MS;
  assert.equal(soonest(null, null), 0);
  assert.equal(soonest(NOW_MS - MINUTE_MS, null), MINUTE_MS, 'synced 10:00, changed 10:01: at 10:02');
  assert.equal(soonest(NOW_MS - HOUR_MS, null), 0);
  assert.equal(soonest(NOW_MS - HOUR_MS, NOW_MS - 30_000), 90_000);
  assert.equal(soonest(NOW_MS + 365 * DAY_MS, null), 0, 'the clock was ahead');
});

test('of the events that a sync stores the latest counts, by this clock and never later than now (C-144)', () => {
  const at = (...times: number[]): number | null =>
    latestEventMs(
      times.map(atMs => ({ atMs })),
      HOUR_MS,
      NOW_MS,
    );
  assert.equal(at(), null);
  assert.equal(at(NOW_MS, NOW_MS + HOUR_MS - 3 * MINUTE_MS), NOW_MS - 3 * MINUTE_MS);
  assert.equal(at(NOW_MS + 3 * HOUR_MS), NOW_MS, 'the clock of whoever made it was ahead');
  assert.equal(at(NOW_MS + 80 * 365 * DAY_MS, 2 ** 63), null, 'a commit may have any time');
});

test('a time of a host counts from the first code hosts on, and a day ahead at the most (C-143)', () => {
  for (const atMs of [NOW_MS, NOW_MS + HOUR_MS, NOW_MS - 3000 * DAY_MS])
    assert.equal(possibleMs(atMs, NOW_MS), atMs);
  for (const atMs of [undefined, 0, -62_135_596_800_000, NOW_MS + 2 * DAY_MS, 2 ** 63, Number.NaN])
    assert.equal(possibleMs(atMs, NOW_MS), undefined);
});
