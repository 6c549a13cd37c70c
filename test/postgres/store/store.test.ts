import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { SluiceError } from '../../../src/base/errors.ts';
import { ingestHistory } from '../../../src/gather/repos/history/ingest.ts';
import { openPostgresStore } from '../../../src/keep/postgres/open-store.ts';
import type { HistoryWriter } from '../../../src/keep/store/history.ts';
import { churnWriterSuite } from '../../suites/churn-writer-suite.ts';
import { commitOf, historyWriterSuite } from '../../suites/history-writer-suite.ts';
import { notificationStoreSuite } from '../../suites/notification-store-suite.ts';
import { peopleSuite } from '../../suites/people-suite.ts';
import { questionsSuite } from '../../suites/questions-suite.ts';
import { repositoryStoreSuite } from '../../suites/repository-store-suite.ts';
import { runStoreSuite } from '../../suites/run-store-suite.ts';
import { trackingStoreSuite } from '../../suites/tracking-store-suite.ts';
import { temporaryDirectory } from '../../support/git-repositories.ts';
import { addressIn, ownServer } from '../../support/postgres/postgres.ts';
import { sharedPostgresStore } from '../../support/postgres/postgres-store.ts';
import { grownRepository } from '../../support/sluice.ts';

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

test('what a crash of the server took back of a bake is noticed before anything else is written, and made again (F-607)', async t => {
  // What is not on the disk when a transaction ends is not there for a long while.
  const server = await ownServer(t, { synchronous_commit: 'on', wal_writer_delay: '10s' });
  const { url } = addressIn(server);
  const store = await openPostgresStore({ url, clock: systemClock, env: {} });
  t.after(() => store.close());
  const { id } = await store.repositories.ensure('/one', 'local');
  const origin = grownRepository(join(temporaryDirectory(t, 'sluice-crash'), 'origin.git'), 5000, 7);
  const writer = store.history(id);
  let appended = 0;
  const crashing = new Proxy(writer, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (name !== 'append') return typeof value === 'function' ? value.bind(target) : value;
      return async (...args: Parameters<HistoryWriter['append']>) => {
        const added = await writer.append(...args);
        appended += 1;
        if (appended === 3) {
          await server.kill();
          await server.start();
        }
        return added;
      };
    },
  });
  const tips = new Map([['refs/heads/main', origin.git('rev-parse', 'main')]]);
  const result = await ingestHistory({ gitDir: origin.path, writer: crashing, tips, clock: systemClock });
  assert.deepEqual([result.newCommits, result.totals.commits, await writer.count()], [5000, 5000, 5000]);
  const counted = await store.database.first(
    `SELECT (SELECT count(*) FROM commits) AS stored, (SELECT sum(commits) FROM author_days) AS of_days,
            (SELECT count(*) FROM commits WHERE author_id NOT IN (SELECT id FROM identities)) AS nobodys`,
  );
  assert.deepEqual(counted, { stored: 5000, of_days: 5000, nobodys: 0 });
});

test('who has lost its claim writes neither history nor churn, whether it had begun to or not (F-462)', async t => {
  const { store, query } = await open(t);
  const { id } = await store.repositories.ensure('/one', 'local');
  const claimAs = async (token: number): Promise<void> => {
    await query("DELETE FROM targets WHERE key = 'repository /one'");
    await query(
      "INSERT INTO targets (key, kind, work_group, run_at_ms, reason, claimed_by, claim_token) VALUES ('repository /one', 'repository', 'local', 0, 'test', 'w', ?)",
      token,
    );
  };
  await claimAs(1);
  const begun = store.history(id, 1);
  await begun.begin(new Map([['HEAD', commitOf(2).hash]]));
  await begun.append([commitOf(1)], 1);
  const stale = [begun, store.history(id, 1)];
  const staleChurn = store.churn(id, 1);
  const [commit] = await staleChurn.waiting(1);
  assert.ok(commit);

  // Another station has the claim, and has written nothing yet: nobody moves the walk under its feet.
  await claimAs(2);
  const isLost = (error: unknown): boolean => error instanceof SluiceError && error.code === 'lease_lost';
  for (const writer of stale) {
    await assert.rejects(writer.append([commitOf(3)], 1), isLost);
    await assert.rejects(writer.begin(new Map()), isLost);
    await assert.rejects(writer.finish(1), isLost);
  }
  const files = [{ path: 'a', added: 1, removed: 0 }];
  await assert.rejects(staleChurn.append([{ ...commit, files }], commit.id), isLost);
  const writer = store.history(id, 2);
  assert.equal((await writer.pending())?.processed, 1);
  await writer.append([commitOf(2)], 1);
  assert.equal((await writer.finish(1)).commits, 2);
  await store.churn(id, 2).append([{ ...commit, files }], commit.id);
  assert.equal((await store.churn(id).waiting(5)).length, 1);
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
