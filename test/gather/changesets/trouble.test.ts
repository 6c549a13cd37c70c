import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError, toErrorRecord } from '../../../src/base/errors.ts';
import {
  followingMany,
  followMany,
  HOUR_MS,
  syncedCount,
  type TestChangesets,
  testChangesets,
  trackOne,
} from '../../support/changesets.ts';
import type { Fault } from '../../support/forge/server.ts';

const MINUTE_MS = 60_000;
const MANY = 120;

/** Lets hours pass in steps, the host's answers arriving in between. */
async function pass({ clock }: TestChangesets, ms: number, stepMs = MINUTE_MS): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    // Most of it as a jump: polling each second of a day would take the test as long as a day of polls.
    clock.jump(stepMs - 1000);
    await clock.advance(1000);
    await new Promise(resolve => setTimeout(resolve, 1));
  }
}

test('what is open in a repository is found, synced in batches, and left when the configuration leaves it (C-1, C-2, C-5)', async t => {
  const station = await testChangesets(t);
  await followMany(station, 120);
  // Two pages of a listing and three batches, where 120 calls would have done it one by one.
  assert.ok(station.calls() <= 8, `${station.calls()} calls`);
  const newest = station.standIn.model.addChangeset(station.standIn.model.repositories[0] as never, {
    createdAtMs: station.clock.nowMs(),
    updatedAtMs: station.clock.nowMs(),
  });
  await pass(station, 11 * MINUTE_MS);
  await station.until(async () => (await syncedCount(station)) === 121);
  assert.equal((await station.changesets.find(station.urlOf('acme/many', newest.number))).state, 'open');
  await station.configure({});
  const totals = await station.changesets.totals();
  assert.equal(
    totals.reduce((sum, { followed }) => sum + followed, 0),
    0,
  );
  assert.equal((await station.queue.counts()).size, 0);
});

test('a token that is revoked stops the host with one message, and a new one sets it going (C-17)', async t => {
  const tokens = ['good', 'new'];
  const station = await testChangesets(t, { tokens });
  await followMany(station, MANY);
  tokens.splice(0, 1);
  const before = station.calls();
  await pass(station, 50 * MINUTE_MS);
  assert.ok(station.calls() - before <= 4, `${station.calls() - before} calls with a refused token`);
  const reported = station.warnings.filter(line => /is on hold/.test(line));
  assert.equal(reported.length, 1, reported.join('\n'));
  assert.equal(station.changesets.holds()[0]?.kind, 'refused');
  assert.match((await station.changesets.list({}, { limit: 1 }))[0]?.next?.reason ?? '', /stopped: .*token/);
  assert.equal(
    (await station.changesets.totals()).reduce((sum, { failing }) => sum + failing, 0),
    0,
  );
  await station.configure({ ...followingMany(station), host: { token: 'new' } });
  const again = station.ended.length;
  await pass(station, 2 * MINUTE_MS, 1000);
  await station.until(() => station.ended.slice(again).some(({ ending }) => ending === 'done'));
  assert.deepEqual(station.changesets.holds(), []);
});

test('one token of three that is revoked, lacks a scope or is used up costs a call, not the host (C-140)', async t => {
  const tokens = ['good', 'two', 'three'];
  const station = await testChangesets(t, { tokens });
  const { standIn, changesets, until, ended } = station;
  await followMany(station, MANY, { host: { tokens: ['two', 'three'] } });
  const asked = (token: string): number =>
    standIn.log.filter(({ headers }) => headers.authorization === `Bearer ${token}`).length;
  assert.ok(
    tokens.every(token => asked(token) > 0),
    'all of them had work from the start',
  );
  const answers: readonly Fault[] = [
    () => ({ status: 401, json: { message: 'Bad credentials' } }),
    () => ({ status: 403, json: { message: 'Resource not accessible by personal access token' } }),
    () => ({
      status: 403,
      json: { message: 'API rate limit exceeded' },
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Date.now() / 1000 + 900) },
    }),
    () => ({ status: 429, json: { message: 'slow down' }, headers: { 'retry-after': '600' } }),
  ];
  for (const answer of answers) {
    standIn.faults[0] = (request, response) =>
      request.headers.authorization === 'Bearer two' ? answer(request, response) : undefined;
    const before = ended.length;
    await changesets.syncWhere({});
    await until(() => ended.length >= before + MANY);
    assert.ok(ended.slice(before).every(({ ending }) => ending === 'done'));
    assert.deepEqual(changesets.holds(), []);
  }
  standIn.faults.splice(0);
  const before = asked('two');
  await changesets.syncWhere({});
  await until(() => ended.length >= MANY * 6);
  assert.equal(asked('two'), before, 'it asked for ten minutes');
});

test('what one token does not see is asked of the others before it counts as deleted (C-140)', async t => {
  const station = await testChangesets(t, { tokens: ['good', 'two'] });
  const { standIn, changesets, until, ended } = station;
  const answersTwo = (answer: Fault): void => {
    standIn.faults[0] = (request, response) =>
      request.headers.authorization === 'Bearer two' ? answer(request, response) : undefined;
  };
  const notFound = { type: 'NOT_FOUND', path: ['r0'], message: 'Could not resolve to a Repository' };
  answersTwo(({ url }) =>
    url.pathname.endsWith('graphql') ? { json: { data: { r0: null }, errors: [notFound] } } : undefined,
  );
  await followMany(station, MANY, { host: { tokens: ['two'] } });
  const states = async (): Promise<(string | number)[]> =>
    (await changesets.totals()).flatMap(({ state, changesets: count }) => [state, count]);
  assert.deepEqual(await states(), ['open', MANY]);
  const syncAll = async (): Promise<void> => {
    const before = ended.length;
    await changesets.syncWhere({});
    await until(() => ended.length >= before + MANY);
  };
  await syncAll();
  assert.deepEqual([await states(), changesets.holds()], [['open', MANY], []]);
  // One that nobody sees is gone, though a token that may not look says nothing.
  standIn.model.remove(standIn.model.changesets[0] as never);
  answersTwo(() => ({ status: 401, json: { message: 'Bad credentials' } }));
  await syncAll();
  assert.deepEqual([await states(), changesets.holds()], [['deleted', 1, 'open', MANY - 1], []]);
});

test('a host that is down for a day costs a call a quarter of an hour, and nothing is lost (T-8)', async t => {
  const station = await testChangesets(t);
  await followMany(station, MANY);
  const down: Fault = () => ({ status: 503, json: { message: 'maintenance' } });
  station.standIn.faults.push(down);
  const before = station.calls();
  await pass(station, 24 * HOUR_MS, 15 * MINUTE_MS);
  assert.ok(station.calls() - before < 24 * 4 + 30, `${station.calls() - before} calls in a day`);
  assert.equal(station.warnings.filter(line => /is on hold/.test(line)).length, 1);
  assert.equal(await syncedCount(station), MANY);
  const failing = await station.changesets.list({ failing: true }, { limit: 1 });
  assert.equal(failing[0]?.lastError?.code, 'host_failing');
  assert.match(failing[0]?.next?.reason ?? '', /backing off after error host_failing/);
  station.standIn.faults.splice(0);
  await pass(station, 9 * HOUR_MS, 15 * MINUTE_MS);
  await station.until(
    async () => (await station.changesets.list({ failing: true }, { limit: 1 })).length === 0,
  );
  assert.deepEqual(station.changesets.holds(), []);
});

test('with the rate limit at zero no call is made until the host allows, and nothing fails (C-13)', async t => {
  const station = await testChangesets(t);
  await followMany(station, 60);
  station.standIn.remaining = 0;
  await station.changesets.syncWhere({});
  await station.until(() => station.changesets.holds().length === 1);
  const before = station.calls();
  await pass(station, 10 * MINUTE_MS);
  assert.equal(station.calls(), before);
  assert.match(
    (await station.changesets.list({}, { limit: 1 }))[0]?.next?.reason ?? '',
    /rate limit|limit of/i,
  );
  assert.equal((await station.changesets.list({ failing: true }, { limit: 1 })).length, 0);
  station.standIn.remaining = 5000;
  const ended = station.ended.length;
  await pass(station, 61 * MINUTE_MS);
  await station.until(
    () => station.ended.slice(ended).filter(({ ending }) => ending === 'done').length >= 60,
  );
});

test('what is kept of a budget for raised work is there for it while all else waits (C-13)', async t => {
  const station = await testChangesets(t);
  const { standIn, changesets, until, ended, clock } = station;
  await followMany(station, 60);
  // A twentieth of 5,000, and no more.
  standIn.remaining = 250;
  const url = station.urlOf('acme/many', 1);
  await changesets.syncNow([url]);
  await until(() => ended.length >= 62);
  await pass(station, 20 * MINUTE_MS);
  assert.equal(changesets.holds()[0]?.kind, 'limited');
  const before = ended.length;
  await changesets.syncNow([url]);
  await clock.advance(1000);
  await until(() => ended.length > before);
  assert.deepEqual([ended.at(-1)?.ending, ended.at(-1)?.claim.reason], ['done', 'asked for by hand']);
  assert.equal(changesets.holds()[0]?.kind, 'limited', 'the others wait on');
});

test('what the configuration allows an hour is kept, and intervals are stretched and said to be (C-13, C-15)', async t => {
  const station = await testChangesets(t);
  await followMany(station, 150);
  await station.configure({ ...followingMany(station), host: { maxPointsPerHour: 2 } });
  const points = (): number => station.standIn.log.filter(({ path }) => /graphql/.test(path)).length;
  const before = points();
  await pass(station, 150 * MINUTE_MS);
  assert.ok(points() - before <= 4, `${points() - before} points in two and a half hours`);
  const [plan] = station.changesets.forecasts();
  assert.ok((plan?.stretch ?? 0) > 1, JSON.stringify(plan));
  const listed = await station.changesets.list({}, { limit: 150 });
  assert.ok(listed.some(({ next }) => /stretched ×.* by the rate limit/.test(next?.reason ?? '')));
});

test('a restart changes no interval of a host whose budget is short (C-142)', async t => {
  const station = await testChangesets(t);
  await followMany(station, 150);
  await station.configure({ ...followingMany(station), host: { maxPointsPerHour: 4 } });
  await pass(station, 40 * MINUTE_MS);
  const [before] = station.changesets.forecasts();
  assert.ok((before?.stretch ?? 0) > 1, JSON.stringify(before));
  await station.changesets.stop();
  await station.changesets.hosts.stop();
  const after = station.successor();
  await after.start();
  await pass(station, 5 * MINUTE_MS);
  const ratio = (after.forecasts()[0]?.stretch ?? 0) / (before?.stretch ?? 1);
  assert.ok(ratio > 0.8 && ratio < 1.25, `stretched ×${ratio} by the restart`);
});

test('a page that is cut short keeps what has come, is told, and read again soon (C-3, C-100, T-9)', async t => {
  const station = await testChangesets(t);
  const { standIn, changesets, until, ended, clock } = station;
  const changeset = standIn.model.addChangeset(standIn.model.addRepository('acme/one'));
  for (let index = 0; index < 5000; index += 1) standIn.model.addEvent(changeset);
  let calls = 0;
  standIn.faults.push((_request, response) => {
    calls += 1;
    if (calls !== 4) return undefined;
    response.setHeader('content-type', 'application/json');
    response.write('{"data": {"repos');
    response.destroy();
    return 'answered';
  });
  await changesets.start();
  const url = station.urlOf('acme/one', 1);
  await changesets.track(url);
  await until(() => ended.length === 1);
  const cut = await changesets.find(url);
  assert.deepEqual(
    [cut.state, cut.lastError, cut.unseen?.map(({ code }) => code)],
    ['open', null, ['connection_lost']],
  );
  assert.match(cut.next?.reason ?? '', /not seen \(connection_lost\), once more/);
  const kept = (await changesets.events(url)).length;
  assert.ok(kept > 0 && kept < 5000, `${kept} events kept`);
  await clock.advance(20 * MINUTE_MS);
  await until(() => ended.length === 2);
  assert.equal((await changesets.find(url)).unseen, null);
  const events = await changesets.events(url);
  assert.equal(events.length, 5001);
  assert.equal(new Set(events.map(({ id }) => id)).size, 5001);
  assert.deepEqual(
    events.map(({ atMs }) => atMs),
    events.map(({ atMs }) => atMs).sort((one, two) => one - two),
  );
});

test('one that has vanished is marked deleted, and comes back when it does (C-4)', async t => {
  const station = await testChangesets(t);
  const { standIn, changesets, until, ended } = station;
  const { changeset, url } = await trackOne(station);
  standIn.model.remove(changeset);
  await changesets.syncNow([url]);
  await until(() => ended.length === 2);
  const gone = await changesets.find(url);
  assert.deepEqual([gone.state, gone.title], ['deleted', 'Change 1']);
  assert.match(gone.next?.reason ?? '', /deleted → every 8 h/);
  standIn.model.changesets.push(changeset);
  await changesets.syncNow([url]);
  await until(() => ended.length === 3);
  assert.equal((await changesets.find(url)).state, 'open');
});

test('a restart does not put off what passing trouble left unseen (C-100, C-142)', async t => {
  const station = await testChangesets(t);
  const { standIn, changesets, until, ended, clock } = station;
  const changeset = standIn.model.addChangeset(standIn.model.addRepository('acme/one'));
  for (let index = 0; index < 300; index += 1) standIn.model.addEvent(changeset);
  let calls = 0;
  standIn.faults.push((_request, response) => {
    calls += 1;
    if (calls < 3) return undefined;
    response.destroy();
    return 'answered';
  });
  await changesets.start();
  const url = station.urlOf('acme/one', 1);
  await changesets.track(url);
  await until(() => ended.length === 1);
  const { next } = await changesets.find(url);
  assert.match(next?.reason ?? '', /not seen \(connection_lost\), once more/);
  await changesets.stop();
  await changesets.hosts.stop();
  const after = station.successor();
  await after.start();
  for (let turn = 0; turn < 20; turn += 1) await clock.advance(1000);
  assert.deepEqual((await after.find(url)).next, next);
});

test('a host whose clock is three hours ahead keeps nothing at the fastest rhythm (T-13)', async t => {
  const station = await testChangesets(t);
  const { standIn, changesets, clock } = station;
  standIn.skewMs = 3 * HOUR_MS;
  const hostNowMs = clock.nowMs() + 3 * HOUR_MS;
  const { url } = await trackOne(station, {
    createdAtMs: hostNowMs - 2 * HOUR_MS,
    updatedAtMs: hostNowMs - HOUR_MS,
  });
  assert.match((await changesets.find(url)).next?.reason ?? '', /last change (60 min|1 h) ago/);
});

test('a check, review or commit that a sync shows counts as the latest event, once (C-144)', async t => {
  const station = await testChangesets(t);
  const { changesets, clock, until, ended } = station;
  const monthAgoMs = clock.nowMs() - 30 * 24 * HOUR_MS;
  const { changeset, url } = await trackOne(station, { createdAtMs: monthAgoMs, updatedAtMs: monthAgoMs });
  assert.match((await changesets.find(url)).next?.reason ?? '', /every 8 h/);
  const again = async (): Promise<string> => {
    const before = ended.length;
    await changesets.syncNow([url]);
    await until(() => ended.length > before);
    return (await changesets.find(url)).next?.reason ?? '';
  };
  changeset.check = 'success';
  changeset.checkedAtMs = clock.nowMs() - 3 * MINUTE_MS;
  assert.equal(await again(), 'last change 3 min ago → every 3 min');
  await clock.advance(57 * MINUTE_MS);
  assert.match(await again(), /^last change (60 min|1 h) ago/);
  changeset.commits.push({ oid: 'c'.repeat(40), atMs: clock.nowMs() + 40 * 365 * 24 * HOUR_MS });
  assert.match(await again(), /^last change (60 min|1 h) ago/, 'a commit of the next century');
  changeset.commits.push({ oid: 'd'.repeat(40), atMs: clock.nowMs() - 10 * MINUTE_MS });
  assert.match(await again(), /^last change 10 min ago/);
});

test('one that a host says was updated next century gets its events, and no faster rhythm (C-143)', async t => {
  const station = await testChangesets(t);
  const { changesets, clock, standIn, until, ended } = station;
  const centuryMs = clock.nowMs() + 80 * 365 * 24 * HOUR_MS;
  const monthAgoMs = clock.nowMs() - 30 * 24 * HOUR_MS;
  const { changeset, url } = await trackOne(station, { createdAtMs: monthAgoMs, updatedAtMs: centuryMs });
  await clock.advance(HOUR_MS - MINUTE_MS);
  const before = ended.length;
  standIn.model.addEvent(changeset, { atMs: clock.nowMs() - 10 * MINUTE_MS });
  await changesets.syncNow([url]);
  await until(() => ended.length > before);
  assert.ok((await changesets.events(url)).some(({ kind }) => kind === 'comment'));
  assert.match((await changesets.find(url)).next?.reason ?? '', /^last change 10 min ago/);
});

test('a clock that was a year ahead leaves nothing behind that waits for a year (C-143)', async t => {
  const station = await testChangesets(t);
  const { clock, store, host, standIn } = station;
  const YEAR_MS = 365 * 24 * HOUR_MS;
  clock.jump(YEAR_MS);
  standIn.skewMs = -YEAR_MS;
  await followMany(station, 3);
  await clock.advance(MINUTE_MS);
  const [failing, raised] = await store.changesets.list({}, { limit: 2 });
  assert.ok(failing && raised);
  await store.changesets.recordFailure(
    failing.id,
    toErrorRecord(new SluiceError('timed_out', 'x')),
    clock.nowMs(),
  );
  const asked = { kind: 'changeset', group: `${host} API`, runAtMs: clock.nowMs() + MINUTE_MS };
  await station.queue.put(failing.key, { ...asked, reason: 'backing off' });
  await station.queue.put(raised.key, { ...asked, reason: 'webhook', priority: 'high' });
  standIn.skewMs = 0;
  clock.jump(-YEAR_MS);
  const latestMs = async (): Promise<number> =>
    Math.max(...(await station.queue.upcoming(9)).map(({ runAtMs }) => runAtMs)) - clock.nowMs();
  assert.ok((await latestMs()) > YEAR_MS - 24 * HOUR_MS);
  await clock.advance(MINUTE_MS);
  await station.until(async () => {
    await clock.advance(20);
    return (await latestMs()) <= 8 * HOUR_MS;
  });
  await station.until(async () => (await store.changesets.byKey(failing.key))?.lastError === null);
  assert.equal((await store.changesets.list({ failing: true }, { limit: 1 })).length, 0);
});

test('a host that answers HTML is reported once, with what to check (T-6)', async t => {
  const station = await testChangesets(t);
  station.standIn.faults.push((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<html>Please log in</html>');
    return 'answered';
  });
  const { url } = await trackOne(station);
  const { lastError } = await station.changesets.find(url);
  assert.equal(lastError?.code, 'forge_answer_invalid');
  assert.match(lastError?.hint ?? '', /baseUrl/);
});
