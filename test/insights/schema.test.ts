import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUERIES } from '../../scripts/reference/schema-words.ts';
import { storeHistory, type TestCommit } from '../suites/store-fixture.ts';
import { openTestStore, queryRows } from '../support/sqlite-store.ts';

test('the ten queries of docs/reference/schema.md run, and answer where there is something to tell (R-34)', async t => {
  assert.equal(QUERIES.length, 10);
  const { store } = await openTestStore(t);
  for (const { title, sql } of QUERIES) assert.deepEqual(queryRows(store, sql), [], `${title}, without data`);
  const now = Math.floor(Date.now() / 1000);
  const commits: TestCommit[] = [
    { who: 'Ada', at: now, files: { 'src/a': [3, 1] } },
    { who: 'Grace', at: now, files: { 'src/a': [3, 1] } },
  ];
  await storeHistory(store, '/one', commits);
  await storeHistory(store, '/two', commits.slice(0, 1));
  // Neither that commit nor co-authors are there.
  const silent = ['A commit by its hash, wherever it is', 'Pairs: authors and their co-authors'];
  for (const { title, sql } of QUERIES) {
    const rows = queryRows(store, sql);
    assert.equal(rows.length > 0, !silent.includes(title), title);
  }
});
