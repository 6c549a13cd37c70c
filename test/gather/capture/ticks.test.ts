import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '../../../src/base/clock.ts';
import { coarseTickTimer, fineTickTimer } from '../../../src/gather/capture/collectors/tick-timer.ts';
import { dueTick, tickTimeMs } from '../../../src/gather/capture/collectors/ticks.ts';
import { collectorOf, raw, sourceOf } from '../../support/capture.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const aStart = fc.double({ min: 0, max: 1e9, noNaN: true });
const anInterval = fc.oneof(fc.integer({ min: 1, max: 86_400_000 }), fc.constantFrom(1, 3, 7, 33));

test('the due tick is the newest whose time has come; those between it and the last one are missed (K-4)', () => {
  fc.assert(
    fc.property(
      aStart,
      anInterval,
      fc.nat(1e6),
      fc.double({ min: 0, max: 1e7, noNaN: true }),
      (start, every, last, since) => {
        const now = start + since;
        const due = dueTick(start, every, last - 1, now);
        if (!due) {
          assert.ok(tickTimeMs(start, every, last) > now);
          return;
        }
        assert.ok(tickTimeMs(start, every, due.tick) <= now, 'never before its time');
        assert.ok(tickTimeMs(start, every, due.tick + 1) > now, 'the newest');
        assert.equal(due.missed, due.tick - last);
      },
    ),
  );
});

test('however long readings take, each tick is taken once or missed once, and never before its time (K-4)', () => {
  fc.assert(
    fc.property(
      anInterval,
      fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { maxLength: 50 }),
      (every, lengths) => {
        let [now, last, taken, missed] = [0, -1, 0, 0];
        for (const length of lengths) {
          now = Math.max(now, tickTimeMs(0, every, last + 1));
          const due = dueTick(0, every, last, now);
          assert.ok(due);
          taken += 1;
          missed += due.missed;
          last = due.tick;
          now += length * every * 0.01;
        }
        assert.equal(taken + missed, last + 1);
      },
    ),
  );
});

test('a quick source is asked at start + n × interval, for an hour, with no drift and nothing missed (K-4)', async () => {
  const clock = new VirtualClock();
  const { collector, taken } = collectorOf(
    clock,
    sourceOf(() => raw('1')),
    { everyMs: 7_000 },
  );
  const startMs = clock.nowMs();
  collector.start(clock.monotonicMs());
  await clock.advance(3_600_000);
  assert.deepEqual(
    taken.map(({ requestedAtMs }) => requestedAtMs),
    taken.map((_, index) => startMs + index * 7_000),
  );
  assert.deepEqual([taken.length, collector.figures().missed], [515, 0]);
  await collector.stop();
  assert.equal(clock.pendingTimers, 0);
});

test('a reading that takes longer delays the next, never overlaps it, and does not pile up (K-4)', async () => {
  const clock = new VirtualClock();
  let [running, most] = [0, 0];
  const slow = sourceOf(async signal => {
    running += 1;
    most = Math.max(most, running);
    await clock.sleep(250, signal());
    running -= 1;
    return raw('1');
  });
  const { collector, taken } = collectorOf(clock, slow, { everyMs: 100 });
  const startMs = clock.nowMs();
  collector.start(clock.monotonicMs());
  await clock.advance(1_000);
  assert.equal(most, 1);
  // 0; 250 takes tick 2 late; 500 takes 5; 750 takes 7; 1000 takes 10; ticks 1, 3, 4, 6, 8, 9 are missed.
  assert.deepEqual(
    taken.map(({ requestedAtMs }) => requestedAtMs - startMs),
    [0, 250, 500, 750],
  );
  assert.equal(collector.figures().missed, 6);
  await collector.stop();
});

test('a reading that does not come within its time-out is an error, and the ticks go on (K-5)', async () => {
  const clock = new VirtualClock();
  let asked = 0;
  const hanging = sourceOf(signal => {
    asked += 1;
    if (asked > 1) return raw('2');
    const given = signal();
    return new Promise((_, reject) => given.addEventListener('abort', () => reject(given.reason)));
  });
  const { collector, taken, errors } = collectorOf(clock, hanging, { everyMs: 100, timeoutMs: 350 });
  collector.start(clock.monotonicMs());
  await clock.advance(420);
  assert.deepEqual(errors, ['no reading within 350 ms']);
  assert.equal(taken.length, 2);
  assert.deepEqual([collector.figures().errors, collector.figures().missed], [1, 2]);
  await collector.stop();
  assert.equal(clock.pendingTimers, 0);
});

test('what was filtered out is neither data nor an error (K-6)', async () => {
  const clock = new VirtualClock();
  let asked = 0;
  const { collector, taken, errors } = collectorOf(
    clock,
    sourceOf(() => (++asked % 2 ? raw('1') : undefined)),
  );
  collector.start(clock.monotonicMs());
  await clock.advance(950);
  const { readings, filtered, errors: failed, missed } = collector.figures();
  assert.deepEqual([taken.length, readings, filtered, failed, missed, errors], [5, 5, 5, 0, 0, []]);
  await collector.stop();
});

test('in real time, ticks of 5 ms stay at start + n × interval: no drift in half a second (K-4)', async () => {
  for (const timer of [coarseTickTimer(systemClock), fineTickTimer(systemClock)]) {
    const startMs = systemClock.monotonicMs();
    const lateMs: number[] = [];
    await new Promise<void>(done => {
      const next = (tick: number): void => {
        timer.at(tickTimeMs(startMs, 5, tick), true, () => {
          lateMs.push(systemClock.monotonicMs() - tickTimeMs(startMs, 5, tick));
          if (tick === 100) done();
          else next(tick + 1);
        });
      };
      next(0);
    });
    assert.ok(Math.min(...lateMs) >= 0, 'never early');
    // A busy machine holds up some, and drift would hold up all of the later ones: half a millisecond a tick is 25
    // here.
    const leastLateMs = Math.min(...lateMs.slice(50));
    assert.ok(leastLateMs < 25, `the least late of the second half was ${leastLateMs} ms late`);
  }
});
