import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../../../src/base/log.ts';
import { addressKey } from '../../../../src/gather/repos/address/same-address.ts';
import { cacheSettings } from '../../../../src/gather/repos/cache/settings.ts';
import { Tracking } from '../../../../src/gather/repos/tracking/service.ts';
import { openSyncBench } from '../../../support/sync-bench.ts';

test('a webhook, a question, a pin and a second tracking find what is tracked under another spelling (R-110)', async t => {
  const bench = await openSyncBench(t, { allowPrivateAddresses: true });
  const { store, context, clock } = bench;
  const tracking = new Tracking({
    configured: true,
    cwd: bench.directory,
    stores: () => ({ store, queue: context.queue }),
    config: () => bench.config,
    clock,
    log: silentLogger,
    random: () => 0,
    forgeOf: () => {
      throw new Error('no owner is asked');
    },
  } as never);
  const url = 'https://github.com/Owner/Name';
  await bench.track(url, 'config');
  for (const other of [
    'git@github.com:owner/name.git',
    'http://www.github.com/OWNER/name/',
    'git://github.com/owner/name',
  ]) {
    assert.deepEqual(await tracking.syncAfterPush([other], 'webhook: push'), [url], other);
    assert.equal((await tracking.repository(other)).url, url);
  }
  assert.deepEqual(await tracking.syncAfterPush(['https://github.com/owner/name-2'], 'webhook: push'), []);
  assert.deepEqual(
    (await tracking.track(['https://someone@github.com/owner/name'])).map(repository => repository.url),
    [url],
  );
  const [overSsh] = await tracking.track(['git@github.com:Owner/Name.git']);
  assert.equal(
    overSsh?.url,
    'ssh://git@github.com/Owner/Name',
    'whoever may read it there may be somebody else',
  );
  const cache = { ...bench.config.cache, neverEvict: ['git@github.com:owner/name.git'] };
  const { neverEvict } = cacheSettings({ ...bench.config, cache }, '/');
  assert.ok(neverEvict.has(addressKey(url)));
});
