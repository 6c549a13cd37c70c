import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { migrate } from '../../../src/keep/sqlite/migrate.ts';

test('queries that know the answer to a failure by its former name still find it', () => {
  const connection = new DatabaseSync(':memory:');
  migrate(connection, ':memory:');
  connection.exec(`INSERT INTO file_records (profile, bucket, filepath, file_creation_date, current_state, last_updated,
    size_bytes, mtime_ms, inode, error_answer) VALUES ('p', 'b', 'f', '', 'failed', '', 1, 1, 1, 'hold')`);
  assert.equal(connection.prepare('SELECT error_class FROM file_records').get()?.error_class, 'hold');
  connection.close();
});
