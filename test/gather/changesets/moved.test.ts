import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../../src/base/errors.ts';
import { followMany, testChangesets, trackOne } from '../../support/changesets.ts';

const MANY = 60;

test('of a renamed repository the old address goes on meaning the changeset; what is new at the old name is followed beside it (C-4)', async t => {
  const station = await testChangesets(t);
  const { standIn, changesets, until, urlOf, ended } = station;
  const { changeset } = await trackOne(station, { title: 'First' });
  standIn.model.rename(changeset.repository, 'acme/two');
  await changesets.syncNow([urlOf('acme/one', 1)]);
  await until(() => ended.length === 2);
  const [moved, ...others] = await changesets.list({}, { limit: 10 });
  assert.deepEqual([moved?.repository, others], ['acme/two', []]);
  assert.equal((await changesets.find(urlOf('acme/one', 1))).id, moved?.id);
  assert.equal((await changesets.track(urlOf('acme/one', 1))).id, moved?.id);
  await until(() => ended.length === 3);

  standIn.model.addChangeset(standIn.model.addRepository('acme/one'), { title: 'Another' });
  await station.configure({ changesets: { follow: [{ repository: `${standIn.origin}/acme/one` }] } });
  const titles = async () =>
    (await changesets.list({ states: ['open'] }, { limit: 10 })).map(each => each.title);
  await until(async () => (await titles()).length === 2);
  assert.deepEqual(await titles(), ['First', 'Another']);
  assert.equal((await changesets.find(urlOf('acme/one', 1))).title, 'Another');
});

test('a repository that is seen no more keeps its changesets as they are, until that was so for hours (C-4, C-631)', async t => {
  const station = await testChangesets(t);
  const { standIn, changesets, until, urlOf, ended, clock } = station;
  for (const name of ['acme/gone', 'acme/stays'])
    standIn.model.addChangeset(standIn.model.addRepository(name));
  await changesets.start();
  const urls = [urlOf('acme/gone', 1), urlOf('acme/stays', 1)];
  for (const url of urls) await changesets.track(url);
  await until(() => ended.length === 2);
  const [unseen] = standIn.model.repositories.splice(0, 1);
  const seen = async () =>
    Promise.all(
      urls.map(async url => {
        const { state, lastError } = await changesets.find(url);
        return [state, lastError?.code];
      }),
    );
  const syncAll = async (): Promise<void> => {
    const before = ended.length;
    await changesets.syncNow(urls);
    await until(() => ended.length === before + 2);
  };
  // By hand, however often in a row.
  for (let looks = 0; looks < 9; looks += 1) await syncAll();
  assert.deepEqual(await seen(), [
    ['open', 'repository_unseen'],
    ['open', undefined],
  ]);
  clock.jump(61 * 60_000);
  await syncAll();
  assert.deepEqual(await seen(), [
    ['deleted', undefined],
    ['open', undefined],
  ]);
  standIn.model.repositories.unshift(unseen as never);
  await syncAll();
  assert.deepEqual(await seen(), [
    ['open', undefined],
    ['open', undefined],
  ]);
});

test('a token without the scope for changesets stops the host with one message, and by hand it is tried again (C-17)', async t => {
  const station = await testChangesets(t);
  const { standIn, changesets, until, ended } = station;
  await followMany(station, MANY);
  await until(() => ended.filter(({ ending }) => ending === 'done').length > MANY);
  standIn.faults.push(({ url }) =>
    url.pathname.endsWith('/graphql')
      ? { json: { data: null, errors: [{ type: 'INSUFFICIENT_SCOPES', message: 'needs the scope repo' }] } }
      : undefined,
  );
  const before = station.calls();
  await changesets.syncWhere({});
  await until(() => ended.filter(({ ending }) => ending === 'postponed').length >= MANY);
  assert.equal(changesets.holds()[0]?.kind, 'refused');
  assert.ok(station.calls() - before <= 4, `${station.calls() - before} calls`);
  assert.deepEqual(
    station.warnings.filter(line => /scope/.test(line)),
    [`${station.host} is on hold: ${station.host}: needs the scope repo`],
  );
  assert.equal((await changesets.list({ failing: true }, { limit: 1 })).length, 0);
  standIn.faults.splice(0);
  const again = ended.length;
  await changesets.syncWhere({});
  await until(() => ended.slice(again).filter(({ ending }) => ending === 'done').length >= MANY);
  assert.deepEqual(changesets.holds(), []);
});

test('what cannot be followed is refused with what, where and what to do (C-1)', async t => {
  const { changesets, urlOf } = await testChangesets(t);
  await changesets.start();
  const refusal = async (call: Promise<unknown>): Promise<string> => {
    const error = await call.then(
      () => undefined,
      thrown => thrown,
    );
    assert.ok(error instanceof SluiceError);
    return `${error.code}: ${error.message} ${error.hint}`;
  };
  assert.match(
    await refusal(Promise.resolve().then(() => changesets.track('https://10.0.0.5/acme/one/pull/7'))),
    /^url_invalid: https:\/\/10\.0\.0\.5\/acme\/one\/pull\/7 is the address of no changeset on a host that sluice knows .*hosts\["10\.0\.0\.5"\]\.kind/,
  );
  const unknown = urlOf('acme/one', 7);
  assert.equal(
    await refusal(changesets.syncNow([unknown])),
    `not_found: no changeset ${unknown} is known here Follow it first: sluice track ${unknown}`,
  );
});
