import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApp } from '../../src/server/app.ts';
import type { AppOptions } from '../../src/server/app-options.ts';
import { EventFeed } from '../../src/station/event-feed.ts';
import { appOptions, assertProblem, servedApp } from '../support/served-app.ts';
import { stationStub } from '../support/station-stub.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const CHANGE = { type: 'configuration', data: { reloadedAt: '2026-01-01T00:00:00.000Z' } } as const;

function serve(options: Partial<AppOptions> = {}) {
  const feed = new EventFeed('feed');
  const clock = new VirtualClock();
  const app = createApp(appOptions({ station: { ...stationStub(), events: feed }, clock, ...options }));
  const open = async (headers: Record<string, string> = {}, method = 'GET') => {
    const request = { method, headers: { host: 'localhost:8750', ...headers } };
    const response = await app.fetch(new Request('http://localhost:8750/events', request));
    const reader = response.body?.getReader();
    return { response, next: async () => new TextDecoder().decode((await reader?.read())?.value), reader };
  };
  return { feed, clock, open };
}

test('events come with ids; who comes back gets what was missed, or a reset where that is not known (A-535)', async () => {
  const { feed, open, clock } = serve();
  const first = await open();
  assert.equal(first.response.headers.get('content-type'), 'text/event-stream');
  assert.equal(await first.next(), 'retry: 2000\n\n');
  assert.equal(await first.next(), 'id: feed.0\nevent: reset\ndata: {}\n\n');
  feed.append(CHANGE);
  assert.match(await first.next(), /^id: feed\.1\nevent: configuration\ndata: \{"reloadedAt":.*\}\n\n$/);
  await clock.advance(15_000);
  assert.equal(await first.next(), ':\n\n');
  await first.reader?.cancel();
  assert.equal(feed.readers, 0);
  feed.append(CHANGE);
  const back = await open({ 'last-event-id': 'feed.1' });
  await back.next();
  assert.match(await back.next(), /^id: feed\.2\n/);
  for (const id of ['feed.3', 'other.1', 'feed.x', 'feed', '']) {
    const anew = await open({ 'last-event-id': id });
    await anew.next();
    assert.match(await anew.next(), /^id: feed\.2\nevent: reset\n/, id);
  }
  for (let count = 0; count < 3000; count += 1) feed.append(CHANGE);
  const late = await open({ 'last-event-id': 'feed.1' });
  await late.next();
  assert.match(await late.next(), /event: reset/);
  feed.forget();
  const forgotten = await open({ 'last-event-id': 'feed.3002' });
  await forgotten.next();
  assert.match(await forgotten.next(), /event: reset/);
});

test('readers are bounded, slow ones are cut off, and all leave with the station (A-536)', async () => {
  const stopping = new AbortController();
  const { feed, open } = serve({ stopping: stopping.signal });
  const slow = await open();
  for (let count = 0; count < 5000 && feed.readers > 0; count += 1) feed.append(CHANGE);
  assert.equal(feed.readers, 0);
  await slow.reader?.cancel();
  assert.equal((await open({}, 'HEAD')).response.status, 200);
  assert.equal(feed.readers, 0);
  const many = [];
  for (let count = 0; count < 16; count += 1) many.push(await open());
  const { response } = await open();
  assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '10']);
  await many[0]?.reader?.cancel();
  assert.equal((await open()).response.status, 200);
  stopping.abort();
  assert.equal(feed.readers, 0);
  assert.equal((await open()).response.status, 503);
});

test('with a token set nobody reads events without it (S-16)', async () => {
  assertProblem(await servedApp({ token: 'right' }).ask('/events'), 401, 'unauthorized');
});
