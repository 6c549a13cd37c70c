import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { Collector } from '../../../src/gather/capture/collectors/collector.ts';
import { fineTickTimer } from '../../../src/gather/capture/collectors/tick-timer.ts';
import { tickTimeMs } from '../../../src/gather/capture/collectors/ticks.ts';
import { collectorPlan, filesOf, raw, sourceOf } from '../../support/capture.ts';
import { temporaryDirectory } from '../../support/git-repositories.ts';

const EVERY_MS = 5;
const SECONDS = 2;

test('in real time, readings stay at start + n × interval: they jitter but do not drift (K-4)', async t => {
  const { files } = filesOf(temporaryDirectory(t, 'sluice-drift'), 2 ** 20);
  const takenMs: number[] = [];
  const over = Promise.withResolvers<void>();
  const startMs = systemClock.monotonicMs();
  const source = sourceOf(() => {
    takenMs.push(systemClock.monotonicMs() - startMs);
    if ((takenMs.at(-1) ?? 0) >= SECONDS * 1000) over.resolve();
    return raw('1');
  });
  const collector = new Collector(collectorPlan({ everyMs: EVERY_MS }), source, files, {
    clock: systemClock,
    timer: fineTickTimer(systemClock),
    onError: error => over.reject(error),
  });
  collector.start(startMs);
  await over.promise;
  const { readings, missed } = collector.figures();
  await collector.stop();
  // Ticks taken and missed together are those whose time has come by the clock: an interval that began with the
  // reading before it would lose some at each.
  const lastMs = takenMs.at(-1) ?? 0;
  const tick = readings + missed - 1;
  const errorMs = lastMs - tickTimeMs(0, EVERY_MS, tick);
  assert.ok(errorMs >= 0, `the last reading came ${-errorMs} ms before its tick`);
  assert.ok(errorMs < EVERY_MS + 50, `after ${SECONDS} s tick ${tick} came ${errorMs} ms late`);
  // Each within its slot, early and late ones alike, but for a machine that stopped for a moment.
  const offsetMs = (from: number, to: number): number =>
    mean(takenMs.slice(from, to).map(atMs => atMs % EVERY_MS));
  const half = Math.floor(takenMs.length / 2);
  assert.ok(Math.abs(offsetMs(half, takenMs.length) - offsetMs(0, half)) < EVERY_MS / 2);
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
