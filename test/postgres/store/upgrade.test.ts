import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { MIGRATIONS, migrate } from '../../../src/keep/postgres/migrate.ts';
import { openPostgresStore } from '../../../src/keep/postgres/open-store.ts';
import { commitOf } from '../../suites/history-writer-suite.ts';
import { testAddress, testDatabase } from '../../support/postgres/postgres.ts';

const TIPS = new Map([['refs/heads/main', commitOf('tip').hash]]);
/** Rows that a station of the oldest schema has written. */
const ROWS = `
  INSERT INTO repositories (id, url, host, commits, authors) VALUES (1, 'https://h/a', 'h', 1, 1);
  INSERT INTO identities (id, repository_id, name, email, mapped_name, mapped_email, commits)
    VALUES (1, 1, 'Ada', 'ada@example.org', 'Ada', 'ada@example.org', 1);
  INSERT INTO commits (id, repository_id, hash, author_id, authored_at, authored_zone, committer_id, committed_at,
      committed_zone, parent_count, parents, signed, subject)
    VALUES (1, 1, decode('${commitOf('old').hash}', 'hex'), 1, 86400, 0, 1, 86400, 0, 0, '', 0, 'old');
  INSERT INTO commit_messages VALUES (1, 'old and long', NULL);
  SELECT setval('identities_id_seq', 1), setval('commits_id_seq', 1), setval('repositories_id_seq', 1);`;
/** Columns, indexes, functions and what tables are told of their pages. */
const SCHEMA = `
  SELECT 'column' AS what, table_name || '.' || column_name AS name, data_type AS text
    FROM information_schema.columns WHERE table_schema = current_schema()
  UNION ALL
  SELECT 'index', indexname, replace(indexdef, current_schema(), '') FROM pg_indexes WHERE schemaname = current_schema()
  UNION ALL
  SELECT 'function', proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
  UNION ALL
  SELECT 'options', relname, reloptions::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace
  ORDER BY 1, 2`;

for (const [index] of MIGRATIONS.entries()) {
  const version = index + 1;
  test(`a store of schema ${version} is brought up to date, and people and commits in it are known (F-402)`, async t => {
    const address = await testAddress();
    const fresh = await testDatabase(t);
    // A schema of its own, as a station that knew so many migrations left it.
    const old = await testDatabase(t, { url: address.url });
    await old.run(`SET client_min_messages = error; DROP SCHEMA ${address.schema} CASCADE`);
    await migrate(old, MIGRATIONS.slice(0, version));
    await old.run(ROWS);
    await migrate(old);
    assert.deepEqual(await old.query(SCHEMA), await fresh.query(SCHEMA));
    const store = await openPostgresStore({ url: address.url, clock: systemClock, env: {} });
    t.after(() => store.close());
    const writer = store.history(1);
    await writer.begin(TIPS);
    assert.equal(await writer.append([commitOf('old'), commitOf('new')], 2), 1);
    assert.equal((await writer.finish(1)).authors, 1);
  });
}
