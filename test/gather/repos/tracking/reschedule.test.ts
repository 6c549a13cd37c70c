import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repositoryKey } from '../../../../src/gather/repos/tracking/schedule.ts';
import { rescheduleTracked } from '../../../../src/gather/repos/tracking/track.ts';
import { openSyncBench } from '../../../support/sync-bench.ts';

const MINUTE_MS = 60_000;

test('another rhythm in the configuration moves what is tracked, earlier and later, and leaves what was asked for (R-109)', async t => {
  const bench = await openSyncBench(t);
  const { store, context, clock } = bench;
  const { queue } = context;
  const urls = ['a', 'asked', 'failing', 'new'].map(name => `https://h.example/${name}`);
  for (const url of urls) {
    const { id } = await bench.track(url);
    if (!url.endsWith('new')) await store.repositories.update(id, { lastBakedAtMs: clock.nowMs() });
  }
  const [key = '', asked = '', failing = '', unsynced = ''] = urls.map(url => repositoryKey({ url }));
  const about = { kind: 'repository', group: 'h.example', reason: 'as before' };
  const inMs = async (of: string): Promise<number> => ((await queue.get(of))?.runAtMs ?? 0) - clock.nowMs();
  const rhythm = async (minIntervalMs: number, maxIntervalMs: number): Promise<void> => {
    bench.config = { ...bench.config, schedule: { ...bench.config.schedule, minIntervalMs, maxIntervalMs } };
    await rescheduleTracked(context);
  };
  const [claim] = await queue.claim({ worker: 'w', keys: [failing], max: 1, leaseMs: 1000 });
  assert.ok(claim);
  const error = { code: 'timed_out', message: 'late', answer: 'retry' } as never;
  await queue.fail(claim, { error, retryAtMs: clock.nowMs() + 400 * MINUTE_MS, reason: 'backing off' });
  await queue.put(asked, { ...about, runAtMs: clock.nowMs() + MINUTE_MS, priority: 'high' });
  await rhythm(MINUTE_MS, 60 * MINUTE_MS);
  assert.deepEqual(
    [await inMs(key), await inMs(asked), await inMs(failing)],
    [60, 0, 60].map(at => at * MINUTE_MS),
  );
  assert.equal((await queue.get(failing))?.reason, 'backing off');
  assert.ok((await inMs(unsynced)) <= 0, 'never synced is due at once');
  await rhythm(90 * MINUTE_MS, 120 * MINUTE_MS);
  assert.deepEqual(
    [await inMs(key), await inMs(failing)],
    [120, 60].map(at => at * MINUTE_MS),
  );
  assert.match((await queue.get(key))?.reason ?? '', /every 2 h/);
});
