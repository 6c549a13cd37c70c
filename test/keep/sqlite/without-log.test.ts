import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { systemClock as clock } from '../../../src/base/clock.ts';
import { SluiceError } from '../../../src/base/errors.ts';
import { Database } from '../../../src/keep/sqlite/database.ts';
import { mapsReliably } from '../../../src/keep/sqlite/mapped-index.ts';
import { readOnlyQueries } from '../../../src/keep/sqlite/read-only.ts';
import { tempDirectory } from '../../support/temp-directory.ts';

async function opened(t: TestContext, path: string, mappedIndex = false): Promise<Database> {
  const database = await Database.open({
    path,
    clock,
    mappedIndex,
    checkpointThread: true,
    busyTimeoutMs: 400,
  });
  t.after(() => database.close());
  return database;
}

function count(database: Database): number {
  return Number(database.first('SELECT count(*) AS n FROM one')?.n);
}

test('a database has no mapped index where a page of one can fail: copied on write, or of a server (T-123)', () => {
  const names = {
    btrfs: 0x9123683e,
    bcachefs: 0xca451a4e,
    ubifs: 0x24051905,
    nfs: 0x6969,
    fuse: 0x65735546,
    f2fs: 0xf2f52010,
    unknown: 0x12345678,
  };
  for (const [name, type] of Object.entries(names)) assert.equal(mapsReliably(type), false, name);
  // Node tells some types as negative numbers.
  assert.equal(mapsReliably(0x9123683e | 0), false);
  const others = { ext4: 0xef53, xfs: 0x58465342, tmpfs: 0x01021994, overlay: 0x794c7630, zfs: 0x2fc12fc1 };
  for (const [name, type] of Object.entries(others)) assert.equal(mapsReliably(type), true, name);
});

test('without a mapped index there is neither log nor index, and what is committed is there and flushed (T-123)', async t => {
  const path = join(await tempDirectory(t), 'sluice.db');
  const [a, b] = [await opened(t, path), await opened(t, path)];
  await a.write(() => a.exec('CREATE TABLE one (n INTEGER)'));
  await Promise.all(
    [a, b].flatMap(each => [1, 2, 3].map(n => each.write(() => each.exec(`INSERT INTO one VALUES (${n})`)))),
  );
  await a.flush();
  assert.equal(count(b), 6);
  assert.deepEqual(
    ['-wal', '-shm'].filter(end => existsSync(path + end)),
    [],
  );
  assert.equal(readOnlyQueries(path)('SELECT count(*) AS n FROM one'), '[{"n":6}]');
});

test('without a log a reader keeps a commit out, and the change is made once it is gone, or is told that the database is in use (T-123)', async t => {
  const path = join(await tempDirectory(t), 'sluice.db');
  const database = await opened(t, path);
  await database.write(() => database.exec('CREATE TABLE one (n INTEGER)'));
  const reader = new DatabaseSync(path, { readOnly: true });
  t.after(() => reader.close());
  reader.exec('BEGIN; SELECT * FROM one');
  const insert = () => database.exec('INSERT INTO one VALUES (1)');
  await assert.rejects(
    database.write(insert),
    error => error instanceof SluiceError && error.code === 'database_busy',
  );
  assert.equal(count(database), 0, 'nothing is left of it, and readers are not kept out');
  reader.exec('COMMIT');
  await database.write(insert);
  assert.equal(count(database), 1);
});

test('a database that had a log leaves it where no index can be mapped, and goes on with it while others have it open (T-123)', async t => {
  const path = join(await tempDirectory(t), 'sluice.db');
  const before = await opened(t, path, true);
  await before.write(() => before.exec('CREATE TABLE one (n INTEGER); INSERT INTO one VALUES (1)'));
  assert.ok(existsSync(`${path}-shm`));
  const beside = await opened(t, path);
  await beside.write(() => beside.exec('INSERT INTO one VALUES (2)'));
  await beside.flush();
  assert.equal(count(before), 2);
  await beside.close();
  await before.close();
  const after = await opened(t, path);
  await after.write(() => after.exec('INSERT INTO one VALUES (3)'));
  assert.equal(count(after), 3);
  assert.equal(existsSync(`${path}-shm`), false);
});
