import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../../../src/base/errors.ts';
import { Patience, type TooSlow } from '../../../../src/gather/repos/git/patience.ts';

test('a limit of time moves along while enough comes, from one file or process to the next (R-652)', async t => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  let nowMs = 0;
  const pass = async (ms: number): Promise<void> => {
    for (const endMs = nowMs + ms; nowMs < endMs; ) {
      nowMs += 50;
      t.mock.timers.tick(50);
      await new Promise(resolve => setImmediate(resolve));
    }
  };
  const start = (longestMs: number) => {
    const told: TooSlow[] = [];
    const asError = (why: TooSlow): SluiceError => {
      told.push(why);
      return new SluiceError('timed_out', 'too slow');
    };
    const limits = { bytes: 100, withinMs: 400, longestMs };
    const patience = new Patience(limits, asError, undefined, () => nowMs);
    t.after(() => patience.close());
    return { patience, told };
  };

  const { patience, told } = start(Number.POSITIVE_INFINITY);
  let arrivedBytes: number | undefined = 5000;
  patience.watch(async () => arrivedBytes);
  await pass(350);
  for (let i = 0; i < 10; i += 1) {
    arrivedBytes += 100;
    await pass(350);
  }
  arrivedBytes = 0;
  await pass(50);
  arrivedBytes = 100;
  await pass(350);
  patience.moved();
  await pass(350);
  assert.deepEqual([patience.signal.aborted, told], [false, []]);
  arrivedBytes = 199;
  await pass(100);
  assert.deepEqual([patience.signal.aborted, told], [true, [{ kind: 'stalled', forMs: 400 }]]);

  const silent = start(Number.POSITIVE_INFINITY);
  arrivedBytes = undefined;
  silent.patience.watch(async () => arrivedBytes);
  await pass(450);
  assert.deepEqual(silent.told, [{ kind: 'stalled', forMs: 400 }]);

  const long = start(1000);
  for (let i = 0; i < 4; i += 1) {
    await pass(300);
    long.patience.moved();
  }
  assert.deepEqual(long.told, [{ kind: 'endless', afterMs: 1000 }]);
});
