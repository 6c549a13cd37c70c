import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { copyFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { selfSigned } from '../support/certificates.ts';
import { sluice, standingPlace, startStation, until } from '../support/sluice.ts';

interface Asking {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** As a client does that trusts one certificate and knows the station by its name. */
function asks(url: string, ca: string, { path, method = 'GET', headers = {}, body }: Asking) {
  return new Promise<{ status: number | undefined; cookie: string; body: string }>((resolve, reject) => {
    const asking = request(
      url + path,
      {
        ca,
        method,
        headers: { host: 'station.example', ...headers },
        servername: 'station.example',
        agent: false,
      },
      async answer => {
        const cookie = String(answer.headers['set-cookie'] ?? '');
        resolve({ status: answer.statusCode, cookie, body: await text(answer) });
      },
    );
    asking.once('error', reject);
    asking.end(body);
  });
}

/** The fingerprint that a new connection is shown. */
function fingerprintAt(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { port: Number(new URL(url).port), host: '127.0.0.1', rejectUnauthorized: false },
      () => {
        resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
        socket.destroy();
      },
    );
    socket.once('error', reject);
  });
}

function curl(...args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise(resolve => {
    execFile('curl', ['-sS', '-m', '10', ...args], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    );
  });
}

test('the server speaks TLS 1.2 and later, to browsers, webhooks and commands; a renewed certificate is shown without a restart (S-620, S-621)', async t => {
  const cwd = standingPlace(t);
  const first = selfSigned(cwd, 'station.example');
  const renewed = selfSigned(standingPlace(t), 'station.example');
  const yaml = `repos: []
server:
  token: a long enough token
  hosts: [station.example]
  tls: {cert: station.example.crt, key: station.example.key}
hosts:
  code.example: {kind: github, webhookSecret: shh}
`;
  const station = await startStation(t, { cwd, yaml });
  const { url } = station;
  assert.match(url, /^https:\/\/127\.0\.0\.1:\d+$/);
  assert.equal((await asks(url, first.cert, { path: '/ping' })).body, 'pong\n');
  await assert.rejects(asks(url, renewed.cert, { path: '/ping' }), /self-signed certificate/);

  const resolved = [
    '--resolve',
    `station.example:${new URL(url).port}:127.0.0.1`,
    '--cacert',
    first.certFile,
  ];
  const named = `https://station.example:${new URL(url).port}/ping`;
  assert.deepEqual(await curl(...resolved, '--tls-max', '1.2', named), { code: 0, output: 'pong\n' });
  assert.deepEqual(await curl(...resolved, '--tlsv1.3', named), { code: 0, output: 'pong\n' });
  assert.equal((await curl(...resolved, '--tlsv1.0', '--tls-max', '1.1', named)).code, 35);

  const body = JSON.stringify({ token: 'a long enough token' });
  const headers = { 'content-type': 'application/json' };
  const session = await asks(url, first.cert, { path: '/api/v1/session', method: 'POST', headers, body });
  assert.match(session.cookie, /; Secure/);
  const hook = '{"zen": "x"}';
  const signature = `sha256=${createHmac('sha256', 'shh').update(hook).digest('hex')}`;
  const sent = { 'x-github-event': 'ping', 'x-github-delivery': '1', 'x-hub-signature-256': signature };
  const told = await asks(url, first.cert, {
    path: '/webhooks/github',
    method: 'POST',
    headers: { ...headers, ...sent },
    body: hook,
  });
  assert.equal(told.status, 202, told.body);

  // For 127.0.0.1 by another name, and by nobody's signature: commands know it by its file.
  const asked = await sluice(t, ['sync', 'now'], { cwd });
  assert.equal(asked.code, 0, asked.stderr);
  assert.match((await sluice(t, ['status'], { cwd })).stdout, /^station {3}up for /);
  // No line that is to be typed has the token, or leaves it out where it is wanted.
  const tried = /Try next[\s\S]*?\n\n/.exec(station.stdout())?.[0] ?? '';
  assert.match(tried, /deliveries ls\n.* status\n.* doctor\n/);
  assert.doesNotMatch(tried, /curl/);
  const doctor = await sluice(t, ['doctor'], { cwd });
  assert.match(doctor.stdout, /certificate .*expires on \d{4}-\d\d-\d\d, and has not been renewed/);

  const before = await fingerprintAt(url);
  // First the one and then the other, as who renews it does: the half of it changes nothing.
  copyFileSync(renewed.certFile, first.certFile);
  await station.printed(
    /the server's certificate is not renewed, the old one goes on: .* is not the key of the certificate/,
  );
  assert.equal(await fingerprintAt(url), before);
  copyFileSync(renewed.keyFile, first.keyFile);
  await until('the renewed one is shown', async () => (await fingerprintAt(url)) !== before);
  assert.equal((await asks(url, renewed.cert, { path: '/ping' })).body, 'pong\n');
  assert.equal((await sluice(t, ['sync', 'now'], { cwd })).code, 0);
});

test('what is wrong with certificate or key is said by file, at start and by the doctor (S-621)', async t => {
  const cwd = standingPlace(t);
  selfSigned(cwd, 'good');
  selfSigned(cwd, 'other');
  writeFileSync(join(cwd, 'text.pem'), 'no certificate\n');
  writeFileSync(join(cwd, 'locked.key'), '-----BEGIN ENCRYPTED PRIVATE KEY-----\nxx\n');
  const cases = [
    ['cert: none.pem, key: good.key', /server\.tls\.cert \S+none\.pem is not there/],
    [
      'cert: good.crt, key: other.key',
      /server\.tls\.key \S+other\.key is not the key of the certificate in \S+good\.crt/,
    ],
    ['cert: text.pem, key: good.key', /server\.tls\.cert \S+text\.pem holds no certificate in PEM/],
    ['cert: good.crt, key: text.pem', /server\.tls\.key \S+text\.pem holds no private key in PEM/],
    ['cert: good.crt, key: locked.key', /locked\.key is encrypted with a passphrase/],
  ] as const;
  for (const [tls, why] of cases) {
    writeFileSync(join(cwd, 'sluice.yaml'), `repos: []\nserver: {port: 0, tls: {${tls}}}\n`);
    const { code, stderr } = await sluice(t, ['up'], { cwd });
    assert.equal(code, 2, stderr);
    assert.match(stderr, why);
    const { stdout } = await sluice(t, ['doctor'], { cwd });
    assert.match(stdout, why);
  }
  writeFileSync(join(cwd, 'sluice.yaml'), 'server: {tls: {cert: good.crt}}\n');
  assert.match((await sluice(t, ['config', 'check'], { cwd })).stderr, /server\.tls\.key: is missing/);
});
