import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../../src/base/errors.ts';
import { churnWriterSuite } from '../../suites/churn-writer-suite.ts';
import { commitOf, historyWriterSuite } from '../../suites/history-writer-suite.ts';
import { notificationStoreSuite } from '../../suites/notification-store-suite.ts';
import { peopleSuite } from '../../suites/people-suite.ts';
import { questionsSuite } from '../../suites/questions-suite.ts';
import { repositoryStoreSuite } from '../../suites/repository-store-suite.ts';
import { runStoreSuite } from '../../suites/run-store-suite.ts';
import { trackingStoreSuite } from '../../suites/tracking-store-suite.ts';
import { sharedPostgresStore } from '../../support/postgres/postgres-store.ts';

const open = await sharedPostgresStore();

/** The contracts of the store, but for what changes together with the schedule. */
for (const suite of [
  repositoryStoreSuite,
  runStoreSuite,
  trackingStoreSuite,
  notificationStoreSuite,
  peopleSuite,
  historyWriterSuite,
  churnWriterSuite,
  questionsSuite,
])
  suite('Postgres', open);

test('a writer that stood still while another went on adds nothing (F-405)', async t => {
  const { store, reopen } = await open(t);
  const { id } = await store.repositories.ensure('/one', 'local');
  const stale = store.history(id);
  await stale.begin(new Map());
  await stale.append([commitOf(1)], 1);
  const writer = (await reopen()).history(id);
  await writer.append([commitOf(2)], 1);
  const isLost = (error: unknown): boolean => error instanceof SluiceError && error.code === 'lease_lost';
  await assert.rejects(stale.append([commitOf(3)], 1), isLost);
  await assert.rejects(stale.finish(1), isLost);
  await assert.rejects(stale.remove([commitOf(1).hash]), isLost);
  assert.equal((await writer.finish(1)).commits, 2);
});

test('text that Postgres cannot hold is stored as near as can be, and found again', async t => {
  const { store } = await open(t);
  const { id } = await store.repositories.ensure('/one', 'local');
  const writer = store.history(id);
  await writer.begin(new Map());
  const author = { name: 'A\0da \ud800', email: 'a"\\{},NULL@example.org' };
  await writer.append(
    [commitOf(1, { author, subject: 'NULL' }), commitOf(2, { author, subject: '{"\\' })],
    2,
  );
  assert.equal((await writer.finish(1)).authors, 1);
  const [first] = await store.questions.topAuthors({ repositoryIds: [id] }, 5);
  assert.deepEqual([first?.name, first?.email, first?.commits], ['A\u2400da \ufffd', author.email, 2]);
  await store.repositories.update(id, { state: 'failing', lastError: 'n\0' });
  assert.equal((await store.questions.troubledRepositories())[0]?.example, '/one: n\u2400');
});
