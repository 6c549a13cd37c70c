import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../../src/base/clock.ts';
import { silentLogger } from '../../../../src/base/log.ts';
import { SqliteWorkQueue } from '../../../../src/engine/queue/sqlite/sqlite-work-queue.ts';
import { newWorkerId } from '../../../../src/engine/queue/worker-id.ts';
import { churnHandler } from '../../../../src/gather/repos/churn/handler.ts';
import { churnSlice } from '../../../../src/gather/repos/churn/job.ts';
import { churnKey, scheduleChurn } from '../../../../src/gather/repos/churn/schedule.ts';
import { cloneDirectoryName } from '../../../../src/gather/repos/clone/directories.ts';
import { readClone } from '../../../../src/gather/repos/clone/open.ts';
import { bakeStandalone } from '../../../../src/gather/repos/sync/standalone.ts';
import { dueNow, repositoryKey } from '../../../../src/gather/repos/tracking/schedule.ts';
import { openStore } from '../../../../src/keep/sqlite/open-store.ts';
import { cacheOf } from '../../../support/clone-cache.ts';
import { loadConfig } from '../../../support/config.ts';
import { TestRepository, temporaryDirectory } from '../../../support/git-repositories.ts';
import { queryRows } from '../../../support/sqlite-store.ts';

/** A repository that was baked, and what reads its churn. */
async function baked(t: TestContext) {
  const cwd = temporaryDirectory(t, 'sluice-churn');
  const origin = new TestRepository(join(cwd, 'origin.git'));
  for (let at = 0; at < 5; at += 1) origin.commit(`change ${at}`, { file: `${at}\n` });
  const { config } = await loadConfig({ env: {}, cwd, overrides: {} });
  const store = await openStore(config.database, { clock: systemClock });
  t.after(() => store.close());
  const queue = new SqliteWorkQueue({
    database: store.database,
    clock: systemClock,
    isWorkerGone: () => false,
  });
  const signal = new AbortController().signal;
  const context = {
    config: () => config,
    store,
    queue,
    cache: cacheOf({ config, store, queue, clock: systemClock }),
    clock: systemClock,
    log: silentLogger,
    signal,
    onProgress: () => undefined,
  };
  await bakeStandalone(origin.path, context);
  const repository = await store.repositories.byUrl(origin.path);
  assert.ok(repository);
  const handler = churnHandler({
    ...context,
    config: () => ({ ...config, insights: { ...config.insights, churn: true } }),
    worker: newWorkerId(),
    running: new Map(),
    threads: { churn: (job, stop) => churnSlice(job, { ...context, signal: stop }) },
  });
  const run = async () => {
    await scheduleChurn([repository], { reason: 'test', staysHere: false }, { queue, clock: systemClock });
    const [claim] = await queue.claim({
      worker: newWorkerId(),
      keys: [churnKey(repository)],
      max: 1,
      leaseMs: 60_000,
    });
    assert.ok(claim);
    const outcome = await handler.run(claim, signal);
    await queue.complete(claim, { nextAtMs: null });
    return outcome;
  };
  const clone = () => readClone(join(config.cache.directory, cloneDirectoryName(repository.url)));
  const churned = () => Number(queryRows(store, 'SELECT count(*) AS n FROM commit_churn')[0]?.n);
  return { origin, store, queue, repository, run, clone, churned };
}

test('a bake makes a lean clone; churn makes it full, reads what changed, and leaves no claim behind (R-17, R-22)', async t => {
  const { store, queue, repository, run, clone, churned } = await baked(t);
  assert.equal((await clone())?.lean, true);
  assert.deepEqual(await run(), { nextAtMs: null, reason: 'nothing waits' });
  assert.equal((await clone())?.lean, false);
  assert.equal(await churned(), 5);
  assert.equal(await queue.get(repositoryKey(repository)), undefined);
  const [file] = queryRows(store, 'SELECT path, changes FROM paths');
  assert.deepEqual({ ...file }, { path: 'file', changes: 5 });
  assert.deepEqual(await run(), { nextAtMs: null, reason: 'nothing waits' });
});

test('churn waits for a bake that runs or is due, and hands a tracked repository back at its own time (R-22)', async t => {
  const { queue, repository, run, churned } = await baked(t);
  const key = repositoryKey(repository);
  await queue.put(key, dueNow(repository, 'asked for by hand', Date.now()));
  assert.match(JSON.stringify(await run()), /postponedToMs.*being baked/);
  const [claim] = await queue.claim({ worker: newWorkerId(), keys: [key], max: 1, leaseMs: 60_000 });
  assert.ok(claim);
  assert.match(JSON.stringify(await run()), /postponedToMs.*being baked/);
  assert.equal(await churned(), 0);
  const later = Date.now() + 3_600_000;
  await queue.complete(claim, { nextAtMs: later, reason: 'busy' });
  assert.deepEqual(await run(), { nextAtMs: null, reason: 'nothing waits' });
  const item = await queue.get(key);
  assert.deepEqual([item?.runAtMs, item?.reason, item?.claimedBy], [later, 'busy', null]);
  assert.equal(await churned(), 5);
});
