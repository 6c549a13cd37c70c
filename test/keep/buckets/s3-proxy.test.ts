import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SluiceError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { proxyAt } from '../../../src/base/proxy.ts';
import { probeProfile } from '../../../src/keep/buckets/probe.ts';
import { findProfiles } from '../../../src/keep/buckets/profiles.ts';
import type { S3Profile } from '../../../src/keep/buckets/s3/profile.ts';
import { type ProxyServer, startProxy } from '../../support/proxy-server.ts';
import { storeFor } from '../../support/s3-profile.ts';
import { startS3Server } from '../../support/s3-server/server.ts';
import { temporaryDirectory } from '../../support/temp-directory.ts';

/** A store whose server has a name that only the proxy knows. */
async function behind(t: TestContext, proxy: ProxyServer, address = proxy.address, scheme = 'http') {
  const server = await startS3Server({ buckets: ['bucket'] });
  t.after(() => server.stop());
  const { port } = new URL(server.endpoint);
  const endpoint = `${scheme}://s3.behind.invalid:${port}`;
  const store = storeFor(
    { ...server, endpoint },
    { proxy: proxyAt(address, 'HTTP_PROXY') },
    { connectTimeoutMs: 2000 },
  );
  t.after(() => store.close());
  return { server, store, place: `s3.behind.invalid:${port}` };
}

type Store = Awaited<ReturnType<typeof behind>>['store'];
const CALLS: Record<string, (store: Store) => Promise<unknown>> = {
  small: store => store.putObject({ bucket: 'bucket', key: 'small' }, { body: Buffer.from('x') }),
  streamed: store =>
    store.putObject({ bucket: 'bucket', key: 'large' }, { body: Buffer.alloc(3 * 2 ** 20, 'x') }),
  head: store => store.headObject({ bucket: 'bucket', key: 'small' }),
  control: store => store.headBucket('bucket'),
};

test('small, streamed and control requests to http name their whole address at the proxy (D-146)', async t => {
  const proxy = await startProxy(t, 'me:pass word');
  const { server, store, place } = await behind(t, proxy, proxy.address.replace('//', '//me:pass%20word@'));
  for (const call of Object.values(CALLS)) await call(store);
  assert.equal((await server.read('bucket', 'large')).length, 3 * 2 ** 20);
  assert.deepEqual(
    proxy.seen.map(line => line.replace(/\?.*? as/, ' as')),
    [
      `PUT http://${place}/bucket/small as me:pass word`,
      `PUT http://${place}/bucket/large as me:pass word`,
      `HEAD http://${place}/bucket/small as me:pass word`,
      `HEAD http://${place}/bucket/ as me:pass word`,
    ],
  );
});

test('requests to https go through a tunnel (D-146)', async t => {
  const proxy = await startProxy(t, 'me:p');
  // The server behind speaks no TLS: that this is noticed shows that the tunnel was made.
  const { store, place } = await behind(t, proxy, proxy.address.replace('//', '//me:p@'), 'https');
  for (const call of Object.values(CALLS)) {
    proxy.seen.length = 0;
    await assert.rejects(call(store), (error: SluiceError) => error.code !== 'proxy_failed');
    assert.equal(proxy.seen[0], `CONNECT ${place} as me:p`);
  }
});

test('what a proxy refuses, or its absence, holds the endpoint in words that name it (D-146)', async t => {
  const proxy = await startProxy(t);
  const failures: [refusal: number | 'gone', scheme: string, words: RegExp][] = [
    [407, 'http', /wants a user and a password \(407\)/],
    [407, 'https', /wants a user and a password \(407\)/],
    [502, 'https', /answers 502 to CONNECT|answers 502/],
    [403, 'https', /answers 403/],
    [0, 'https', /cannot be used: it broke off/],
    ['gone', 'http', /cannot be used: nothing listens there/],
    ['gone', 'https', /cannot be used: nothing listens there/],
  ];
  for (const [refusal, scheme, words] of failures) {
    const address = refusal === 'gone' ? 'http://127.0.0.1:1' : proxy.address;
    proxy.refusal = refusal === 'gone' ? undefined : refusal;
    const { store } = await behind(t, proxy, address, scheme);
    for (const [name, call] of Object.entries(CALLS)) {
      await assert.rejects(call(store), (error: SluiceError) => {
        assert.equal(error.code, 'proxy_failed', `${name} ${refusal} ${scheme}: ${error.message}`);
        assert.deepEqual([error.answer, error.holds], ['hold', 'endpoint']);
        assert.match(error.message, words);
        assert.ok(error.message.includes(`${address}`), error.message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    }
  }
});

test('the doctor says through what it went (D-146)', async t => {
  const proxy = await startProxy(t);
  const { store } = await behind(t, proxy);
  const [reach] = await probeProfile(store, { writes: false });
  assert.match(reach?.words ?? '', new RegExp(`through ${proxy.address} \\(HTTP_PROXY\\)`));
  proxy.refusal = 407;
  const [unreached, authenticate] = await probeProfile(store, { writes: false });
  assert.deepEqual([unreached?.outcome, authenticate?.outcome], ['failed', 'skipped']);
  assert.match(unreached?.words ?? '', /the proxy .* wants a user/);
});

test('deliver.proxy counts over the environment, for its profile; a folder needs none (D-146)', async t => {
  const folder = temporaryDirectory(t, 'sluice-proxies');
  const s3 = 'provider = s3\naws_access_key_id = A\naws_secret_access_key = B\naws_endpoint = http://h\n';
  const onlyCredentials = join(folder, 'credentials');
  writeFileSync(onlyCredentials, `[a]\n${s3}[b]\n${s3}[c]\n${s3}[d]\nprovider = directory\npath = /x\n`, {
    mode: 0o600,
  });
  const proxies = async (proxy: Record<string, string>, env: Record<string, string>) => {
    const deliver = {
      directory: folder,
      credentials: undefined,
      onlyCredentials,
      strictProfiles: false,
      proxy,
    };
    const profiles = (await findProfiles({ deliver, env }, silentLogger)) as S3Profile[];
    return profiles.map(one => one.proxy?.description);
  };
  assert.deepEqual(await proxies({ a: 'http://own:1', b: 'none' }, { HTTP_PROXY: 'p:3128' }), [
    'http://own:1 (deliver.proxy.a)',
    undefined,
    'http://p:3128 (HTTP_PROXY)',
    undefined,
  ]);
  await assert.rejects(proxies({}, { HTTP_PROXY: 'socks5://p' }), { code: 'config_invalid' });
});
