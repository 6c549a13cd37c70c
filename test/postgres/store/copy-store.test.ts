import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../../src/base/errors.ts';
import { recordWebhook } from '../../../src/keep/store/change.ts';
import { copyStore } from '../../../src/keep/store/copy-store.ts';
import type { Store } from '../../../src/keep/store/store.ts';
import { commitOf } from '../../suites/history-writer-suite.ts';
import { storeChangesets } from '../../suites/questions-suite.ts';
import { storeHistory } from '../../suites/store-fixture.ts';
import { sharedPostgresStoreAndQueue } from '../../support/postgres/postgres-store.ts';
import { openTestStore } from '../../support/sqlite-store.ts';

const open = await sharedPostgresStoreAndQueue();

/** Something in every corner. */
async function fill(store: Store): Promise<number> {
  const id = await storeHistory(store, '/one', [
    { who: 'Ada', at: 1_700_000_000, files: { a: [1, 2], b: [null, null] } },
    { who: 'Abbot', at: 1_700_100_000, merge: true, files: { a: [3, 0] } },
  ]);
  const writer = store.history(id);
  const author = { name: 'N\0L', email: 'n@example.org' };
  await writer.begin(new Map([['refs/heads/main', commitOf(2).hash]]));
  await writer.append([commitOf(2, { author, message: 'long\n\nmessage', coAuthors: [author] })], 1);
  await writer.finish(9);
  await storeHistory(store, '/two', [{ who: 'ada', at: 1_700_000_000 }]);
  await store.tracking.add(id, 'cli', 1);
  await store.runs.request(id, 'by hand', 2);
  await store.notifications.raise(
    { repositoryId: id, event: 'stale', message: 'm', channels: ['webhook'] },
    3,
  );
  await store.people.merge(['ada@example.org', 'n@example.org']);
  await store.people.setBot('abbot@example.org', true);
  const [changeset = 0] = await storeChangesets(store, [{ labels: ['a\0b', 'c"'] }, { state: 'merged' }]);
  const event = {
    id: 'e1',
    kind: 'review',
    hostKind: 'r',
    atMs: 5,
    order: 0,
    actor: 'ada',
    actorIsBot: false,
  };
  const nothing = { review: null, commit: null, checkName: null, checkState: null, subject: null };
  await store.changesets.addEvents(changeset, [{ ...event, ...nothing }]);
  await store.changesets.ensureSource('mine', 'h');
  const webhook = { host: 'h', deliveryId: 'd', event: 'push', repository: 'O/n', receivedAtMs: 4 };
  await store.apply([recordWebhook(webhook)]);
  await store.changesets.budgets.saveForecasts([{ host: 'h', stretch: 1.5, costs: { rest: 2 }, syncs: [] }]);
  return id;
}

async function answers(store: Store, id: number): Promise<unknown> {
  const scope = { repositoryIds: [id] };
  return {
    authors: await store.questions.topAuthors(scope, 9),
    people: await store.people.list({ limit: 9 }),
    files: await store.questions.mostChangedFiles(scope, 9),
    changesets: await store.changesets.list({}, { limit: 9 }),
    totals: await store.changesets.totals(),
    repositories: await store.repositories.list(),
  };
}

test('a store is copied to Postgres and back, the same row by row; what is there already is not written again (F-406)', async t => {
  const from = await openTestStore(t);
  const { store } = await open(t);
  const back = await openTestStore(t);
  const id = await fill(from.store);
  await from.queue.put('/one', { kind: 'repository', group: 'h', runAtMs: 7, reason: 'news' });
  const there = await copyStore({ from: from.store.tables, to: store.tables });
  const rowsOf = (name: string): unknown => there.find(({ table }) => table === name)?.rows;
  assert.deepEqual(['commits', 'file_changes', 'targets', 'changesets'].map(rowsOf), [4, 3, 1, 2]);
  const again = await copyStore({ from: from.store.tables, to: store.tables });
  assert.deepEqual(
    again.map(({ written }) => written),
    again.map(() => 0),
  );
  await copyStore({ from: store.tables, to: back.store.tables });
  const known = await answers(store, id);
  assert.deepEqual(await answers(back.store, id), known);
  // Both go on from there: ids after those that were copied, commits found by their hashes.
  for (const each of [store, back.store]) {
    const writer = each.history(id);
    assert.equal(await writer.append([commitOf(2), commitOf(3)], 0), 1);
    assert.equal((await writer.finish(10)).commits, 4);
  }
});

test('a copy that was cut off, or made while a station still worked, is completed by the next one (F-406)', async t => {
  const from = await openTestStore(t);
  const { store } = await open(t);
  const id = await fill(from.store);
  const cut = new AbortController();
  const cutOff = copyStore({
    from: from.store.tables,
    to: store.tables,
    onProgress: ({ table }) => table === 'commits' && cut.abort(),
    signal: cut.signal,
  });
  await assert.rejects(cutOff);
  await from.store.history(id).append([commitOf(7)], 0);
  await from.store.history(id).finish(11);
  await from.store.tracking.remove(id, ['cli']);
  await copyStore({ from: from.store.tables, to: store.tables });
  assert.equal((await store.repositories.byId(id))?.totals.commits, 4);
  assert.equal((await store.repositories.byId(id))?.tracked, false);
});

test('nothing is copied over what is something else (F-406)', async t => {
  const from = await openTestStore(t);
  const { store } = await open(t);
  await fill(from.store);
  await store.repositories.ensure('/somebody-elses', 'local');
  await assert.rejects(
    copyStore({ from: from.store.tables, to: store.tables }),
    (error: unknown) => error instanceof SluiceError && error.code === 'usage',
  );
});
