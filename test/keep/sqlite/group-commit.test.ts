import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { SluiceError } from '../../../src/base/errors.ts';
import { Database } from '../../../src/keep/sqlite/database.ts';
import { GroupCommit } from '../../../src/keep/sqlite/group-commit.ts';
import { tempDirectory } from '../../support/temp-directory.ts';

test('a change is reported only after the flush that follows its commit (S-27)', async () => {
  const order: string[] = [];
  const flush = Promise.withResolvers<void>();
  const committed = Promise.withResolvers<void>();
  const changes = new GroupCommit(
    {
      write: async change => {
        const result = change();
        order.push('committed');
        return result;
      },
      flush: () => {
        committed.resolve();
        return flush.promise.then(() => void order.push('flushed'));
      },
    },
    { clock: systemClock, durable: true },
  );
  const reported = changes.submit(() => 7).then(result => order.push(`reported ${result}`));
  await committed.promise;
  assert.deepEqual(order, ['committed']);
  flush.resolve();
  await reported;
  assert.deepEqual(order, ['committed', 'flushed', 'reported 7']);
});

test('a flush that fails fails every change of its group, and none of them runs again', async () => {
  let runs = 0;
  let flushes = 0;
  const changes = new GroupCommit(
    {
      write: async change => change(),
      flush: async () => {
        flushes += 1;
        if (flushes === 1) throw new SluiceError('disk_failed', 'EIO');
      },
    },
    { clock: systemClock, durable: true },
  );
  const change = () => {
    runs += 1;
  };
  const outcomes = await Promise.allSettled([changes.submit(change), changes.submit(change)]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.equal(runs, 2);
  await changes.submit(change);
  assert.equal(runs, 3);
});

test('without a flush, what is submitted within one turn of the event loop is one transaction, in order', async () => {
  const groups: number[] = [];
  const made: number[] = [];
  const changes = new GroupCommit(
    {
      write: async change => {
        groups.push(made.length);
        return change();
      },
      flush: () => Promise.reject(new Error('nobody asked for one')),
    },
    { clock: systemClock, durable: false },
  );
  const submit = (number: number): Promise<number> => changes.submit(() => made.push(number));
  await Promise.all([1, 2, 3].map(submit));
  assert.deepEqual([groups, made], [[0], [1, 2, 3]]);
  await Promise.all(Array.from({ length: 300 }, (_, number) => submit(number)));
  assert.equal(groups.length, 3, 'a large group is split');
});

test('a change that fails loses only itself; a lock that is not to be had fails all that wait for it, once', async () => {
  let isBusy = false;
  let attempts = 0;
  const changes = new GroupCommit(
    {
      write: async change => {
        attempts += 1;
        if (isBusy) throw new SluiceError('database_busy', 'locked');
        return change();
      },
      flush: async () => undefined,
    },
    { clock: systemClock, durable: false },
  );
  const bad = (): never => {
    throw new Error('bad');
  };
  const submitAll = async (): Promise<string[]> => {
    const all = [changes.submit(() => 1), changes.submit(bad), changes.submit(() => 3)];
    return (await Promise.allSettled(all)).map(({ status }) => status);
  };
  assert.deepEqual(await submitAll(), ['fulfilled', 'rejected', 'fulfilled']);
  assert.equal(attempts, 4, 'together, then each on its own');
  isBusy = true;
  assert.deepEqual(await submitAll(), ['rejected', 'rejected', 'rejected']);
  assert.equal(attempts, 5);
});

test('durable changes outlive a lock that is not to be had: each waits for it on its own', async () => {
  let attempts = 0;
  const changes = new GroupCommit(
    {
      write: async change => {
        attempts += 1;
        if (attempts <= 2) throw new SluiceError('database_busy', 'locked');
        return change();
      },
      flush: async () => undefined,
    },
    { clock: systemClock, durable: true },
  );
  const all = [1, 2, 3].map(number => changes.submit(() => number));
  const outcomes = await Promise.allSettled(all);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled'],
  );
  assert.equal(attempts, 4, 'together, then each on its own');
});

test('a database flushes its log as often as it is asked, before and after a checkpoint', async t => {
  const path = join(await tempDirectory(t), 'sluice.db');
  const database = await Database.open({ path, clock: systemClock });
  t.after(() => database.close());
  await database.flush();
  for (const checkpoint of ['PASSIVE', 'TRUNCATE']) {
    await database.write(() => database.exec(`CREATE TABLE ${checkpoint} (x)`));
    await database.flush();
    database.exec(`PRAGMA wal_checkpoint(${checkpoint})`);
    await database.flush();
  }
});
