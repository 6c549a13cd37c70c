import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeSource } from '../../../src/keep/postgres/store/questions/changes.ts';
import { commitQuestions } from '../../../src/keep/postgres/store/questions/commits.ts';
import { addressIn, ownServer, testDatabase } from '../../support/postgres/postgres.ts';

/** Days that the roll-up by hours has together begin here: within them every commit is looked at. */
const FIRST_DAY = 28 * 500;
const DAYS = 27;

test('the punch card without bots reads commits from an index alone, also where it looks at each of them (R-32)', async t => {
  // What is visible to all is known of what is on the disk, and where nobody else is at work.
  const { url } = addressIn(await ownServer(t, { synchronous_commit: 'on' }));
  const database = await testDatabase(t, { url });
  await database.run(`
    INSERT INTO repositories (id, url, host) VALUES (1, '/one', 'local');
    INSERT INTO identities (id, repository_id, name, email, mapped_name, mapped_email)
      SELECT n, 1, name, name || '@example.org', name, name || '@example.org'
        FROM (VALUES (1, 'Ada'), (2, 'renovate[bot]'), (3, 'Grace')) AS named (n, name);
    INSERT INTO commits (repository_id, hash, author_id, authored_at, authored_zone, committer_id, committed_at,
                         committed_zone, parent_count, parents, signed, subject)
      SELECT 1, decode(lpad(to_hex(n), 40, '0'), 'hex'), n % 3 + 1, at, 60, 1, at, 0, 1, '', 0, 'work'
        FROM generate_series(1, 20000) AS n, LATERAL (SELECT n * 8641::bigint * 8 AS at) AS made`);
  await database.run('VACUUM ANALYZE commits');
  const scope = { repositoryIds: [1], sinceDay: FIRST_DAY, untilDay: FIRST_DAY + DAYS };
  const counted = await database.first(
    `SELECT count(*) AS n FROM commits WHERE author_id <> 2 AND committed_at >= $1 AND committed_at < $2`,
    [scope.sinceDay * 86_400, scope.untilDay * 86_400],
  );
  await database.transaction(async transaction => {
    const hours = await commitQuestions(transaction).commitsByHourOfWeek({ ...scope, withoutBots: true });
    const commits = hours.reduce((sum, hour) => sum + hour.commits, 0);
    assert.deepEqual([commits, commits > 0], [counted?.n, true]);
    const reads = await transaction.first(`
      SELECT seq_tup_read, idx_tup_fetch, idx_scan > 0 AS is_asked FROM pg_stat_xact_user_tables
       WHERE relid = 'commits'::regclass`);
    assert.deepEqual(reads, { seq_tup_read: 0, idx_tup_fetch: 0, is_asked: true });
  });
});

test('what changed some files is read from an index alone (R-32)', async t => {
  const { url } = addressIn(await ownServer(t, { synchronous_commit: 'on' }));
  const database = await testDatabase(t, { url });
  await database.run(`
    INSERT INTO file_changes (commit_id, path_id, day, author_id, added, removed)
      SELECT n, n % 300 + 1, n / 10, n % 7 + 1, 2, 1 FROM generate_series(1, 30000) AS n;
    INSERT INTO file_changes (commit_id, path_id, day, author_id, added, removed)
      SELECT n, n % 300 + 2, n / 10, n % 7 + 1, NULL, NULL FROM generate_series(1, 30000, 300) AS n;
    INSERT INTO commits (id, repository_id, hash, author_id, authored_at, authored_zone, committer_id, committed_at,
                         committed_zone, parent_count, parents, signed, subject)
      SELECT n, 1, decode(lpad(to_hex(n), 40, '0'), 'hex'), n % 7 + 1, n * 8640, 60, 1, n * 8640, 0, 1, '', 0, 'work'
        FROM generate_series(1, 30000) AS n`);
  await database.run('VACUUM ANALYZE');
  const scope = { repositoryIds: [1], sinceDay: 1000, untilDay: 2000 };
  await database.transaction(async transaction => {
    const source = changeSource(transaction);
    const { commitIds, added } = await source.changesOf([2, 3], scope, true);
    const reads = await transaction.first(`
      SELECT seq_tup_read, idx_tup_fetch, idx_scan > 0 AS is_asked FROM pg_stat_xact_user_tables
       WHERE relid = 'file_changes'::regclass`);
    assert.deepEqual(reads, { seq_tup_read: 0, idx_tup_fetch: 0, is_asked: true });
    const of = (rest: number) => (id: number) => id % 300 === rest && id >= 10_000 && id < 20_000;
    const all = Array.from({ length: 30_000 }, (_, index) => index + 1);
    const ones = all.filter(of(1));
    const twos = all.filter(of(2));
    assert.deepEqual(
      commitIds.toSorted((one, other) => one - other),
      [...ones, ...ones, ...twos].sort((one, other) => one - other),
    );
    assert.equal(
      added.reduce((sum, lines) => sum + lines, 0),
      2 * (ones.length + twos.length),
    );
    const hours = await source.hoursOfWeek([2, 3], scope);
    assert.equal(hours.length, ones.length + twos.length);
  });
});
