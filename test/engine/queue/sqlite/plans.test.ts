import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../../src/base/clock.ts';
import { SluiceError, toErrorRecord } from '../../../../src/base/errors.ts';
import { SqliteWorkQueue } from '../../../../src/engine/queue/sqlite/sqlite-work-queue.ts';
import type { WorkQueue } from '../../../../src/engine/queue/work-queue.ts';
import { Database } from '../../../../src/keep/sqlite/database.ts';

/** Drives every statement of the queue at least once. */
async function useAll(queue: WorkQueue): Promise<void> {
  const placement = { group: 'host', runAtMs: 0, reason: 'test', priority: 'high' } as const;
  const keys = Array.from({ length: 100 }, (_, index) => `item ${index}`);
  for (const kind of ['bake', 'sync']) {
    await Promise.all(keys.map(key => queue.put(`${kind} ${key}`, { kind, ...placement })));
  }
  await queue.put('sync item 1', { kind: 'sync', ...placement });
  const request = { worker: 'gone', max: 4, leaseMs: 60_000 };
  const [first, second, third] = await queue.claim({ ...request, perGroup: 3 });
  assert.ok(first && second && third);
  await queue.put(first.key, { kind: 'bake', ...placement });
  await queue.heartbeat([first], 60_000);
  await queue.complete(first, { nextAtMs: 9 });
  await queue.drop(second.key);
  const error = toErrorRecord(new SluiceError('timed_out', 'test'));
  await queue.fail(second, { error, retryAtMs: null, reason: 'test' });
  await queue.releaseDead();
  await queue.claim({ ...request, keys: [third.key] });
  await Promise.all([queue.counts(), queue.upcoming(5), queue.running(5), queue.nextDueAt({ afterMs: 0 })]);
}

test('no statement reads the whole schedule or sorts it (C-9)', async t => {
  const database = await Database.open({ path: ':memory:', clock: systemClock });
  t.after(() => database.close());
  const texts = new Set<string>();
  const statement = database.statement.bind(database);
  database.statement = text => {
    texts.add(text);
    return statement(text);
  };
  await useAll(
    new SqliteWorkQueue({ database, clock: systemClock, isWorkerGone: worker => worker === 'gone' }),
  );
  assert.ok(texts.size > 20, `only ${texts.size} statements were seen`);
  const plans = [...texts].flatMap(text => {
    const steps = statement(`EXPLAIN QUERY PLAN ${text}`).all();
    return steps.map(({ detail }) => ({ text, detail: String(detail) }));
  });
  const onTargets = plans.filter(({ detail }) => /^(SCAN|SEARCH) targets\b/.test(detail));
  // What is claimed is as little as runs at once, and may be read from one end to the other.
  const full = onTargets.filter(
    ({ detail }) => detail.startsWith('SCAN') && !detail.includes('targets_claimed'),
  );
  const sorted = plans.filter(
    ({ text, detail }) => detail.includes('TEMP B-TREE') && !/targets_claimed/.test(text),
  );
  const lookedUp = onTargets.filter(
    ({ detail }) => /INDEX targets_due/.test(detail) && !/COVERING/.test(detail),
  );
  assert.ok(onTargets.length > 20);
  assert.deepEqual([...full, ...sorted, ...lookedUp], []);
});
