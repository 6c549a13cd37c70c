import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWorkerGone, newWorkerId } from '../../../src/engine/queue/worker-id.ts';

function withField(worker: string, index: number, value: string): string {
  return worker.split(':').with(index, value).join(':');
}

test('a worker of this process is not gone, and no two have one name (S-25)', () => {
  const worker = newWorkerId();
  assert.equal(isWorkerGone(worker), false);
  assert.notEqual(newWorkerId(), worker);
});

test('a process number that was taken over by another process is not the worker (S-25)', () => {
  // Start times are read from /proc; where there is none, the number alone has to do.
  assert.equal(isWorkerGone(withField(newWorkerId(), 1, '1')), process.platform === 'linux');
});

test('a number that no process has is a worker that is gone (S-25)', () => {
  // Above the largest number that Linux gives out (2^22).
  assert.equal(isWorkerGone(withField(newWorkerId(), 0, '99999999')), true);
});

test('nothing is said of workers of another boot or container, nor of other names (S-25)', () => {
  const elsewhere = withField(withField(newWorkerId(), 0, '99999999'), 2, 'other/1');
  assert.equal(isWorkerGone(elsewhere), false);
  for (const name of ['', 'station', '-1:0:', '0::', '1e3:1']) assert.equal(isWorkerGone(name), false);
});
