import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../../src/base/clock.ts';
import { SqliteWorkQueue } from '../../../../src/engine/queue/sqlite/sqlite-work-queue.ts';
import { isWorkerGone, newWorkerId } from '../../../../src/engine/queue/worker-id.ts';
import { Database } from '../../../../src/keep/sqlite/database.ts';
import { startChild } from '../../../support/child.ts';
import { tempDirectory } from '../../../support/temp-directory.ts';

async function open(t: TestContext): Promise<{ path: string; queue: SqliteWorkQueue }> {
  const path = join(await tempDirectory(t), 'sluice.db');
  const database = await Database.open({ path, clock: systemClock });
  t.after(() => database.close());
  return { path, queue: new SqliteWorkQueue({ database, clock: systemClock, isWorkerGone }) };
}

test('three processes on one queue do every item once, and never one twice at a time (C-11)', async t => {
  const { path, queue } = await open(t);
  const marks = new DatabaseSync(`${path}.marks`);
  marks.exec('PRAGMA journal_mode = WAL; CREATE TABLE inside (key TEXT PRIMARY KEY)');
  marks.close();
  const keys = Array.from({ length: 600 }, (_, index) => `item ${index}`);
  await Promise.all(
    keys.map((key, index) =>
      queue.put(key, { kind: 'sync', group: `host ${index % 4}`, runAtMs: index, reason: 'test' }),
    ),
  );
  const children = [1, 2, 3].map(() => startChild(t, 'work-process.ts', [path, 'drain']));
  const results = await Promise.all(children.map(child => child.ended));
  assert.deepEqual(
    results.map(({ code }) => code),
    [0, 0, 0],
    'none met another inside an item',
  );
  const done = results.flatMap(({ lines }) => lines.filter(line => line.startsWith('item')));
  assert.deepEqual(done.sort(), keys.sort());
  assert.equal((await queue.counts()).size, 0);
});

test('what a killed process held is free at once, not a lease time later (S-25)', async t => {
  const { path, queue } = await open(t);
  await queue.put('a', { kind: 'bake', group: 'host', runAtMs: 0, reason: 'test' });
  const child = startChild(t, 'work-process.ts', [path, 'hold']);
  const [, worker = '', key] = (await child.line('ready')).split(' ');
  assert.equal(key, 'a');
  const mine = { worker: newWorkerId(), keys: ['a'], max: 1, leaseMs: 1000 };
  assert.equal(await queue.releaseDead(), 0, 'it lives');
  assert.deepEqual(await queue.claim(mine), []);
  assert.equal(isWorkerGone(worker), false);
  child.process.kill('SIGKILL');
  await child.ended;
  assert.equal(isWorkerGone(worker), true);
  assert.equal(await queue.releaseDead(), 1);
  assert.equal((await queue.claim(mine)).length, 1);
});
