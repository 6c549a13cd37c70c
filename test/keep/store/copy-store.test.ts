import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyStore } from '../../../src/keep/store/copy-store.ts';
import { storeHistory } from '../../suites/store-fixture.ts';
import { openTestStore } from '../../support/sqlite-store.ts';

test('a copy between two databases of one process lets others have their turn, and can be stopped (S-624)', async t => {
  const { store: from } = await openTestStore(t);
  const { store: to } = await openTestStore(t);
  const commits = Array.from({ length: 9_000 }, (_, at) => ({ who: 'Ada', at: 1_700_000_000 + at }));
  await storeHistory(from, '/one', commits);
  const stop = new AbortController();
  const reason = new Error('stopping');
  const copied = copyStore({
    from: from.tables,
    to: to.tables,
    signal: stop.signal,
    onProgress: ({ table, rows }) => {
      if (table === 'commits' && rows > 0) setImmediate(() => stop.abort(reason));
    },
  });
  await assert.rejects(copied, reason);
  await from.close();
  await to.close();
});
