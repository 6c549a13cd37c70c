import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Logger, silentLogger } from '../../../src/base/log.ts';
import { StaleFilesMonitor } from '../../../src/gather/capture/stale-files.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A monitor over one file that waits since the clock's beginning, and the warnings that it logged. */
function monitored() {
  const clock = new VirtualClock();
  const startMs = clock.nowMs();
  const settings = { intervalMs: 10 * SECOND, mayDeliver: true, waits: true };
  const warnings: {
    readonly atMs: number;
    readonly fields: unknown;
    readonly message: string | undefined;
  }[] = [];
  const errors: unknown[] = [];
  const log: Logger = {
    ...silentLogger,
    warn: (fields: unknown, message?: string) =>
      void warnings.push({ atMs: clock.nowMs() - startMs, fields, message }),
    error: (fields: unknown) => void errors.push(fields),
  };
  const monitor = new StaleFilesMonitor({
    journal: {
      oldestWaiting: () => (settings.waits ? { filepath: '/spool/a', createdAtMs: startMs } : undefined),
      waitingTotals: () => ({ files: 3, bytes: 2048 }),
    },
    intervalMs: () => settings.intervalMs,
    mayDeliver: () => settings.mayDeliver,
    clock,
    log,
  });
  const timesMs = () => warnings.map(({ atMs }) => atMs);
  return { clock, settings, warnings, timesMs, errors, monitor };
}

test('files that wait for more than three minutes are warned of, at most every five minutes', async () => {
  const { clock, warnings, timesMs, errors, monitor } = monitored();
  await monitor.start();
  await clock.advance(3 * MINUTE);
  assert.deepEqual(timesMs(), [], 'three minutes are no reason yet');
  await clock.advance(30 * SECOND);
  assert.deepEqual(warnings, [
    {
      atMs: 3.5 * MINUTE,
      fields: { ageMs: 3.5 * MINUTE, files: 3, bytes: 2048, oldest: '/spool/a' },
      message: '3 files (2 KiB) wait to be delivered, the oldest for 3m 30s',
    },
  ]);
  await clock.advance(11 * MINUTE);
  assert.deepEqual(timesMs(), [3.5 * MINUTE, 8.5 * MINUTE, 13.5 * MINUTE]);
  await monitor.stop();
  await clock.advance(60 * MINUTE);
  assert.equal(warnings.length, 3, 'stopped');
  assert.equal(clock.pendingTimers, 0);
  assert.deepEqual(errors, []);
});

test('where files are delivered seldom, waiting for ten intervals is no reason to warn', async () => {
  const { clock, settings, timesMs, monitor } = monitored();
  settings.intervalMs = MINUTE;
  await monitor.start();
  await clock.advance(10 * MINUTE);
  assert.deepEqual(timesMs(), []);
  await clock.advance(30 * SECOND);
  assert.deepEqual(timesMs(), [10.5 * MINUTE]);
  await monitor.stop();
});

test('nothing is warned of while files may not go, and once none waits', async () => {
  const { clock, settings, timesMs, monitor } = monitored();
  settings.mayDeliver = false;
  await monitor.start();
  await clock.advance(20 * MINUTE);
  assert.deepEqual(timesMs(), []);
  settings.mayDeliver = true;
  await clock.advance(30 * SECOND);
  assert.deepEqual(timesMs(), [20.5 * MINUTE], 'at the next check after the gate has opened');
  settings.waits = false;
  await clock.advance(20 * MINUTE);
  assert.deepEqual(timesMs(), [20.5 * MINUTE]);
  await monitor.stop();
});
