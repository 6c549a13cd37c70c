import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { filesBelow, startDelivery } from '../support/delivery.ts';

test('a file dropped into incoming is in the bucket, on record, and in completed (D-9, D-11, D-44)', async t => {
  const rig = await startDelivery(t);
  rig.write('incoming/local/outbox/some/dir/hello world.txt', 'hello');
  const record = await rig.until('some/dir/hello world.txt', ({ state }) => state === 'completed');
  assert.equal(record.outcome, 'success');
  assert.equal(record.attempts, 1);
  assert.equal(record.verified, 'checksum');
  assert.equal(record.size, 5);
  assert.equal(readFileSync(join(rig.target, 'outbox/some/dir/hello world.txt'), 'utf8'), 'hello');
  assert.equal(rig.read('completed/local/outbox/some/dir/hello world.txt').toString(), 'hello');
  assert.deepEqual(filesBelow(join(rig.root, 'incoming')), []);
  assert.deepEqual(filesBelow(join(rig.root, 'processing')), []);
  assert.deepEqual(
    rig.delivery.journal.attempts(record.id).map(({ number, outcome }) => ({ number, outcome })),
    [{ number: 1, outcome: 'success' }],
  );
});

test('the areas, the profile and its known buckets have folders after the start (D-10)', async t => {
  const rig = await startDelivery(t);
  for (const area of ['incoming_tmp', 'incoming', 'processing', 'failed', 'completed']) {
    assert.ok(existsSync(join(rig.root, area, 'local', 'outbox')), area);
  }
});

test('what lies in processing and incoming at the start is delivered (D-16)', async t => {
  const rig = await startDelivery(t, { start: false });
  rig.write('processing/local/outbox/left.txt', 'left');
  rig.write('incoming/local/outbox/before.txt', 'before');
  await rig.delivery.start();
  await rig.until('left.txt', ({ state }) => state === 'completed');
  await rig.until('before.txt', ({ state }) => state === 'completed');
  assert.deepEqual(filesBelow(join(rig.target, 'outbox')), ['before.txt', 'left.txt']);
});

test('the same file entering again makes a new record (D-44)', async t => {
  const rig = await startDelivery(t);
  rig.write('incoming/local/outbox/a.txt', 'a');
  await rig.until('a.txt', ({ state }) => state === 'completed');
  renameSync(join(rig.root, 'completed/local/outbox/a.txt'), join(rig.root, 'incoming/local/outbox/a.txt'));
  await rig.until('a.txt', ({ state, id }) => state === 'completed' && id === 2);
  assert.equal(rig.records().length, 2);
  assert.equal(rig.records()[0]?.fileCreationDate, rig.records()[1]?.fileCreationDate);
});
