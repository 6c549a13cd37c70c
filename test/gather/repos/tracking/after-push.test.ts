import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError, toErrorRecord } from '../../../../src/base/errors.ts';
import { repositoryKey } from '../../../../src/gather/repos/tracking/schedule.ts';
import { makeDueAfterPush, makeDueNow } from '../../../../src/gather/repos/tracking/track.ts';
import { openSyncBench } from '../../../support/sync-bench.ts';

const MINUTE_MS = 60_000;

test('a push brings its repository to the front, and a burst of them one sync in the shortest interval (R-28)', async t => {
  const { track, context, clock, store } = await openSyncBench(t);
  const { queue } = context;
  const known = await track('https://example.org/r');
  const key = repositoryKey(known);
  const place = async (): Promise<readonly unknown[]> => {
    const { runAtMs, priority, reason } = (await queue.get(key)) ?? assert.fail('off the schedule');
    return [(runAtMs - clock.nowMs()) / MINUTE_MS, priority, reason];
  };
  const push = async (): Promise<void> => {
    const repository = (await store.repositories.byId(known.id)) ?? assert.fail('gone');
    await makeDueAfterPush(repository, 'webhook: push', context);
  };
  const take = async () => {
    const [claim] = await queue.claim({ worker: 'w', keys: [key], max: 1, leaseMs: queue.leaseMs });
    return claim ?? assert.fail('not to be claimed');
  };
  const syncedAgo = (minutes: number): Promise<unknown> =>
    store.repositories.update(known.id, { lastBakedAtMs: clock.nowMs() - minutes * MINUTE_MS });
  const settle = async (): Promise<void> => {
    const claim = await take();
    await queue.complete(claim, { nextAtMs: clock.nowMs() + 60 * MINUTE_MS, reason: 'later' });
  };

  await push();
  assert.deepEqual(await place(), [0, 'high', 'webhook: push'], 'never synced');
  await settle();
  await syncedAgo(10);
  await push();
  assert.deepEqual(await place(), [0, 'high', 'webhook: push'], 'synced long ago');
  await settle();
  await syncedAgo(0.5);
  for (let time = 1; time <= 20; time += 1) await push();
  assert.deepEqual(await place(), [1.5, 'high', 'webhook: push'], 'synced just now');
  await clock.advance(MINUTE_MS);
  await push();
  assert.deepEqual(await place(), [0.5, 'high', 'webhook: push'], 'pushes that go on do not put it off');
  await makeDueNow(known, 'asked for by hand', context);
  assert.equal((await place())[0], 0, 'what a person asks for goes at once');
  await settle();
  await syncedAgo(-60);
  await push();
  assert.equal((await place())[0], 0, 'a clock that was set back makes nothing wait');

  const claim = await take();
  await push();
  await queue.complete(claim, { nextAtMs: clock.nowMs() + 60 * MINUTE_MS, reason: 'later' });
  assert.deepEqual(await place(), [2, 'high', 'webhook: push'], 'the one that ran may have been too early');

  const failing = await take();
  await queue.fail(failing, {
    error: toErrorRecord(new SluiceError('host_unknown', 'no address')),
    retryAtMs: clock.nowMs() + 480 * MINUTE_MS,
    reason: 'backing off',
  });
  await push();
  assert.equal((await place())[0], 2, 'one that fails is not tried at every push');
});
