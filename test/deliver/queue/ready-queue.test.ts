import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadyQueue } from '../../../src/deliver/queue/ready-queue.ts';
import type { FileRecord } from '../../../src/keep/local/journal.ts';

test('a record is claimed from the offer to its end, and memory bounds what is under way (D-18, D-35)', () => {
  const record = (id: number, size: number) => ({ id, size }) as FileRecord;
  const queue = new ReadyQueue({ workers: 1, smallAtOnce: 10, memoryBytes: 100, partsAboveBytes: 1000 });
  const first = record(1, 60);
  assert.ok(queue.offer(first));
  assert.ok(!queue.offer(record(1, 60)));
  queue.offer(record(2, 60));
  queue.offer(record(3, 5000));
  queue.offer(record(4, 5000));
  assert.equal(queue.next()?.id, 3);
  assert.equal(queue.next()?.id, 1);
  assert.ok(!queue.offer(record(1, 60)), 'under way is still claimed');
  assert.equal(queue.next(), undefined, 'no memory for 2, no worker for 4');
  queue.release(first);
  assert.equal(queue.next()?.id, 2);
  assert.ok(queue.offer(record(1, 60)));
});

test('a record that waits, chosen or not, can be withheld; one that is under way cannot (K-108)', () => {
  const record = (id: number) => ({ id, size: 1 }) as FileRecord;
  const queue = new ReadyQueue({ workers: 1, smallAtOnce: 10, memoryBytes: 100, partsAboveBytes: 1000 });
  for (const id of [1, 2]) queue.offer(record(id));
  assert.equal(queue.next()?.id, 1);
  assert.deepEqual([queue.withhold(1), queue.withhold(2), queue.withhold(3)], [false, true, true]);
  assert.equal(queue.withhold(3), false, 'once at a time');
  assert.equal(queue.next(), undefined);
  assert.ok(!queue.offer(record(2)));
  queue.handBack(2);
  assert.ok(queue.offer(record(2)));
  assert.equal(queue.next()?.id, 2);
});
