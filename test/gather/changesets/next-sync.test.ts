import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_RHYTHM } from '../../../src/engine/schedule.ts';
import {
  changeTimeMs,
  type Planning,
  planNextSync,
  type SyncHistory,
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
