import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_RHYTHM, nextSync, type SyncRhythm } from '../../src/engine/schedule.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const at = (hours: number, minutes: number): number => Date.UTC(2026, 0, 5, hours, minutes);

function next(lastSyncAtMs: number | null, lastChangeAtMs: number | null, change: Partial<SyncRhythm> = {}) {
  return nextSync({ nowMs: at(12, 0), lastSyncAtMs, lastChangeAtMs }, { ...DEFAULT_RHYTHM, ...change });
}

test('synced 10:00, changed 9:55 → 10:05 (C-6)', () => {
  assert.deepEqual(next(at(10, 0), at(9, 55)), {
    atMs: at(10, 5),
    reason: 'last change 5 min ago → every 5 min',
  });
});

test('synced 10:00, changed 9:50 → 10:10 (C-6)', () => {
  assert.equal(next(at(10, 0), at(9, 50)).atMs, at(10, 10));
});

test('synced 10:00, changed 10:01, after the sync → 10:02 (C-6)', () => {
  assert.deepEqual(next(at(10, 0), at(10, 1)), {
    atMs: at(10, 2),
    reason: 'changed after the last sync → every 2 min',
  });
});

test('never synced → now, whatever is known of changes (C-6)', () => {
  assert.deepEqual(next(null, at(9, 0)), { atMs: at(12, 0), reason: 'never synced' });
  assert.equal(next(null, null, { quiet: true }).atMs, at(12, 0));
});

test('nothing changed for long, or ever → every 8 h (C-6)', () => {
  assert.deepEqual(next(at(10, 0), at(10, 0) - 72 * HOUR_MS), {
    atMs: at(18, 0),
    reason: 'last change 3 d ago → every 8 h',
  });
  assert.deepEqual(next(at(10, 0), null), { atMs: at(18, 0), reason: 'no change known → every 8 h' });
});

test('a burst of changes after the sync is followed by one sync after it falls quiet (C-7)', () => {
  const quiet = { quiet: true };
  assert.equal(next(at(10, 0), at(10, 1), quiet).atMs, at(10, 3));
  assert.deepEqual(next(at(10, 0), at(10, 30), quiet), {
    atMs: at(10, 32),
    reason: 'changed after the last sync → once quiet for 2 min',
  });
  assert.equal(next(at(10, 0), at(9, 55), quiet).atMs, at(10, 5), 'an older change waits for nothing');
});

test('the reason says hours and the stretch (C-8)', () => {
  assert.equal(next(at(10, 0), at(7, 0)).reason, 'last change 3 h ago → every 3 h');
  assert.equal(next(at(10, 0), at(8, 30)).reason, 'last change 1.5 h ago → every 1.5 h');
  const stretched = next(at(10, 0), at(9, 50), { stretch: 1.4 });
  assert.deepEqual(stretched, {
    atMs: at(10, 14),
    reason: 'last change 10 min ago → every 10 min, stretched ×1.4 by the rate limit',
  });
});

const time = fc.integer({ min: 0, max: 4e12 });
const rhythm = fc.record({
  minIntervalMs: fc.integer({ min: 1, max: HOUR_MS }),
  maxIntervalMs: fc.integer({ min: HOUR_MS, max: 48 * HOUR_MS }),
  stretch: fc.double({ min: 1, max: 20, noNaN: true }),
});

test('always within [lastSync + min, lastSync + max], stretched (C-6)', () => {
  fc.assert(
    fc.property(time, fc.option(time), rhythm, (sync, change, limits) => {
      const waitMs = next(sync, change, limits).atMs - sync;
      assert.ok(waitMs >= Math.round(limits.minIntervalMs * limits.stretch));
      assert.ok(waitMs <= Math.round(limits.maxIntervalMs * limits.stretch));
    }),
  );
});

test('a later change never means a later sync, a later sync never an earlier next one (C-6)', () => {
  fc.assert(
    fc.property(time, time, time, fc.nat(), rhythm, (sync, change, later, step, limits) => {
      const [older, newer] = change < later ? [change, later] : [later, change];
      assert.ok(next(sync, newer, limits).atMs <= next(sync, older, limits).atMs);
      assert.ok(next(sync + step, change, limits).atMs >= next(sync, change, limits).atMs);
    }),
  );
});

test('never before lastSync + min; quiet for min after the last change of a burst (C-7)', () => {
  fc.assert(
    fc.property(time, time, (sync, change) => {
      const { atMs } = next(sync, change, { quiet: true });
      assert.ok(atMs >= sync + DEFAULT_RHYTHM.minIntervalMs);
      if (change > sync) assert.equal(atMs, change + DEFAULT_RHYTHM.minIntervalMs);
      else assert.equal(atMs, next(sync, change).atMs);
    }),
  );
});

test('stretching by less than 1 changes nothing (C-15)', () => {
  fc.assert(
    fc.property(time, time, fc.double({ min: 0, max: 1, noNaN: true }), (sync, change, stretch) => {
      assert.deepEqual(next(sync, change, { stretch }), next(sync, change));
    }),
  );
});
