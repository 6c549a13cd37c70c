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
  assert.equal((await send(signed({ ...one, atMs: clock.nowMs() }))).outcome, 'raised');
  await until(() => ended.length === 2);
  assert.equal((await send(signed({ ...one, atMs: clock.nowMs() }))).outcome, 'duplicate');
  const latest = (await changesets.find(url)).latestEventAt;
  assert.equal(
    (await send(signed({ ...one, id: 'd', atMs: clock.nowMs() - 5 * HOUR_MS }))).outcome,
    'raised',
  );
  await clock.settle();
  assert.equal((await changesets.find(url)).latestEventAt, latest);
  assert.equal(ended.length, 2);
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
