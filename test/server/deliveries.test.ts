import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import type { FailedSelection } from '../../src/deliver/failed.ts';
import type { RecordFilter } from '../../src/keep/local/journal.ts';
import { cursorOf } from '../../src/server/cursor.ts';
import type { StationApi } from '../../src/station/station-api.ts';
import { asJson, assertProblem, servedApp } from '../support/served-app.ts';
import { stationStub } from '../support/station-stub.ts';

/** The server's part alone; `calls` tells what reached delivery. */
function serve(deliveries: Partial<StationApi['deliveries']> = {}, token?: string) {
  const stub = stationStub();
  const calls = {
    filters: [] as RecordFilter[],
    retried: [] as FailedSelection[],
    dropped: [] as FailedSelection[],
  };
  const station: StationApi = {
    ...stub,
    deliveries: {
      ...stub.deliveries,
      list: filter => {
        calls.filters.push(filter);
        return [];
      },
      retryFailed: async selection => {
        calls.retried.push(selection);
        return [];
      },
      dropFailed: async selection => {
        calls.dropped.push(selection);
        return [];
      },
      ...deliveries,
    },
  };
  const { ask } = servedApp({ station, token });
  return {
    calls,
    ask: (method: string, path: string, init: RequestInit = {}) => ask(path, { method, ...init }),
  };
}

test('HTTP: the list of deliveries takes a filter in the query and has a bound (S-19)', async () => {
  const { ask, calls } = serve();
  const query = 'state=failed&profile=p&bucket=b&search=a%2Fb&cause=access_denied&limit=3&cursor=';
  assert.deepEqual((await ask('GET', `/api/v1/deliveries?${query}${cursorOf([9])}`)).body, {
    deliveries: [],
    total: 0,
    next: null,
  });
  assert.equal((await ask('GET', '/api/v1/deliveries')).status, 200);
  const all = { limit: 3, states: ['failed'], profile: 'p', bucket: 'b', text: 'a/b' };
  assert.deepEqual(asJson(calls.filters), [
    { ...all, errorCode: 'access_denied', order: 'newest', reverse: false, offset: 0, after: [9] },
    { order: 'newest', reverse: false, offset: 0, limit: 100 },
  ]);
});

test('HTTP: faults of a query are all reported, and none reaches the journal', async () => {
  const { ask, calls } = serve();
  const answer = await ask('GET', '/api/v1/deliveries?state=gone&limit=0&color=red');
  assertProblem(answer, 400, 'usage', /state.*limit.*color/);
  for (const query of ['limit=1001', 'limit=x', 'cursor=', 'cursor=x', `cursor=${cursorOf([1.5])}`]) {
    assertProblem(await ask('GET', `/api/v1/deliveries?${query}`), 400, 'usage', /limit|cursor/);
  }
  assert.deepEqual(calls.filters, []);
});

test('HTTP: a delivery that is not there is 404, and so is what is no number', async () => {
  const { ask } = serve();
  assertProblem(await ask('GET', '/api/v1/deliveries/12'), 404, 'not_found', /no delivery 12/);
  for (const id of ['x', '-1', '1.5', '99999999999999999999']) {
    const answer = await ask('GET', `/api/v1/deliveries/${id}`);
    assertProblem(answer, 404, 'not_found', /delivery|nothing/);
  }
});

test('HTTP: other methods are 405 with Allow', async () => {
  const { ask } = serve();
  for (const [method, path, allow] of [
    ['POST', '/api/v1/deliveries', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/api/v1/deliveries/1', 'GET, HEAD, OPTIONS'],
    ['GET', '/api/v1/deliveries/sync', 'OPTIONS, POST'],
    ['GET', '/api/deliveries/sync', 'OPTIONS, POST'],
    ['PUT', '/api/v1/deliveries/failed/retry', 'OPTIONS, POST'],
    ['GET', '/api/v1/deliveries/failed/drop', 'OPTIONS, POST'],
  ] as const) {
    const answer = await ask(method, path);
    assertProblem(answer, 405, 'method_not_allowed', /takes/);
    assert.equal(answer.headers.get('allow'), allow, path);
  }
});

test('retry and drop want to know which files, and do nothing otherwise (D-42)', async () => {
  const { ask, calls } = serve();
  for (const action of ['retry', 'drop']) {
    const path = `/api/v1/deliveries/failed/${action}`;
    for (const body of ['', '[]', '{}', '{"all": false}', '{"ids": ["1"]}', '{"ids": []}', '{"al": true}']) {
      assertProblem(await ask('POST', path, { body }), 400, 'body_invalid');
    }
    assertProblem(
      await ask('POST', path, { body: `{"match": "${'x'.repeat(1000)}"}` }),
      413,
      'body_too_large',
      /1000/,
    );
  }
  assert.deepEqual([calls.retried, calls.dropped], [[], []]);
  await ask('POST', '/api/v1/deliveries/failed/retry', { body: '{"match": "*.csv", "cause": "retry"}' });
  await ask('POST', '/api/v1/deliveries/failed/drop', { body: '{"ids": [3]}' });
  assert.deepEqual(calls.retried, [{ match: '*.csv', cause: 'retry' }]);
  assert.deepEqual(calls.dropped, [{ ids: [3] }]);
});

test('a manual sync over HTTP answers with counts, with the error while offline, and gets its caller’s signal (D-23)', async () => {
  for (const path of ['/api/v1/deliveries/sync', '/api/deliveries/sync']) {
    const answer = await serve().ask('POST', path);
    assert.deepEqual(
      [answer.status, answer.body],
      [200, { delivered: 0, failed: 0, waiting: 0, empty: 0, held: [] }],
    );
  }
  const down = serve({
    syncNow: () => Promise.reject(new SluiceError('host_unreachable', 'nothing answers at http://x')),
  });
  const refused = await down.ask('POST', '/api/v1/deliveries/sync');
  assert.ok(refused.status >= 500, refused.text);
  assertProblem(refused, refused.status, 'host_unreachable', /nothing answers/);
  const caller = new AbortController();
  let given: AbortSignal | undefined;
  const hanging = serve({
    syncNow: signal => {
      given = signal;
      caller.abort();
      return Promise.resolve({ delivered: 0, failed: 0, waiting: 0, empty: 0, held: [] });
    },
  });
  await hanging.ask('POST', '/api/v1/deliveries/sync', { signal: caller.signal });
  assert.equal(given?.aborted, true);
});

test('HTTP: with a token set, nothing about deliveries is shown or done without it (S-16)', async () => {
  const { ask, calls } = serve({}, 'a-token');
  for (const [method, path, body] of [
    ['GET', '/api/v1/deliveries', undefined],
    ['GET', '/api/v1/deliveries/1', undefined],
    ['POST', '/api/v1/deliveries/sync', undefined],
    ['POST', '/api/deliveries/sync', undefined],
    ['POST', '/api/v1/deliveries/failed/drop', '{"all": true}'],
  ] as const) {
    assertProblem(await ask(method, path, { body }), 401, 'unauthorized');
  }
  assert.deepEqual(calls, { filters: [], retried: [], dropped: [] });
});
