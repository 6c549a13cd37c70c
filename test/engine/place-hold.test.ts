import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  holdPlace,
  nextProbeOf,
  type PlaceHold,
  withoutProbe,
  withProbe,
} from '../../src/engine/place-hold.ts';

const place = { kind: 'bucket', name: 'p/b' } as const;
const reason = { code: 'bucket_full', message: 'no room', hint: 'Make some.' } as const;

test('a place is held since its first failure, with the newest reason (D-101)', () => {
  const first = holdPlace(undefined, place, reason, 1000);
  const again = holdPlace(first, place, { ...reason, message: 'still no room' }, 5000);
  assert.deepEqual([again.sinceMs, again.reason.message], [1000, 'still no room']);
});

test('probes come soon at first, then apart by the interval, not before the far side allows, within a day (D-101, D-38)', () => {
  const hold = holdPlace(undefined, place, reason, 1000);
  assert.equal(nextProbeOf(hold, 60_000), 2000);
  let probed = hold;
  for (let count = 0; count < 6; count += 1) probed = withoutProbe(withProbe(probed, 70_000));
  assert.equal(nextProbeOf(probed, 60_000), 130_000);
  const asked = holdPlace(probed, place, { ...reason, retryAfterMs: 600_000 }, 71_000);
  assert.equal(nextProbeOf(asked, 60_000), 671_000);
  const forEver = holdPlace(undefined, place, { ...reason, retryAfterMs: Number.MAX_SAFE_INTEGER }, 0);
  assert.equal(nextProbeOf(forEver, 60_000), 86_400_000);
});

test('whatever happens, one probe goes at a time, and another one follows (D-101)', () => {
  const step = fc.constantFrom('fails', 'begins', 'ends');
  fc.assert(
    fc.property(fc.array(fc.tuple(step, fc.nat(1_000_000)), { maxLength: 40 }), steps => {
      let hold: PlaceHold = holdPlace(undefined, place, reason, 0);
      let nowMs = 0;
      for (const [what, passedMs] of steps) {
        nowMs += passedMs;
        if (what === 'fails') hold = holdPlace(hold, place, { ...reason, retryAfterMs: passedMs }, nowMs);
        else if (what === 'ends') hold = withoutProbe(hold);
        else if (!hold.isProbing) hold = withProbe(hold, nowMs);
        const next = nextProbeOf(hold, 1000);
        assert.equal(next === undefined, hold.isProbing);
        assert.equal(hold.sinceMs, 0);
      }
      assert.ok(Number.isFinite(nextProbeOf(withoutProbe(hold), 1000)));
    }),
  );
});

test('a clock that is set back after a place came to be held puts off no probe but one that was asked for (D-101, T-13)', () => {
  const hour = 3_600_000;
  const held = withoutProbe(withProbe(holdPlace(undefined, place, reason, 3 * hour), 0));
  assert.equal(nextProbeOf(held, 60_000), 2000);
  const asked = holdPlace(undefined, place, { ...reason, retryAfterMs: 5000 }, 0);
  assert.equal(nextProbeOf(asked, 60_000), 5000);
});
