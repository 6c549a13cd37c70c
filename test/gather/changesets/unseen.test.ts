import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { UnseenAtHosts } from '../../../src/gather/changesets/hosts/unseen-at-hosts.ts';
import { planWithUnseen, unseenParts } from '../../../src/gather/changesets/sync/unseen-parts.ts';
import type { Unseen } from '../../../src/gather/forges/unseen.ts';
import { followingMany, syncedCount, testChangesets, trackOne } from '../../support/changesets.ts';
import type { Fault } from '../../support/forge/server.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const MINUTE_MS = 60_000;
const refused = new SluiceError('scope_missing', 'no');
const broken = new SluiceError('host_failing', 'down');
const endless = new SluiceError('listing_endless', 'round');

/** GitHub's way to say that a field may not be seen. */
const forbidden =
  (...fields: readonly string[]): Fault =>
  ({ body }, response) => {
    if (!body.includes('query Changesets')) return undefined;
    const end = response.end.bind(response);
    response.end = ((text: string) => {
      const json = JSON.parse(text);
      for (const field of fields) json.data.r0.p0[field] = null;
      json.errors = fields.map(field => ({
        type: 'FORBIDDEN',
        path: ['r0', 'p0', field],
        message: 'Resource not accessible',
      }));
      return end(JSON.stringify(json));
    }) as typeof response.end;
    return undefined;
  };

test('what cannot be read of a changeset leaves what was known, is told once, and comes back by itself (C-100)', async t => {
  const station = await testChangesets(t);
  const { standIn, changesets, ended, until, clock } = station;
  const { changeset, url } = await trackOne(station, { check: 'success', labels: ['bug'] });
  standIn.model.addEvent(changeset, { kind: 'review', review: 'APPROVED' });
  const syncOnce = async (): Promise<void> => {
    const before = ended.length;
    await changesets.syncNow([url]);
    await until(() => ended.length > before);
  };
  await syncOnce();
  const whole = await changesets.find(url);
  assert.deepEqual([whole.checkState, whole.reviewState, whole.unseen], ['success', 'approved', null]);
  const events = (await changesets.events(url)).length;
  standIn.faults.push(forbidden('lastCommit', 'latestOpinionatedReviews', 'labels'));
  standIn.model.addEvent(changeset, { atMs: clock.nowMs() });
  for (let round = 0; round < 3; round += 1) await syncOnce();
  const partly = await changesets.find(url);
  assert.deepEqual(
    [partly.state, partly.lastError, partly.checkState, partly.reviewState, partly.labels],
    ['open', null, 'success', 'approved', ['bug']],
  );
  assert.deepEqual(
    partly.unseen?.map(({ part, code }) => [part, code]),
    [
      ['checks', 'scope_missing'],
      ['reviews', 'scope_missing'],
      ['labels', 'scope_missing'],
    ],
  );
  assert.equal((await changesets.events(url)).length, events + 1, 'nothing is deleted, news are stored');
  assert.equal(changesets.unseen().length, 3);
  assert.equal(station.warnings.filter(line => /not seen/.test(line)).length, 3);
  standIn.faults.splice(0);
  await syncOnce();
  assert.equal((await changesets.find(url)).unseen, null);
  assert.deepEqual(changesets.unseen(), []);
});

test('what passes is read again soon, what is refused with the next change, and events from where they end (C-100)', () => {
  const unseen = (error: SluiceError): Unseen[] => [{ part: 'checks', error }];
  const known = { unseen: null, updatedAtMs: 500 };
  assert.equal(unseenParts(known, []), null);
  assert.deepEqual(
    [refused, broken, endless].map(error => {
      const parts = unseenParts(known, unseen(error));
      return [parts?.tries, parts?.eventsSeenToMs];
    }),
    [
      [0, 500],
      [1, 500],
      [0, 500],
    ],
  );
  const before = { unseen: { parts: [], tries: 3, eventsSeenToMs: 100 }, updatedAtMs: 500 };
  assert.deepEqual(
    [refused, broken, endless].map(error => {
      const parts = unseenParts(before, unseen(error));
      return [parts?.tries, parts?.eventsSeenToMs];
    }),
    [
      [0, 100],
      [4, 100],
      [0, 500],
    ],
  );
  const plan = { nextAtMs: 60 * MINUTE_MS, reason: 'as planned', load: 1 };
  const planned = (error: SluiceError, tries: number) => {
    const parts = { parts: [], tries, eventsSeenToMs: null };
    const { nextAtMs, reason } = planWithUnseen(plan, parts, unseen(error), () => 0, 0);
    return [(nextAtMs ?? 0) / MINUTE_MS, reason];
  };
  assert.deepEqual(planned(broken, 1), [2, 'checks not seen (host_failing), once more']);
  assert.deepEqual(planned(broken, 4), [16, 'checks not seen (host_failing), once more']);
  assert.deepEqual(planned(broken, 9), [60, 'as planned']);
  assert.deepEqual(planned(refused, 0), [60, 'as planned']);
});

test('the same part of a thousand changesets is told once, and shown until the last of them is seen (C-100)', () => {
  const clock = new VirtualClock();
  const warnings: unknown[] = [];
  const log = {
    ...silentLogger,
    warn: (...line: unknown[]) => void warnings.push(line),
  } as typeof silentLogger;
  const unseen = new UnseenAtHosts({ clock, log });
  for (let i = 0; i < 1000; i += 1) unseen.record('h', `url ${i}`, [{ part: 'checks', error: refused }]);
  unseen.record('h', 'url 0', [
    { part: 'checks', error: refused },
    { part: 'labels', error: broken },
  ]);
  assert.deepEqual(
    unseen.all().map(({ part, code, count }) => [part, code, count]),
    [
      ['checks', 'scope_missing', 1000],
      ['labels', 'host_failing', 1],
    ],
  );
  assert.equal(warnings.length, 2);
  for (let i = 0; i < 1000; i += 1) unseen.record('h', `url ${i}`, []);
  assert.deepEqual(unseen.all(), []);
  unseen.record('h', 'url 1', [{ part: 'checks', error: refused }]);
  assert.equal(warnings.length, 2, 'it is not told again within a day');
});

test('an entry of a listing that cannot be read costs itself, is shown, and stays shown while nothing changes (C-101)', async t => {
  const station = await testChangesets(t);
  const { standIn, changesets, until, clock } = station;
  const repository = standIn.model.addRepository('acme/many');
  for (let i = 0; i < 3; i += 1) standIn.model.addChangeset(repository);
  standIn.faults.push(({ url }, response) => {
    if (!url.pathname.endsWith('/pulls')) return undefined;
    const end = response.end.bind(response);
    response.end = ((text?: string) =>
      text === undefined
        ? end()
        : end(JSON.stringify([{ surprise: true }, ...JSON.parse(text).slice(1)]))) as never;
    return undefined;
  });
  await changesets.start();
  await station.configure(followingMany(station));
  await until(async () => (await syncedCount(station)) === 2);
  await until(() => changesets.unseen().length === 1);
  const listings = (): number => standIn.log.filter(({ path }) => path.includes('/pulls')).length;
  const before = listings();
  await clock.advance(11 * MINUTE_MS);
  await until(() => listings() > before);
  await clock.settle();
  assert.equal(standIn.log.filter(({ path }) => path.includes('/pulls')).at(-1)?.status, 304);
  assert.match(changesets.unseen()[0]?.message ?? '', /1 of 3 entries of changesets of acme\/many/);
  await station.configure({});
  assert.deepEqual(changesets.unseen(), [], 'what is wanted no longer is not shown');
});
