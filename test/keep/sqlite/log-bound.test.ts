import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock as clock } from '../../../src/base/clock.ts';
import { Database } from '../../../src/keep/sqlite/database.ts';
import { diskBytesAt, logBoundFor } from '../../../src/keep/sqlite/log-bound.ts';
import { tempDirectory } from '../../support/temp-directory.ts';

const MIB = 2 ** 20;

test('the log of a database takes a sixteenth of a small disk at most, and no more than ever on a large one (T-300)', () => {
  assert.deepEqual(logBoundFor(8000, 40 * MIB), { pages: 640, bytes: 2.5 * MIB });
  assert.equal(logBoundFor(8000, 256 * 1024 * MIB).pages, 8000);
  assert.equal(logBoundFor(8000, undefined).pages, 8000);
  assert.equal(logBoundFor(8000, MIB).pages, 64);
});

test('a log that a large transaction made longer than its bound shrinks when it begins anew (T-300)', async t => {
  const path = join(await tempDirectory(t), 'sluice.db');
  assert.ok((diskBytesAt(path) ?? 0) > MIB);
  assert.equal(diskBytesAt('/no/such/folder/sluice.db'), undefined);
  const database = await Database.open({ path, clock, mappedIndex: true });
  t.after(() => database.close());
  await database.write(() => {
    database.exec('CREATE TABLE filling (page BLOB)');
    const insert = database.statement('INSERT INTO filling VALUES (zeroblob(4000))');
    for (let page = 0; page < 9000; page += 1) insert.run();
  });
  const { bytes } = logBoundFor(8000, diskBytesAt(path));
  assert.ok(statSync(`${path}-wal`).size > bytes);
  await database.write(() => database.statement('INSERT INTO filling VALUES (zeroblob(1))').run());
  assert.ok(statSync(`${path}-wal`).size <= bytes);
});
