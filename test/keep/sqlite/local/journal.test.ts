import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../../src/base/clock.ts';
import type { EnteringFile } from '../../../../src/keep/local/journal.ts';
import { openLocal } from '../../../../src/keep/sqlite/open-local.ts';
import { tempDirectory } from '../../../support/temp-directory.ts';

async function open(t: TestContext) {
  const path = join(await tempDirectory(t), 'sluice.db');
  const journal = await openLocal(path, { clock: systemClock }).openJournal();
  t.after(() => journal.close());
  return { journal, path };
}

const file = (filepath: string, more: Partial<EnteringFile> = {}): EnteringFile => ({
  ...{ profile: 'p', bucket: 'b', filepath, size: 1, mtimeMs: 1, inode: 1, state: 'incoming' },
  ...{ fileCreationDate: '2026-01-01T00:00:00.000Z', nextAttemptAtMs: 1, hold: null },
  ...more,
});

test('F46: file_records begins with the columns that people were promised', async t => {
  const { path } = await open(t);
  const database = new DatabaseSync(path, { readOnly: true });
  t.after(() => database.close());
  const columns = database
    .prepare('PRAGMA table_info(file_records)')
    .all()
    .map(({ name }) => name);
  const promised = [
    'id',
    'profile',
    'bucket',
    'filepath',
    'file_creation_date',
    'current_state',
    'last_updated',
    'upload_outcome',
  ];
  assert.deepEqual(columns.slice(0, promised.length), promised);
});

test('F47, F48: one record while a file is under way, another when the same enters again', async t => {
  const { journal } = await open(t);
  const first = await journal.enter(file('a'));
  assert.equal((await journal.enter(file('a'))).id, first.id);
  await journal.change(first.id, { state: 'processing' });
  const second = await journal.enter(file('a'));
  assert.notEqual(second.id, first.id);
  await journal.change(first.id, { state: 'completed' });
  await journal.change(second.id, { state: 'processing' });
  await journal.change(second.id, { state: 'completed' });
  assert.notEqual((await journal.enter(file('a'))).id, second.id);
});

test('V4: a file outside the spool enters with its key, so that whoever takes it at once delivers it there', async t => {
  const { journal } = await open(t);
  const where = { source: '/folder/a', objectKey: 'reports/a' };
  await journal.enter(file('a', where));
  const [due] = journal.due('p', 1, 1);
  assert.deepEqual([due?.source, due?.objectKey], ['/folder/a', 'reports/a']);
});

test('F49: a file that a copy announced keeps its record; one that it replaced in incoming is told of', async t => {
  const { journal } = await open(t);
  const older = await journal.enter(file('a', { fileCreationDate: '2025-01-01T00:00:00.000Z' }));
  const announced = await journal.enter(file('a', { state: 'incoming_tmp' }));
  assert.equal((await journal.enter(file('a'))).id, announced.id);
  assert.equal(journal.byId(older.id)?.state, 'failed');
  assert.equal(journal.byId(older.id)?.errorCode, 'source_missing');
  assert.equal(await journal.changeIf(announced.id, 'incoming_tmp', { state: 'incoming' }), false);
});

test('a group of changes that holds a bad one loses only that', async t => {
  const { journal } = await open(t);
  const one = await journal.enter(file('a'));
  await journal.change(one.id, { state: 'processing' });
  const bad = await journal.enter(file('a'));
  const results = await Promise.allSettled([
    journal.enter(file('b')),
    journal.change(bad.id, { state: 'processing' }),
    journal.enter(file('c')),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});

test('what is durable when a promise resolves can be read by another process, and closing writes what is outstanding', async t => {
  const { journal, path } = await open(t);
  const entering = Promise.all(Array.from({ length: 1000 }, (_, number) => journal.enter(file(`${number}`))));
  await journal.close();
  await entering;
  const again = await openLocal(path, { clock: systemClock }).openJournal();
  t.after(() => again.close());
  assert.equal(again.counts().incoming, 1000);
});

test('Retry: 100 000 waiting files cost an index lookup', async t => {
  const { journal, path } = await open(t);
  const database = new DatabaseSync(path, { timeout: 5000 });
  t.after(() => database.close());
  database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    INSERT INTO file_records (profile, bucket, filepath, file_creation_date, current_state, last_updated, size_bytes, mtime_ms, inode, next_attempt_at_ms)
    SELECT 'p', 'b', 'f' || i, '', 'processing', '', 1, 1, i, 1000000 + i FROM n`);
  assert.equal(journal.due('p', 1_000_000, 100).length, 0);
  assert.equal(journal.due('p', 1_000_005, 100).length, 5);
  assert.equal(journal.nextDueMs('p', 1_000_005), 1_000_006);
  const plan = database
    .prepare(
      `EXPLAIN QUERY PLAN SELECT * FROM file_records INDEXED BY file_records_due WHERE profile = 'p' AND next_attempt_at_ms <= 1 ORDER BY next_attempt_at_ms LIMIT 5`,
    )
    .all()
    .map(({ detail }) => String(detail))
    .join();
  assert.match(plan, /SEARCH file_records USING INDEX file_records_due/);
  assert.doesNotMatch(plan, /TEMP B-TREE/);
  assert.equal(await journal.makeDueNow('p', 5), 100_000);
});

test('list finds by state, text, error and page', async t => {
  const { journal } = await open(t);
  for (const name of ['dir/50%_a', 'dir/50xxa', 'other']) await journal.enter(file(name));
  await journal.change(3, { state: 'failed', errorCode: 'access_denied' });
  assert.deepEqual(
    journal.list({ text: '50%_' }).map(({ id }) => id),
    [1],
  );
  assert.deepEqual(
    journal.list({ states: ['failed'], errorCode: 'access_denied' }).map(({ id }) => id),
    [3],
  );
  assert.deepEqual(
    journal.list({ beforeId: 3, limit: 1 }).map(({ id }) => id),
    [2],
  );
});
