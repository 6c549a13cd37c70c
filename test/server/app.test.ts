import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import type { AppOptions } from '../../src/server/app-options.ts';
import { assertProblem, servedApp } from '../support/served-app.ts';
import { type StubBehaviour, SUMMARY, stationStub } from '../support/station-stub.ts';

function serve(behaviour: StubBehaviour = {}, options: Partial<AppOptions> = {}) {
  const station = stationStub(behaviour);
  return { station, ...servedApp({ station, ...options }) };
}

test('POST /bake answers 202 at once with the address of its run, which then answers (R-1)', async () => {
  const { ask, post, station } = serve();
  const answer = await post('/bake', { url: 'https://example.org/x' });
  assert.deepEqual([answer.status, answer.headers.get('location')], [202, '/api/v1/runs/7']);
  assert.deepEqual([answer.body.state, answer.body.summary], ['waiting', null]);
  assert.deepEqual(station.asked, ['https://example.org/x']);
  const run = await ask('/api/v1/runs/7');
  assert.deepEqual([run.status, run.body.state], [200, 'done']);
  for (const id of ['8', '0', '-1', 'x', '7e0', '99999999999999999999']) {
    assertProblem(await ask(`/api/v1/runs/${id}`), 404, 'not_found');
  }
});

test('wait answers with the summary, or with the error under its own status: never success for a failure (R-2)', async () => {
  const done = await serve().post('/bake', { url: 'https://example.org/x', wait: true });
  assert.deepEqual([done.status, done.body.summary], [200, SUMMARY]);
  for (const [code, status] of [
    ['not_a_repository', 422],
    ['authentication_required', 422],
    ['connection_lost', 502],
    ['timed_out', 504],
    ['disk_full', 507],
    ['internal', 500],
    ['cancelled', 503],
  ] as const) {
    const { post } = serve({ runError: new SluiceError(code, 'what went wrong') });
    const failed = await post('/bake', { url: 'https://example.org/x', wait: true });
    assertProblem(failed, status, code);
    assert.ok(failed.body.run, 'the run comes along');
  }
});

test('Life cycle: who waits for a run when the station stops gets 503 at once (S-23)', async () => {
  const stopping = new AbortController();
  const { post } = serve({ runsHang: true }, { stopping: stopping.signal });
  const waiting = post('/bake', { url: 'https://example.org/x', wait: true });
  stopping.abort();
  assertProblem(await waiting, 503, 'stopping');
});

test('bodies that are not what they should be get 400 or 413 with what is wrong (R-2)', async () => {
  const { post, ask, station } = serve();
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    ['', /not JSON/],
    ['{"url": ', /not JSON/],
    ['null', /body/],
    ['[]', /body/],
    ['"x"', /body/],
    [{}, /url/],
    [{ url: '' }, /url/],
    [{ url: 7 }, /url/],
    [{ url: ['x'] }, /url/],
    [{ url: 'x', wait: 'yes' }, /wait/],
    [{ url: 'x', wiat: true }, /wiat/],
    [{ url: 5, wait: 5 }, /url.*wait/],
  ];
  for (const [body, detail] of wrong) {
    const answer = await post('/bake', body);
    assertProblem(answer, 400, 'body_invalid');
    assert.match(String(answer.body.detail), detail);
  }
  const huge = { url: `https://example.org/${'x'.repeat(2000)}` };
  assertProblem(await post('/bake', huge), 413, 'body_too_large');
  // Without a length given beforehand it is counted as it comes.
  const endless = new ReadableStream({ pull: stream => stream.enqueue(new Uint8Array(600)) });
  const streamed = await ask('/bake', { method: 'POST', body: endless, duplex: 'half' } as RequestInit);
  assertProblem(streamed, 413, 'body_too_large');
  assert.deepEqual(station.asked, []);
});

test('what nobody has shown a token or signature for costs next to nothing (S-100)', async () => {
  const none = serve({ noWebhooks: true }, { token: 'x' });
  let pulled = 0;
  const body = new ReadableStream({
    pull: stream => {
      pulled += 1;
      stream.enqueue(new Uint8Array(1000));
    },
  });
  const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
  assertProblem(await none.ask('/webhooks/github', init), 401, 'signature_invalid');
  assert.ok(pulled <= 1, `${pulled} pieces of the body were asked for`);
  const { ask, post, station } = serve({}, { token: 'x', maxBodyBytes: 2 ** 20 });
  assertProblem(await post('/api/v1/session', { token: 'y'.repeat(5000) }), 413, 'body_too_large');
  assert.equal((await post('/webhooks/github', 'x'.repeat(3000))).status, 202);
  assert.deepEqual(station.asked, ['3000 bytes']);
  // Spelled in another way, a path is still what it is.
  for (const path of ['/%6detrics', '/%61pi/v1/runs', '/./metrics', '/metrics'])
    assertProblem(await ask(path), 401, 'unauthorized');
});

test('faults of a body are named, but not thousands of them, and no depth of nesting is followed (S-100)', async () => {
  const { post } = serve({}, { maxBodyBytes: 2 ** 20 });
  const many = await post('/api/v1/changesets/sync', { urls: Array.from({ length: 900 }, () => 1) });
  assertProblem(many, 400, 'body_invalid', /and \d+ more$/);
  assert.ok(many.text.length < 5000);
  const keys = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, 1]));
  assert.ok((await post('/bake', { url: 'x', ...keys })).text.length < 5000);
  assertProblem(await post('/bake', '['.repeat(500_000)), 400, 'body_invalid', /nested deeper/);
});

test('Methods: those that a path does not take get 405 with Allow, OPTIONS 204 with Allow, HEAD as GET without a body (R-1, S-14)', async () => {
  const { ask } = serve();
  for (const [path, method, allow] of [
    ['/bake', 'GET', 'OPTIONS, POST'],
    ['/bake', 'PUT', 'OPTIONS, POST'],
    ['/bake', 'DELETE', 'OPTIONS, POST'],
    ['/ping', 'POST', 'GET, HEAD, OPTIONS'],
    ['/', 'POST', 'GET, HEAD, OPTIONS'],
    ['/api/v1/runs/7', 'DELETE', 'GET, HEAD, OPTIONS'],
  ] as const) {
    const refused = await ask(path, { method });
    assertProblem(refused, 405, 'method_not_allowed');
    assert.equal(refused.headers.get('allow'), allow);
    const options = await ask(path, { method: 'OPTIONS' });
    assert.deepEqual([options.status, options.headers.get('allow'), options.text], [204, allow, '']);
  }
  const head = await ask('/', { method: 'HEAD' });
  assert.deepEqual([head.status, head.text], [200, '']);
});

test('Unknown paths get 404 as a problem, traversals too (S-14)', async () => {
  const { ask } = serve();
  for (const path of [
    '/nothing',
    '/api/v1/nothing',
    '/..%2f..%2fpackage.json',
    '/tsconfig.json',
    '/%00',
    '//bake',
  ]) {
    assertProblem(await ask(path), 404, 'not_found');
  }
});

test('Queries: unknown and ill-typed parameters get 400 (S-14)', async () => {
  const { ask } = serve();
  for (const path of [
    '/api/v1/runs?limit=0',
    '/api/v1/runs?limit=x',
    '/api/v1/runs?page=2',
    '/api/v1/insights/commits?by=fortnight',
    '/api/v1/insights/authors?limit=1e9',
  ]) {
    assertProblem(await ask(path), 400, 'usage');
  }
  assertProblem(await ask('/api/v1/insights/commits?repo=https://example.org/none'), 404, 'not_found');
});

test('Health: 503 when the database cannot be read or the station is not ready; an inner fault tells nothing of itself (S-14, S-18)', async () => {
  assert.equal((await serve().ask('/healthz')).status, 200);
  const gone = await serve({ databaseError: new SluiceError('database_invalid', 'x') }).ask('/healthz');
  assert.deepEqual([gone.status, gone.body.code], [503, 'database_invalid']);
  assert.equal((await serve({ databaseError: new Error('disk I/O error') }).ask('/healthz')).status, 503);
  assert.equal((await serve({ ready: false }).ask('/readyz')).status, 503);
  const journalTrouble = { code: 'disk_full', message: 'no room', hint: 'Make some.' } as const;
  const held = await serve({ journalTrouble }).ask('/readyz');
  assert.equal(held.status, 503);
  assert.match(held.text, /journal.*disk_full/);
  const internal = await serve().ask('/api/v1/status');
  assertProblem(internal, 500, 'internal');
  assert.ok(!internal.text.includes('42'));
});

test('Host and Origin: other names and pages of other sites are refused (DNS rebinding) (S-17)', async () => {
  const { ask, post } = serve({}, { hostNames: ['sluice.example.com', 'fd00::7'] });
  for (const host of ['localhost', '127.0.0.1:8750', '[::1]:8750', 'SLUICE.example.com', '[fd00::7]:80']) {
    assert.equal((await ask('/ping', { headers: { host } })).status, 200, host);
  }
  for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:8750', '']) {
    assertProblem(await ask('/ping', { headers: { host } }), 421, 'host_refused');
  }
  const url = 'https://example.org/x';
  assert.equal((await post('/bake', { url }, { origin: 'http://localhost:8750' })).status, 202);
  for (const origin of ['http://evil.example', 'http://localhost:9999', 'null', 'nonsense']) {
    assertProblem(await post('/bake', { url }, { origin }), 421, 'host_refused');
  }
});

test('Token: asked for on everything that tells or changes something; Bearer or a session cookie will do (S-16)', async () => {
  const { ask, post } = serve({}, { token: 'correct horse' });
  for (const path of ['/', '/icon.svg', '/ping', '/healthz', '/readyz']) {
    assert.equal((await ask(path)).status, 200, path);
    assert.equal((await ask(path, { method: 'HEAD' })).status, 200, path);
  }
  for (const path of ['/api/v1/repositories', '/api/v1/runs', '/api/v1/status']) {
    const refused = await ask(path);
    assertProblem(refused, 401, 'unauthorized');
    assert.equal(refused.headers.get('www-authenticate'), 'Bearer');
  }
  assertProblem(await post('/bake', { url: 'https://example.org/x' }), 401, 'unauthorized');
  for (const authorization of ['Bearer wrong', 'Bearer', 'Basic correct horse', 'Bearer correct horse2']) {
    assert.equal(
      (await ask('/api/v1/repositories', { headers: { authorization } })).status,
      401,
      authorization,
    );
  }
  const bearer = { authorization: 'Bearer correct horse' };
  assert.equal((await ask('/api/v1/repositories', { headers: bearer })).status, 200);

  assertProblem(await post('/api/v1/session', { token: 'wrong' }), 401, 'unauthorized');
  const session = await post('/api/v1/session', { token: 'correct horse' });
  const cookie = session.headers.get('set-cookie') ?? '';
  assert.equal(session.status, 204);
  assert.match(cookie, /^sluice_session=[\w-]{40,};/);
  for (const flag of ['HttpOnly', 'SameSite=Strict', 'Path=/']) assert.ok(cookie.includes(flag), cookie);
  assert.ok(!cookie.includes('correct'));
  const withCookie = { cookie: cookie.split(';')[0] ?? '' };
  assert.equal((await ask('/api/v1/repositories', { headers: withCookie })).status, 200);
  assert.equal((await post('/bake', { url: 'https://example.org/x' }, withCookie)).status, 202);
});

test('A token that reads only sees everything and changes nothing, by Bearer and in a session; behind TLS the cookie is Secure (S-512)', async () => {
  const { ask, post } = serve({}, { token: 'all', readToken: 'look' });
  const bearer = { authorization: 'Bearer look' };
  assert.equal((await ask('/api/v1/repositories', { headers: bearer })).status, 200);
  assertProblem(await post('/bake', { url: 'https://example.org/x' }, bearer), 403, 'read_only');
  assertProblem(
    await ask('/api/v1/repositories?url=x', { method: 'DELETE', headers: bearer }),
    403,
    'read_only',
  );
  const session = await post('/api/v1/session', { token: 'look' }, { origin: 'http://localhost:8750' });
  const cookie = session.headers.get('set-cookie') ?? '';
  assert.doesNotMatch(cookie, /Secure/);
  const withCookie = { cookie: cookie.split(';')[0] ?? '' };
  assert.equal((await ask('/api/v1/repositories', { headers: withCookie })).status, 200);
  assertProblem(await post('/api/v1/deliveries/sync', {}, withCookie), 403, 'read_only');
  assert.equal(
    (await post('/bake', { url: 'https://example.org/x' }, { authorization: 'Bearer all' })).status,
    202,
  );
  for (const [name, value] of [
    ['x-forwarded-proto', 'https'],
    ['origin', 'https://localhost:8750'],
  ] as const) {
    const secure = await post('/api/v1/session', { token: 'all' }, { [name]: value });
    assert.match(secure.headers.get('set-cookie') ?? '', /; Secure/, name);
  }
});

test('Every answer, errors too, carries the security headers (S-17)', async () => {
  const { ask, post } = serve({}, { token: 'x' });
  const answers = [
    ask('/'),
    ask('/ping'),
    ask('/nothing'),
    ask('/bake'),
    post('/bake', '{'),
    ask('/api/v1/repositories'),
  ];
  answers.push(ask('/ping', { headers: { host: 'evil.example' } }), ask('/bake', { method: 'OPTIONS' }));
  for (const { headers } of await Promise.all(answers)) {
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.ok(!policy.includes('unsafe'));
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin');
  }
});
