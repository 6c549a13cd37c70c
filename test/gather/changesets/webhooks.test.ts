import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../../src/base/errors.ts';
import { HOUR_MS, signed, testChangesets, trackOne } from '../../support/changesets.ts';

const MINUTE_MS = 60_000;

test('webhooks: wrong signature, malformed, unknown, replayed, out of order, and of what is not followed (C-19)', async t => {
  const station = await testChangesets(t);
  const { changesets, until, ended, clock } = station;
  const { url } = await trackOne(station);
  const send = ({ headers, rawBody }: ReturnType<typeof signed>) =>
    changesets.receive('github', headers, rawBody);
  const one = { id: 'a', repository: 'Acme/One', number: 1 };
  const isCode = (code: string) => (error: unknown) => error instanceof SluiceError && error.code === code;
  await assert.rejects(send(signed(one, 'wrong')), isCode('signature_invalid'));
  await assert.rejects(send({ ...signed(one), headers: {} as never }), isCode('signature_invalid'));
  await assert.rejects(changesets.receive('gitlab', {}, Buffer.from('{}')), isCode('signature_invalid'));
  assert.deepEqual(await send(signed({ id: 'b', repository: 'x/y', event: 'star' })), {
    outcome: 'ignored',
    event: 'star',
  });
  assert.equal((await send(signed({ ...one, id: 'c', number: 99 }))).outcome, 'ignored');
  assert.equal((await send(signed({ id: 'p', repository: 'x/y', push: 'https://h/x/y' }))).outcome, 'push');
  assert.deepEqual(station.pushed, ['https://h/x/y']);
  await clock.advance(2 * MINUTE_MS);
  assert.equal((await send(signed({ ...one, atMs: clock.nowMs() }))).outcome, 'raised');
  await until(() => ended.length === 2);
  assert.equal((await send(signed({ ...one, atMs: clock.nowMs() }))).outcome, 'duplicate');
  const early = { id: 'early', repository: 'acme/one', number: 2 };
  assert.equal((await send(signed(early))).outcome, 'ignored');
  assert.equal((await send(signed(early))).outcome, 'ignored', 'what did nothing makes no duplicate (C-104)');
  const latest = (await changesets.find(url)).latestEventAt;
  assert.equal(
    (await send(signed({ ...one, id: 'd', atMs: clock.nowMs() - 5 * HOUR_MS }))).outcome,
    'raised',
  );
  await clock.settle();
  assert.equal((await changesets.find(url)).latestEventAt, latest);
  assert.equal(ended.length, 2);
});

test('a burst of webhooks brings one sync, two minutes after the last one and no sooner (C-145)', async t => {
  const station = await testChangesets(t);
  const { changesets, until, ended, clock, queue } = station;
  const { url } = await trackOne(station);
  const startMs = clock.nowMs();
  await clock.advance(MINUTE_MS);
  const before = station.calls();
  const burst = async (name: string): Promise<void> => {
    for (let count = 0; count < 20; count += 1) {
      const { headers, rawBody } = signed({ id: `${name} ${count}`, repository: 'acme/one', number: 1 });
      assert.equal((await changesets.receive('github', headers, rawBody)).outcome, 'raised');
    }
  };
  await burst('first');
  const { next } = await changesets.find(url);
  assert.deepEqual([Date.parse(next?.dueAt ?? '') - startMs, next?.reason], [2 * MINUTE_MS, 'webhook']);
  await clock.advance(MINUTE_MS - 2000);
  assert.deepEqual([ended.length, station.calls()], [1, before]);
  await clock.advance(4000);
  await until(() => ended.length === 2);
  assert.equal(ended[1]?.claim.priority, 'high');
  await burst('second');
  await clock.advance(MINUTE_MS);
  assert.equal(ended.length, 2, 'not again so soon');
  // Whoever asks by hand does not wait.
  await changesets.syncNow([url]);
  await until(() => ended.length === 3);
  assert.ok(station.calls() - before <= 2, `${station.calls() - before} calls for 40 webhooks and a person`);
  // What came to stand there before the sync began does not bring another one at once.
  const { key } = (await station.store.changesets.list({}, { limit: 1 }))[0] ?? { key: '' };
  const asked = {
    kind: 'changeset',
    group: `${station.host} API`,
    runAtMs: clock.nowMs(),
    reason: 'webhook',
  };
  await queue.put(key, { ...asked, priority: 'high' });
  await until(() => ended.length === 4);
  assert.equal(ended[3]?.ending, 'postponed');
  assert.equal(Date.parse((await changesets.find(url)).next?.dueAt ?? '') - clock.nowMs() > MINUTE_MS, true);
});

test('a webhook whose time cannot be counts as of its arrival (C-143)', async t => {
  const station = await testChangesets(t);
  const { changesets, clock } = station;
  const { url } = await trackOne(station);
  for (const [id, atMs] of [
    ['zero', 0],
    ['of Go', -62_135_596_800_000],
    ['next century', clock.nowMs() + 80 * 365 * 24 * HOUR_MS],
  ] as const) {
    await clock.advance(1000);
    const { headers, rawBody } = signed({ id, repository: 'acme/one', number: 1, atMs });
    await changesets.receive('github', headers, rawBody);
    const { latestEventAt, next } = await changesets.find(url);
    assert.deepEqual([Date.parse(latestEventAt ?? ''), next?.reason], [clock.nowMs(), 'webhook'], id);
  }
});

test('webhooks for one that keeps failing bring a try every two minutes at the most (C-145)', async t => {
  const station = await testChangesets(t);
  const { changesets, until, ended, clock, standIn } = station;
  await trackOne(station);
  standIn.faults.push(() => ({
    json: { data: { r0: { nameWithOwner: 'acme/one', p0: null } }, errors: [] },
  }));
  await clock.advance(5 * MINUTE_MS);
  for (let count = 0; count < 20; count += 1) {
    const { headers, rawBody } = signed({ id: `${count}`, repository: 'acme/one', number: 1 });
    await changesets.receive('github', headers, rawBody);
    const before = ended.length;
    await clock.advance(1000);
    if (count === 0) await until(() => ended.length > before);
  }
  assert.deepEqual(
    ended.slice(1).map(({ ending }) => ending),
    ['failed'],
  );
});

test('a commit’s webhook raises the changesets that it heads, forks included (C-146)', async t => {
  const station = await testChangesets(t);
  const { changesets, clock } = station;
  const { url } = await trackOne(station);
  const { head } = await changesets.find(url);
  const send = async (id: string, commit: string, branches: { name: string; repository?: string }[] = []) => {
    const { headers, rawBody } = signed({ id, repository: 'acme/one', commit, branches });
    return (await changesets.receive('github', headers, rawBody)).outcome;
  };
  await clock.advance(MINUTE_MS);
  assert.equal(await send('other', 'f'.repeat(40)), 'ignored');
  assert.equal(await send('branch', 'f'.repeat(40), [{ name: head.branch ?? '' }]), 'raised');
  assert.equal(await send('head', head.commit ?? ''), 'raised');
  assert.equal((await changesets.find(url)).next?.reason, 'webhook');
});

test('two thousand webhooks for what is not followed are taken in, and nothing is asked for (C-145)', async t => {
  const station = await testChangesets(t);
  await trackOne(station);
  const before = station.calls();
  for (let count = 0; count < 2000; count += 1) {
    const { headers, rawBody } = signed({
      id: `${count}`,
      repository: `x/y${count % 100}`,
      number: count + 2,
    });
    const { outcome } = await station.changesets.receive('github', headers, rawBody);
    if (outcome !== 'ignored') assert.fail(outcome);
  }
  assert.equal(station.calls(), before);
});

test('changes that no webhook announced are counted and shown, and a webhook ends that (C-20)', async t => {
  const station = await testChangesets(t);
  const { standIn, changesets, until, ended, clock } = station;
  const { changeset, url } = await trackOne(station);
  for (let round = 1; round <= 3; round += 1) {
    standIn.model.addEvent(changeset, { atMs: clock.nowMs() + 1000 });
    await clock.advance(10 * MINUTE_MS);
    const before = ended.length;
    await changesets.syncNow([url]);
    await until(() => ended.length > before);
  }
  assert.deepEqual(
    (await changesets.webhookGaps()).map(({ repository }) => repository),
    ['acme/one'],
  );
  const { headers, rawBody } = signed({ id: '1', repository: 'acme/one', number: 1 });
  await changesets.receive('github', headers, rawBody);
  assert.deepEqual(await changesets.webhookGaps(), []);
});

test('with quiet, a burst of webhooks is followed by one sync after it falls quiet (C-7)', async t => {
  const station = await testChangesets(t, { schedule: { quiet: true } });
  const { changesets, until, ended, clock } = station;
  const { url } = await trackOne(station);
  for (let burst = 0; burst < 10; burst += 1) {
    await clock.advance(30_000);
    const { headers, rawBody } = signed({
      id: `${burst}`,
      repository: 'acme/one',
      number: 1,
      atMs: clock.nowMs(),
    });
    await changesets.receive('github', headers, rawBody);
  }
  assert.equal(ended.length, 1);
  assert.match((await changesets.find(url)).next?.reason ?? '', /webhook.*once quiet for 2 min/);
  await clock.advance(2 * MINUTE_MS + 2000);
  await until(() => ended.length === 2);
});
