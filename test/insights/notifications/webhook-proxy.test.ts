import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { ApiClient } from '../../../src/gather/forges/http/api-client.ts';
import { postWebhook } from '../../../src/insights/notifications/webhook.ts';
import { startProxy } from '../../support/proxy-server.ts';

/** A server that answers `{}`, under a name that only the proxy knows. */
async function behind(t: TestContext) {
  const proxy = await startProxy(t);
  const server = http.createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const before = process.env.http_proxy;
  process.env.http_proxy = proxy.address;
  t.after(() => {
    if (before === undefined) delete process.env.http_proxy;
    else process.env.http_proxy = before;
  });
  return { proxy, url: `http://hooks.invalid:${(server.address() as AddressInfo).port}` };
}

test('webhooks and calls to code hosts go through the proxy of the environment (D-146)', async t => {
  const { proxy, url } = await behind(t);
  const limits = { timeoutMs: 5000, signal: new AbortController().signal };
  await postWebhook(`${url}/hook`, {} as Parameters<typeof postWebhook>[1], limits);
  const client = new ApiClient({
    host: 'hooks.invalid',
    apiUrl: url,
    credentials: [],
    timeoutMs: 5000,
    budget: { take: async () => undefined, record: () => undefined },
    clock: systemClock,
    headers: {},
    authorize: () => ({}),
    notModifiedCost: 0,
  } as unknown as ConstructorParameters<typeof ApiClient>[0]);
  t.after(() => client.close());
  assert.deepEqual((await client.call({ path: '/api' })).json, {});
  assert.deepEqual(proxy.seen, [`POST ${url}/hook`, `GET ${url}/api`]);
  proxy.refusal = 0;
  await assert.rejects(postWebhook(`${url}/SECRET`, {} as Parameters<typeof postWebhook>[1], limits), {
    code: 'notification_failed',
    message: /^(?!.*SECRET)/,
  });
});
