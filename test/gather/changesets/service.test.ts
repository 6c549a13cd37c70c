import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signed, testChangesets } from '../../support/changesets.ts';

const MINUTE_MS = 60_000;

test('one is tracked by its address, synced, listed with its reason, and raised by a webhook (C-1, C-6, C-8, C-18)', async t => {
  const { changesets, standIn, clock, ended, until, urlOf } = await testChangesets(t);
  const changeset = standIn.model.addChangeset(standIn.model.addRepository('acme/one'), {
    updatedAtMs: clock.nowMs() - 10 * MINUTE_MS,
    createdAtMs: clock.nowMs() - 30 * MINUTE_MS,
    labels: ['bug'],
  });
  standIn.model.addEvent(changeset, { atMs: clock.nowMs() - 10 * MINUTE_MS });
  await changesets.start();
  const tracked = await changesets.track(urlOf('acme/one', 1));
  assert.equal(tracked.state, 'new');
  await until(() => ended.length === 1);
  const synced = await changesets.find(urlOf('acme/one', 1));
  assert.deepEqual(
    [synced.state, synced.title, synced.author, synced.labels, synced.followedBy],
    ['open', 'Change 1', 'ada', ['bug'], 'hand'],
  );
  assert.match(synced.next?.reason ?? '', /^last change 10 min ago → every 10 min$/);
  assert.equal(Date.parse(synced.next?.dueAt ?? '') - Date.parse(synced.lastSyncAt ?? ''), 10 * MINUTE_MS);
  assert.equal((await changesets.events(urlOf('acme/one', 1))).length, 2);

  await clock.advance(2 * MINUTE_MS);
  standIn.model.addEvent(changeset, { kind: 'review', review: 'APPROVED', atMs: clock.nowMs() });
  const { headers, rawBody } = signed({ id: '1', repository: 'acme/one', number: 1, atMs: clock.nowMs() });
  assert.deepEqual(await changesets.receive('github', headers, rawBody), {
    outcome: 'raised',
    changesets: 1,
  });
  await until(() => ended.length === 2);
  assert.equal(ended[1]?.claim.reason, 'webhook');
  const after = await changesets.find(urlOf('acme/one', 1));
  assert.equal(after.reviewState, 'approved');
  assert.match(after.next?.reason ?? '', /→ every 2 min$/);
  assert.equal((await changesets.events(urlOf('acme/one', 1))).length, 3);
});
