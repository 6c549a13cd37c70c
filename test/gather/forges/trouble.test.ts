import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { SluiceError } from '../../../src/base/errors.ts';
import { changesetsOf, recordingBudget, repositoriesOf, resultsOf } from '../../suites/forge-suite.ts';
import type { Fault } from '../../support/forge/server.ts';
import { KINDS, openForge } from './stand-ins.ts';

/** What a call to a faulty host throws, checked to hold no token. */
async function failureOf(call: Promise<unknown>): Promise<SluiceError> {
  const error = await call.then(
    () => assert.fail('no error'),
    (thrown: SluiceError) => thrown,
  );
  assert.doesNotMatch(
    JSON.stringify([error.message, error.hint, error.subject, error.stack]),
    /secret-token/,
  );
  return error;
}

const html: Fault = (_request, response) => {
  response.setHeader('content-type', 'text/html');
  response.end('<!doctype html><title>Sign in</title>');
  return 'answered';
};

for (const kind of KINDS) {
  test(`${kind}: a token that is revoked or expired, and none at all, are distinguished and named (C-17)`, async t => {
    const budget = recordingBudget();
    const credentials = [
      { kind: 'token' as const, id: 'token-1', identity: 'token-1', token: 'secret-token' },
    ];
    const { forge, standIn } = await openForge(t, kind, { credentials, budget });
    standIn.model.addRepository('acme/app');
    const refused = await failureOf(changesetsOf(forge, 'acme/app'));
    assert.equal(refused.code, 'token_refused');
    assert.match(refused.message, /token-1 of .* is not accepted: wrong, revoked or expired/);
    assert.equal(refused.answer, 'give-up');
    assert.doesNotMatch(JSON.stringify(budget.facts), /secret-token/);
    const { forge: bare } = await openForge(t, kind, { credentials: [] });
    const missing = await failureOf(changesetsOf(bare, 'acme/app'));
    assert.equal(missing.code, 'token_wanted');
    assert.match(missing.message, /wants a token/);
  });

  test(`${kind}: a host that answers a web page is no host that has lost the repository (T-6)`, async t => {
    const { forge, standIn } = await openForge(t, kind);
    standIn.faults.push(html);
    const page = await failureOf(changesetsOf(forge, 'acme/app'));
    assert.equal(page.code, 'forge_answer_invalid');
    assert.match(page.message, /with a web page \(HTTP 200\)/);
    standIn.faults.splice(0, 1, (request, response) => {
      response.statusCode = 404;
      return html(request, response);
    });
    assert.equal((await failureOf(changesetsOf(forge, 'acme/app'))).code, 'forge_answer_invalid');
    const ref = { host: forge.host, repository: 'acme/app', number: 1 };
    const outcomes = [...(await resultsOf(forge, [ref, { ...ref, number: 2 }])).values()];
    assert.deepEqual(
      outcomes.map(each => [each.outcome, each.outcome !== 'found' && each.error.code]),
      [
        ['failed', 'forge_answer_invalid'],
        ['failed', 'forge_answer_invalid'],
      ],
    );
    const several = [1, 2, 3, 4].map(number => ({ ...ref, number }));
    assert.equal((await failureOf(resultsOf(forge, several))).code, 'forge_answer_invalid');
  });

  test(`${kind}: answers by nobody's rules are the host's fault, and no listing ends by one (C-101)`, async t => {
    const { forge, standIn } = await openForge(t, kind);
    const ref = { host: forge.host, repository: 'acme/app', number: 1 };
    const answers: Record<string, (response: ServerResponse) => void> = {
      'not modified, though nothing was there to compare': response => response.writeHead(304).end(),
      'headers without measure': response =>
        response.writeHead(200, { 'x-y': 'z'.repeat(200_000) }).end('[]'),
      'a status that there is none of': response => {
        response.socket?.end('HTTP/1.1 999 x\r\ncontent-length: 2\r\n\r\n[]');
      },
      'packed, and not': response => response.writeHead(200, { 'content-encoding': 'gzip' }).end('[]'),
      'another protocol': response => {
        response.socket?.end('HTTP/1.1 101 x\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n');
      },
    };
    for (const [name, answer] of Object.entries(answers)) {
      standIn.faults[0] = (_request, response) => {
        answer(response);
        return 'answered';
      };
      const known = ['forge_answer_invalid', 'host_failing', 'connection_lost'];
      const listing = await failureOf(changesetsOf(forge, 'acme/app'));
      assert.ok(known.includes(listing.code), `${name}: ${listing.code} ${listing.message}`);
      assert.doesNotMatch(listing.message, /\n/);
      const [result] = (await resultsOf(forge, [ref])).values();
      assert.ok(result?.outcome === 'failed' && known.includes(result.error.code), name);
    }
  });

  test(`${kind}: a host that is down, silent, or breaks off is reported in one line each (T-5)`, async t => {
    const silent = await openForge(t, kind, { timeoutMs: 100 });
    silent.standIn.faults.push(() => 'answered');
    assert.equal((await failureOf(changesetsOf(silent.forge, 'acme/app'))).code, 'timed_out');
    const { forge, standIn } = await openForge(t, kind);
    standIn.faults[0] = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('[{"id":');
      setImmediate(() => response.destroy());
      return 'answered';
    };
    assert.equal((await failureOf(changesetsOf(forge, 'acme/app'))).code, 'connection_lost');
    standIn.faults[0] = (_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end('[{"id":');
      return 'answered';
    };
    const broken = await failureOf(changesetsOf(forge, 'acme/app'));
    assert.equal(broken.code, 'forge_answer_invalid');
    assert.match(broken.message, /ends in the middle/);
    standIn.faults[0] = () => ({ json: [{ surprise: true }] });
    assert.equal((await failureOf(changesetsOf(forge, 'acme/app'))).code, 'forge_answer_invalid');
    await standIn.stop();
    // The first call may still find a connection that was open.
    assert.match((await failureOf(changesetsOf(forge, 'acme/app'))).code, /connection_lost|host_unreachable/);
    const down = await failureOf(changesetsOf(forge, 'acme/app'));
    assert.equal(down.code, 'host_unreachable');
    assert.equal(down.answer, 'retry');
  });

  test(`${kind}: a limit at zero says when it ends, and is reported to the budget (C-13)`, async t => {
    const budget = recordingBudget();
    const { forge, standIn } = await openForge(t, kind, { budget });
    standIn.faults.push(() => ({
      status: 429,
      json: { message: 'Too Many Requests' },
      headers: { 'retry-after': '90' },
    }));
    const limited = await failureOf(changesetsOf(forge, 'acme/app'));
    assert.equal(limited.code, 'rate_limited');
    assert.equal(limited.retryAfterMs, 90_000);
    assert.match(limited.message, /again from \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC on/);
    assert.equal(budget.facts.at(-1)?.retryAfterMs, 90_000);
  });

  test(`${kind}: half a listing then an error: what came is kept, the error follows (T-9)`, async t => {
    const { forge, standIn } = await openForge(t, kind);
    const repository = standIn.model.addRepository('acme/app');
    for (let i = 0; i < 150; i += 1) standIn.model.addChangeset(repository);
    let calls = 0;
    standIn.faults.push(() => {
      calls += 1;
      return calls > 1 ? { status: 502, json: { message: 'Bad Gateway' } } : undefined;
    });
    const pages = forge.listChangesets('acme/app')[Symbol.asyncIterator]();
    const first = await pages.next();
    assert.ok(first.value?.changesets.length >= 50);
    const failure = await failureOf(pages.next());
    assert.equal(failure.code, 'host_failing');
    assert.match(failure.message, /HTTP 502: Bad Gateway/);
  });

  test(`${kind}: a redirect to another host is not followed, and the token does not go there (T-7)`, async t => {
    let requests = 0;
    const elsewhere = createServer((_request, response) => {
      requests += 1;
      response.end('[]');
    });
    await new Promise<void>(resolve => elsewhere.listen(0, '127.0.0.1', resolve));
    t.after(() => new Promise(resolve => elsewhere.close(resolve)));
    const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/x`;
    const { forge, standIn } = await openForge(t, kind);
    standIn.faults.push(() => ({ status: 302, json: {}, headers: { location } }));
    const moved = await failureOf(changesetsOf(forge, 'acme/app'));
    assert.equal(moved.code, 'repository_moved');
    assert.equal(requests, 0);
  });

  test(`${kind}: times of a host whose clock is an hour ahead are brought to this machine's (C-13, T-13)`, async t => {
    const budget = recordingBudget();
    const { forge, standIn } = await openForge(t, kind, { budget });
    standIn.skewMs = 3_600_000;
    const resetSeconds = Math.floor((Date.now() + standIn.skewMs) / 1000) + 600;
    const repository = standIn.model.addRepository('acme/app');
    standIn.model.addChangeset(repository);
    const rates = { 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': String(resetSeconds) };
    standIn.faults.push((_request, response) => {
      for (const [name, value] of Object.entries(rates)) response.setHeader(name, value);
      return undefined;
    });
    let asOfMs = 0;
    for await (const page of forge.listChangesets('acme/app')) asOfMs = page.asOfMs;
    const facts = budget.facts.at(-1);
    assert.ok(Math.abs((facts?.clockSkewMs ?? 0) - 3_600_000) < 2000);
    assert.ok(Math.abs((facts?.resetAtMs ?? 0) - Date.now() - 600_000) < 5000, 'reset on this clock');
    assert.ok(Math.abs(asOfMs - Date.now() - 3_600_000) < 5000, 'as of, on the host’s clock');
  });

  test(`${kind}: stopping ends a call at once with "cancelled"`, async t => {
    const { forge, standIn } = await openForge(t, kind);
    const controller = new AbortController();
    standIn.faults.push(() => {
      controller.abort();
      return 'answered';
    });
    const call = changesetsOf(forge, 'acme/app', { signal: controller.signal });
    assert.equal((await failureOf(call)).code, 'cancelled');
  });
}

test('GitHub: a token without a scope is refused with the one that is wanted (C-17)', async t => {
  const { forge, standIn } = await openForge(t, 'github');
  standIn.faults.push(() => ({
    status: 403,
    json: { message: 'Resource not accessible by personal access token' },
    headers: { 'x-accepted-oauth-scopes': 'repo', 'x-oauth-scopes': 'read:user' },
  }));
  const failure = await failureOf(repositoriesOf(forge, 'acme'));
  assert.equal(failure.code, 'scope_missing');
  assert.match(failure.message, /wanted: repo; the token has: read:user/);
});

test('GitHub: primary, secondary and GraphQL limits, each with its own wait (C-13)', async t => {
  const budget = recordingBudget();
  const { forge, standIn } = await openForge(t, 'github', { budget });
  const ref = { host: forge.host, repository: 'acme/app', number: 1 };
  const reset = Math.floor(Date.now() / 1000) + 1200;
  const zero = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) };
  standIn.faults[0] = () => ({ status: 403, json: { message: 'API rate limit exceeded' }, headers: zero });
  standIn.remaining = 0;
  const primary = await failureOf(changesetsOf(forge, 'acme/app'));
  assert.equal(primary.code, 'rate_limited');
  assert.ok(Math.abs((primary.retryAfterMs ?? 0) - 1_200_000) < 620_000);
  standIn.remaining = 4000;
  standIn.faults[0] = () => ({
    status: 403,
    json: { message: 'You have exceeded a secondary rate limit.' },
    headers: { 'retry-after': '60' },
  });
  const secondary = await failureOf(changesetsOf(forge, 'acme/app'));
  assert.deepEqual([secondary.code, secondary.retryAfterMs], ['rate_limited', 60_000]);
  assert.equal(budget.facts.at(-1)?.limitReached, 'pace');
  standIn.faults[0] = () => ({
    json: { errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] },
  });
  assert.equal((await failureOf(resultsOf(forge, [ref]))).code, 'rate_limited');
  for (const json of [[], {}]) {
    standIn.faults[0] = () => ({ json });
    const result = (await resultsOf(forge, [ref])).get(1);
    assert.ok(result?.outcome === 'failed', 'nothing is not "missing"');
    assert.equal(result.error.code, 'forge_answer_invalid');
  }
});

test('GitHub: where the host fails over a batch it is asked for fewer; where it is down, it is left alone (C-5)', async t => {
  const { forge, standIn } = await openForge(t, 'github');
  const repository = standIn.model.addRepository('acme/app');
  for (let i = 0; i < 60; i += 1) standIn.model.addChangeset(repository);
  const refs = standIn.model
    .of(repository)
    .map(({ number }) => ({ host: forge.host, repository: 'acme/app', number }));
  const asked = (body: string): number =>
    Object.keys(JSON.parse(body).variables).filter(name => name.startsWith('i')).length;
  const tooMuch: Fault = ({ body }) =>
    asked(body) > 15 ? { status: 502, json: { message: 'took too long' } } : undefined;
  standIn.faults.push(tooMuch);
  const results = await resultsOf(forge, refs);
  assert.equal([...results.values()].filter(({ outcome }) => outcome === 'found').length, 60);
  assert.ok(standIn.log.length <= 7, `${standIn.log.length} calls`);
  standIn.log.length = 0;
  standIn.faults[0] = () => ({ status: 502, json: { message: 'down' } });
  assert.equal((await failureOf(resultsOf(forge, refs))).code, 'host_failing');
  assert.ok(standIn.log.length <= 6, `${standIn.log.length} calls to a host that is down`);
});

for (const kind of KINDS) {
  test(`${kind}: of three tokens one is revoked and one used up: the calls go with the third (C-102)`, async t => {
    const credentials = ['revoked', 'used-up', 'good'].map((token, index) => ({
      kind: 'token' as const,
      id: `token-${index + 1}`,
      identity: token,
      token,
    }));
    const budget = recordingBudget();
    const { forge, standIn } = await openForge(t, kind, { credentials, budget });
    const repository = standIn.model.addRepository('acme/app');
    standIn.model.addChangeset(repository);
    standIn.faults.push(({ headers }) =>
      JSON.stringify(headers).includes('used-up')
        ? { status: 429, json: { message: 'slow' }, headers: { 'retry-after': '60' } }
        : undefined,
    );
    assert.equal((await changesetsOf(forge, 'acme/app')).length, 1);
    const ref = { host: forge.host, repository: 'acme/app', number: 1 };
    assert.equal((await resultsOf(forge, [ref])).get(1)?.outcome, 'found');
    const refused = budget.facts.filter(({ errorCode }) => errorCode === 'token_refused');
    assert.deepEqual([...new Set(refused.map(({ credential }) => credential))], ['revoked']);
  });

  test(`${kind}: a 401 of one address alone is not held against the token (C-102)`, async t => {
    const budget = recordingBudget();
    const { forge, standIn } = await openForge(t, kind, { budget });
    standIn.faults.push(({ url }) =>
      /rate_limit|user$/.test(url.pathname) ? undefined : { status: 401, json: { message: 'no' } },
    );
    for (let i = 0; i < 3; i += 1) {
      assert.equal((await failureOf(changesetsOf(forge, 'acme/app'))).code, 'scope_missing');
    }
    assert.deepEqual(
      budget.facts.filter(({ errorCode }) => errorCode === 'token_refused'),
      [],
    );
    const checks = standIn.log.filter(({ path }) => /rate_limit|user$/.test(path));
    assert.equal(checks.length, 1, 'the token is asked about once a minute at the most');
  });
}

test('what a proxy has packed unasked, or begun with a byte order mark, is read (C-101)', async t => {
  const { forge, standIn } = await openForge(t, 'gitea');
  standIn.model.addChangeset(standIn.model.addRepository('acme/app'));
  const packers = {
    gzip: gzipSync,
    deflate: deflateSync,
    br: brotliCompressSync,
    '': (text: Buffer) => text,
  };
  for (const [encoding, pack] of Object.entries(packers)) {
    standIn.faults[0] = (_request, response) => {
      const end = response.end.bind(response);
      if (encoding !== '') response.setHeader('content-encoding', encoding);
      response.end = ((text: string) => end(pack(Buffer.from(`\uFEFF${text}`)))) as typeof response.end;
      return undefined;
    };
    assert.equal((await changesetsOf(forge, 'acme/app')).length, 1, encoding);
  }
  standIn.faults[0] = (_request, response) => {
    response.setHeader('content-encoding', 'gzip');
    response.end('no gzip');
    return 'answered';
  };
  assert.equal((await failureOf(changesetsOf(forge, 'acme/app'))).code, 'forge_answer_invalid');
});
