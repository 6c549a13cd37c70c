import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUERIES } from '../../scripts/reference/schema-words.ts';
import { openTestStore, type Told, tell } from './support.ts';

test('the ten queries of docs/reference/schema.md run, and answer where there is something to tell', async t => {
  assert.equal(QUERIES.length, 10);
  const store = await openTestStore(t);
  for (const { title, sql } of QUERIES)
    assert.deepEqual(await store.query(sql), [], `${title}, without data`);
  const now = Math.floor(Date.now() / 1000);
  const commits: Told[] = [
    { who: 'Ada', at: now, files: { 'src/a': [3, 1] } },
    { who: 'Grace', at: now, files: { 'src/a': [3, 1] } },
  ];
  await tell(store, '/one', commits);
  await tell(store, '/two', commits.slice(0, 1));
  // Neither that commit nor co-authors are there.
  const silent = ['A commit by its hash, wherever it is', 'Pairs: authors and their co-authors'];
  for (const { title, sql } of QUERIES) {
    const rows = await store.query(sql);
    assert.equal(rows.length > 0, !silent.includes(title), title);
  }
});
