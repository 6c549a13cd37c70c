import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../../src/base/clock.ts';
import { openLocal } from '../../../../src/keep/sqlite/open-local.ts';
import { journalSuite } from '../../../suites/journal-suite.ts';
import { openTestLocal } from '../../../support/sqlite-store.ts';
import { tempDirectory } from '../../../support/temp-directory.ts';

journalSuite('SQLite', openTestLocal);

async function openJournal(t: TestContext) {
  const path = join(await tempDirectory(t), 'sluice.db');
  const journal = await openLocal(path, { clock: systemClock }).openJournal();
  t.after(() => journal.close());
  return { journal, path };
}

test('file_records begins with the columns that people were promised (D-43)', async t => {
  const { path } = await openJournal(t);
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

test('Retry: 100 000 waiting files cost an index lookup (D-40)', async t => {
  const { journal, path } = await openJournal(t);
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

test('How many files are completed is known without going over them, whatever becomes of their records (D-701)', async t => {
  const { journal, path } = await openJournal(t);
  const database = new DatabaseSync(path, { timeout: 5000 });
  t.after(() => database.close());
  const isRight = (): void => {
    const counted = database
      .prepare("SELECT count(*) AS files FROM file_records WHERE current_state = 'completed'")
      .get();
    assert.equal(journal.counts().completed, counted?.files);
  };
  database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90)
    INSERT INTO file_records (profile, bucket, filepath, file_creation_date, current_state, last_updated, size_bytes, mtime_ms, inode)
    SELECT 'p', 'b', 'f' || i, '', iif(i % 3 = 0, 'completed', 'processing'), '', 1, 1, i FROM n`);
  assert.equal(journal.counts().completed, 30);
  const changes = [
    "UPDATE file_records SET current_state = 'completed' WHERE id % 3 = 1",
    "UPDATE file_records SET current_state = 'completed', removed_at_ms = 1 WHERE id % 2 = 1",
    "UPDATE file_records SET current_state = 'incoming' WHERE id % 5 = 0",
    'DELETE FROM file_records WHERE id % 7 = 0',
  ];
  for (const change of changes) {
    database.exec(change);
    isRight();
  }
  const plan = database
    .prepare('EXPLAIN QUERY PLAN SELECT files FROM completed_total')
    .all()
    .map(({ detail }) => String(detail));
  assert.deepEqual(plan, ['SCAN completed_total'], 'one row');
});
