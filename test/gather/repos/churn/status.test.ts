import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Config } from '../../../../src/config/schema.ts';
import { SqliteWorkQueue } from '../../../../src/engine/queue/sqlite/sqlite-work-queue.ts';
import { churnKey, scheduleChurn } from '../../../../src/gather/repos/churn/schedule.ts';
import { churnStatus } from '../../../../src/gather/repos/churn/status.ts';
import { openStore } from '../../../../src/keep/sqlite/open-store.ts';
import { temporaryDirectory } from '../../../support/git-repositories.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

test('the status says whose churn is read, waits or fails; what is read to its end is not there (R-22)', async t => {
  const clock = new VirtualClock();
  const store = await openStore(join(temporaryDirectory(t), 'sluice.db'), { clock });
  t.after(() => store.close());
  const queue = new SqliteWorkQueue({ database: store.database, clock, isWorkerGone: () => false });
  const names = ['off', 'read', 'waiting', 'reading', 'failing'];
  for (const name of names) await store.repositories.ensure(`https://example.org/${name}`, 'example.org');
  const repositories = await store.repositories.list();
  const named = (name: string) => repositories.filter(({ url }) => url.endsWith(`/${name}`));
  const config = { insights: { churn: true }, repos: [{ url: 'https://example.org/off', churn: false }] };
  const running = new Map();
  const status = () => churnStatus(repositories, queue, config as unknown as Config, running);
  assert.deepEqual(await status(), { wanted: 4, behind: [] });
  for (const name of ['waiting', 'reading', 'failing'])
    await scheduleChurn(named(name), { reason: 'test', staysHere: false }, { queue, clock });
  for (const one of named('failing')) {
    const [claim] = await queue.claim({ worker: 'w', keys: [churnKey(one)], max: 1, leaseMs: 1000 });
    assert.ok(claim);
    const error = { code: 'disk_full', message: 'no room', hint: '', answer: 'retry' } as const;
    await queue.fail(claim, { error, retryAtMs: clock.nowMs() + 1000, reason: 'no room' });
  }
  running.set('https://example.org/reading', { commits: 500, readMs: 2000 });
  const { behind } = await status();
  assert.deepEqual(
    behind.map(({ url, state, progress }) => [url.slice(20), state, progress]),
    [
      ['reading', 'reading', '500 of at most 0 commits read, 250/s'],
      ['failing', 'failing', 'no room'],
      ['waiting', 'waiting', 'waits for its turn'],
    ],
  );
});
