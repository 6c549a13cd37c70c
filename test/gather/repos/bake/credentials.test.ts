import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { complete } from '../../../../src/config/schema.ts';
import { parseRepositoryUrl } from '../../../../src/gather/repos/address/url.ts';
import { credentialsFor } from '../../../../src/gather/repos/bake/prepare-job.ts';
import { schema } from '../../../support/config.ts';

function tokensOf(hosts: unknown) {
  const config = complete(schema.parse({ root: '/nowhere', hosts }));
  return (url: string) => credentialsFor(parseRepositoryUrl(url, { from: 'cli' }), config);
}

test('a token is for the scheme, host and port that it is configured for, and no other (C-105)', async () => {
  const of = tokensOf({
    'github.com': { token: 'one' },
    'git.example.com:8443': { token: 'two', username: 'oauth2' },
    'lab.example.com': { token: 'three', baseUrl: 'https://lab.example.com:3000/gitea' },
    'plain.example.com': { token: 'four', baseUrl: 'http://plain.example.com:8080' },
  });
  const tokens = {
    'https://github.com/o/r': 'one',
    'https://github.com:443/o/r': 'one',
    'https://github.com:8443/o/r': undefined,
    'http://github.com/o/r': undefined,
    'http://github.com:8080/o/r': undefined,
    'ssh://git@github.com/o/r': undefined,
    'https://github.com.evil.example/o/r': undefined,
    'https://git.example.com:8443/o/r': 'two',
    'https://git.example.com/o/r': undefined,
    'http://git.example.com:8443/o/r': undefined,
    'https://lab.example.com:3000/gitea/o/r': 'three',
    'https://lab.example.com/o/r': undefined,
    'http://plain.example.com:8080/o/r': 'four',
    'https://plain.example.com/o/r': undefined,
    'http://plain.example.com/o/r': undefined,
  };
  for (const [url, token] of Object.entries(tokens)) assert.equal((await of(url))?.token, token, url);
  assert.equal((await of('https://git.example.com:8443/o/r'))?.username, 'oauth2');
});

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

/** A GitHub that gives out tokens of installations; `livesMs` is how long they live. */
async function appHost(t: TestContext) {
  const asked: string[] = [];
  const host = { asked, livesMs: 3_600_000, status: 201, origin: '' };
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(host.status, { 'content-type': 'application/json' });
    const expires = new Date(Date.now() + host.livesMs).toISOString();
    response.end(JSON.stringify({ token: `ghs_${asked.length}`, expires_at: expires, permissions: {} }));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  host.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return host;
}

test('an App alone gives git the tokens of its installations, by owner, asked for anew before they end (C-106)', async t => {
  const host = await appHost(t);
  const app = { id: 7, privateKey, installation: 1, installations: { acme: 11, 'Octo-Org': 12 } };
  const of = tokensOf({ lab: { kind: 'github', baseUrl: host.origin, app } });
  const first = await of(`${host.origin}/acme/private`);
  assert.deepEqual(first, { username: 'x-access-token', token: 'ghs_1' });
  assert.deepEqual(await of(`${host.origin}/Acme/other.git`), first, 'it is shared until it ends');
  assert.equal((await of(`${host.origin}/octo-org/x`))?.token, 'ghs_2');
  assert.equal((await of(`${host.origin}/somebody/x`))?.token, 'ghs_3');
  assert.deepEqual(
    host.asked.map(path => /installations\/(\d+)/.exec(path)?.[1]),
    ['11', '12', '1'],
  );
  host.livesMs = 60_000;
  const short = tokensOf({ lab: { kind: 'github', baseUrl: host.origin, app: { ...app, id: 8 } } });
  await short(`${host.origin}/acme/x`);
  await short(`${host.origin}/acme/x`);
  assert.equal(host.asked.length, 5, 'one that ends soon is not handed out again');
});

test('an App whose installation is gone says so, and one without a place for the owner gives nothing (C-106)', async t => {
  const host = await appHost(t);
  const app = { id: 9, privateKey, installations: { acme: 11 } };
  const of = tokensOf({ lab: { kind: 'github', baseUrl: host.origin, app } });
  assert.equal(await of(`${host.origin}/other/x`), undefined);
  assert.deepEqual(host.asked, []);
  host.status = 404;
  await assert.rejects(of(`${host.origin}/acme/x`), {
    code: 'token_refused',
    message: /no such installation/,
  });
});
