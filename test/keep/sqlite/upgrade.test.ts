import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { MIGRATIONS, migrate } from '../../../src/keep/sqlite/migrate.ts';

const APPLICATION_ID = 0x736c7569;

/** What databases out there have been through: these texts never change. New ones join when they are released. */
const RELEASED = [
  '55c7695aa3535754',
  'e6bd7c8b0ada529b',
  'ff4482ade7985450',
  'ee1113730cdb21a0',
  '17bdae46fa2313a6',
  'ac6d657d691c5a4d',
  '724791a7acaa5417',
  'c1d11f53b2fab547',
  'c6d0ecc5748c2153',
  '262e99d7d6bc2677',
  'e522da82268f841a',
  'e6983b641a846559',
  '94771554cee52c92',
  '5a5abc2a75585420',
  'a3406c0a9ecd6764',
  'feccc7b7de7ca490',
  '6730330bbd60df72',
  'dc2068299f735fcc',
  'c2217071b89a29ac',
  '363334642053fcad',
];

/** Rows that stations of each age have written, by the first migration that knows their columns. */
const ROWS: Readonly<Record<number, string>> = {
  1: `INSERT INTO repositories (id, url, host, tracked, state, commits, authors) VALUES (1, 'https://h/a', 'h', 1, 'ok', 2, 1);
      INSERT INTO refs VALUES (1, 'refs/heads/main', x'aa');
      INSERT INTO identities (id, repository_id, name, email, mapped_name, mapped_email, commits)
        VALUES (1, 1, 'Ada', 'ada@h', 'Ada', 'ada@h', 2);
      INSERT INTO commits (id, repository_id, hash, author_id, authored_at, authored_zone, committer_id, committed_at,
        committed_zone, parent_count, parents, signed, subject) VALUES
        (1, 1, x'a1', 1, 86400, 0, 1, 86400, 0, 0, x'', 0, 'one'), (2, 1, x'a2', 1, 90000, 0, 1, 90000, 0, 1, x'a1', 0, 'two');
      INSERT INTO commit_hashes VALUES (1, x'a1', 1), (1, x'a2', 2);
      INSERT INTO runs (repository_id, state, reason, requested_at_ms) VALUES (1, 'done', 'by hand', 5);`,
  2: `INSERT INTO targets (key, kind, work_group, run_at_ms, reason) VALUES ('repository:https://h/a', 'repository', 'h', 7, 'why');`,
  3: `INSERT INTO file_records (id, profile, bucket, filepath, file_creation_date, current_state, last_updated, size_bytes,
        mtime_ms, inode) VALUES (1, 'p', 'b', 'waits', '', 'incoming', '', 3, 1, 1), (2, 'p', 'b', 'failed', '', 'failed', '', 3, 1, 2),
        (3, 'p', 'b', 'gone', '', 'failed', '', 3, 1, 3), (4, 'p', 'b', 'dropped', '', 'failed', '', 3, 1, 4);
      UPDATE file_records SET removed_at_ms = 9 WHERE id IN (3, 4);
      UPDATE file_records SET error_code = 'source_missing' WHERE id = 3;
      UPDATE file_records SET error_code = 'access_denied' WHERE id IN (2, 4);
      INSERT INTO uploads (record_id, object_key, upload_id, part_bytes, size_bytes, mtime_ms, inode, started_at_ms)
        VALUES (1, 'waits', 'u', 5, 3, 1, 1, 1);`,
  4: `INSERT INTO clones (url, directory, on_disk, bytes) VALUES ('https://h/a', 'a.git', 1, 99);`,
  5: `INSERT OR IGNORE INTO tracking (repository_id, origin, since_ms) VALUES (1, 'cli', 4);`,
  6: `INSERT INTO paths (repository_id, path, changes) VALUES (1, 'README.md', 1);`,
};

/** A database as one that knew so many migrations left it. */
function databaseOf(version: number): DatabaseSync {
  const connection = new DatabaseSync(':memory:');
  connection.exec('PRAGMA foreign_keys = ON');
  for (let number = 1; number <= version; number += 1) {
    connection.exec(MIGRATIONS[number - 1] ?? '');
    connection.exec(ROWS[number] ?? '');
  }
  connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version}`);
  return connection;
}

/** Tables, their columns in whatever order, indexes and triggers. */
function schemaOf(connection: DatabaseSync): unknown {
  const things = connection
    .prepare("SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2")
    .all();
  return things.map(({ type, name }) => [
    type,
    name,
    type === 'table'
      ? connection
          .prepare(`SELECT name FROM pragma_table_xinfo('${name}') ORDER BY 1`)
          .all()
          .map(row => row.name)
      : [],
  ]);
}

const counts = (connection: DatabaseSync, tables: readonly string[]): number[] =>
  tables.map(table => Number(connection.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n));

const TABLES = [
  'repositories',
  'commits',
  'commit_hashes',
  'runs',
  'targets',
  'file_records',
  'uploads',
  'clones',
];

for (let version = 1; version <= MIGRATIONS.length; version += 1) {
  test(`a database with schema ${version} is brought up to date with all its rows (S-28)`, t => {
    const connection = databaseOf(version);
    t.after(() => connection.close());
    const known = TABLES.slice(0, [4, 5, 7, 8][Math.min(version, 4) - 1]);
    const before = counts(connection, known);
    migrate(connection, 'test');
    migrate(connection, 'test');
    assert.deepEqual(counts(connection, known), before);
    const fresh = databaseOf(MIGRATIONS.length);
    t.after(() => fresh.close());
    assert.deepEqual(schemaOf(connection), schemaOf(fresh));
    assert.deepEqual(
      connection
        .prepare('PRAGMA integrity_check')
        .all()
        .map(row => row.integrity_check),
      ['ok'],
    );
    assert.deepEqual(connection.prepare('PRAGMA foreign_key_check').all(), []);
    assert.equal(connection.prepare('PRAGMA user_version').get()?.user_version, MIGRATIONS.length);
    // What insights are answered from is made for old commits as for new ones.
    const days = connection.prepare('SELECT sum(commits) AS n FROM repository_days').get()?.n;
    assert.equal(days ?? 0, 2);
    if (version < 3) return;
    const dropped = connection
      .prepare('SELECT filepath FROM file_records WHERE dropped_at_ms IS NOT NULL')
      .all();
    assert.deepEqual(
      dropped.map(row => row.filepath),
      ['dropped'],
    );
  });
}

test('what released versions have done to databases is never rewritten (S-28)', () => {
  const now = MIGRATIONS.slice(0, RELEASED.length).map(sql =>
    createHash('sha256').update(sql).digest('hex').slice(0, 16),
  );
  assert.deepEqual(now, RELEASED);
});
