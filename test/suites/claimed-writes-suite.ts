import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { SluiceError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/log.ts';
import type { Claim } from '../../src/engine/queue/work-queue.ts';
import type { BakeSummary } from '../../src/gather/repos/bake/bake.ts';
import { claimClone } from '../../src/gather/repos/clone/claim.ts';
import { type RecordedBake, recordBake } from '../../src/gather/repos/sync/run-record.ts';
import type { Repository } from '../../src/keep/store/types.ts';
import { commitOf } from './history-writer-suite.ts';
import type { OpenStoreAndQueue } from './store-fixture.ts';

const ADDRESS = { url: 'https://h/a', host: 'h' };
const SUMMARY = { url: ADDRESS.url, commits: 1, newCommits: 1, removedCommits: 0 } as BakeSummary;
const NEXT = { nextAtMs: 1, reason: 'test' };

const isLost = (error: unknown): boolean => error instanceof SluiceError && error.code === 'lease_lost';

/** What is written under a claim is written by its holder alone, on every store. */
export function claimedWritesSuite(name: string, open: OpenStoreAndQueue): void {
  const begin = async (t: Parameters<OpenStoreAndQueue>[0]) => {
    const { store, queue } = await open(t);
    const repository = await store.repositories.ensure(ADDRESS.url, ADDRESS.host);
    const claim = async (worker: string): Promise<Claim> => {
      const claimed = await claimClone(ADDRESS, 'test', { queue, worker, clock: systemClock });
      return claimed as Claim;
    };
    /** A claim whose holder stands still while its lease ends and another one goes on. */
    const takeOver = async (from: Claim): Promise<Claim> => {
      await queue.release(from);
      return claim('winner');
    };
    const context = { store, clock: systemClock, log: silentLogger };
    const bake = (by: Claim, of: Repository, run: () => Promise<BakeSummary>): Promise<RecordedBake> =>
      recordBake(of, by, 'test', context, run);
    return { store, queue, repository, claim, takeOver, bake };
  };

  for (const [how, thrown] of [
    ['was done', undefined],
    ['failed', new SluiceError('timed_out', 'too late')],
    ['stopped since its claim was lost', new SluiceError('lease_lost', 'not prolonged in time')],
  ] as const) {
    test(`${name}: a bake that stood still, went on and ${how} leaves no word beside its successor's (F-600)`, async t => {
      const { store, queue, repository, claim, takeOver, bake } = await begin(t);
      const stale = await claim('loser');
      const paused = Promise.withResolvers<BakeSummary>();
      const begun = Promise.withResolvers<void>();
      const losing = bake(stale, repository, () => {
        begun.resolve();
        return paused.promise;
      });
      await begun.promise;
      const winner = await takeOver(stale);
      const [left] = await store.runs.recent(9);
      const winning = await bake(winner, repository, async () => {
        // The loser goes on in the middle of it.
        if (thrown) paused.reject(thrown);
        else paused.resolve({ ...SUMMARY, commits: 99 });
        const { changes } = await losing;
        const record = { code: 'timed_out', message: 'too late', retryable: true } as never;
        assert.equal(await queue.complete(stale, { ...NEXT, changes }), 'lost');
        assert.equal(await queue.fail(stale, { error: record, retryAtMs: 1, reason: '', changes }), 'lost');
        assert.equal(await queue.release(stale, { changes }), 'lost');
        const run = await store.runs.byId(left?.id ?? 0);
        assert.deepEqual([run?.state, run?.summary, run?.error], ['running', null, null]);
        assert.deepEqual(await store.repositories.byUrl(ADDRESS.url), repository);
        return SUMMARY;
      });
      assert.equal(await queue.complete(winner, { ...NEXT, changes: winning.changes }), 'settled');
      const runs = await store.runs.recent(9);
      assert.deepEqual(
        runs.map(({ id, state, summary }) => [id, state, summary]),
        [[left?.id, 'done', JSON.stringify(SUMMARY)]],
      );
      assert.equal((await store.repositories.byUrl(ADDRESS.url))?.state, 'ok');
    });
  }

  test(`${name}: what failed or was handed back under a claim is recorded as that is settled (F-600)`, async t => {
    const { store, queue, repository, claim, bake } = await begin(t);
    const failing = await claim('one');
    const error = new SluiceError('timed_out', 'too late');
    const { changes } = await bake(failing, repository, () => Promise.reject(error));
    assert.equal((await store.runs.recent(1))[0]?.state, 'running', 'nothing before it is settled');
    await queue.fail(failing, { error: error as never, retryAtMs: 1, reason: 'test', changes });
    assert.equal((await store.runs.recent(1))[0]?.state, 'failed');
    assert.equal((await store.repositories.byId(repository.id))?.state, 'unreachable');
    const stopped = await claim('one');
    const stopping = new SluiceError('stopping', 'the station is stopping');
    const interrupted = await bake(stopped, repository, () => Promise.reject(stopping));
    await queue.release(stopped, { changes: interrupted.changes });
    assert.equal((await store.runs.recent(1))[0]?.state, 'waiting');
    assert.equal((await store.repositories.byId(repository.id))?.state, 'unreachable');
  });

  test(`${name}: who has lost the claim begins no run and writes neither row, history nor churn (F-600)`, async t => {
    const { store, repository, claim, takeOver } = await begin(t);
    const stale = await claim('loser');
    const { id } = repository;
    const begun = store.history(id, stale.token);
    await begun.begin(new Map());
    await begun.append([commitOf(1)], 1);
    const winner = await takeOver(stale);
    const run = await store.runs.start(id, 'test', 1, winner.token);
    await assert.rejects(store.runs.start(id, 'test', 2, stale.token), isLost);
    assert.deepEqual(await store.runs.recent(9), [run]);
    await assert.rejects(store.repositories.update(id, { movedTo: '/b' }, stale.token), isLost);
    assert.equal((await store.repositories.byId(id))?.movedTo, null);
    for (const writer of [begun, store.history(id, stale.token)]) {
      await assert.rejects(writer.append([commitOf(2)], 1), isLost);
      await assert.rejects(writer.begin(new Map()), isLost);
      await assert.rejects(writer.finish(1), isLost);
    }
    const [commit] = await store.churn(id).waiting(1);
    assert.ok(commit);
    const churn = [{ ...commit, files: [{ path: 'a', added: 1, removed: 0 }] }];
    await assert.rejects(store.churn(id, stale.token).append(churn, commit.id), isLost);
    await store.churn(id, winner.token).append(churn, commit.id);
    await store.repositories.update(id, { movedTo: '/b' }, winner.token);
    assert.equal((await store.history(id, winner.token).finish(1)).commits, 1);
  });
}
