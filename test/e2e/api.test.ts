import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { type OperationName, PATHS, placeOf } from '../../src/api/paths.ts';
import { createClient, StationProblem } from '../../src/client/index.ts';
import { checkedFetch } from '../support/described.ts';
import { startGithub } from '../support/forge/github.ts';
import { grownRepository, standingPlace, startStation, until } from '../support/sluice.ts';

test('what a station answers is what its description says, of everything that it has (A-530, A-531, A-534)', async t => {
  const cwd = standingPlace(t);
  const origin = grownRepository(join(cwd, 'origin.git'), 5, 3);
  origin.commit('a change', { file: 'one\ntwo\n' });
  const standIn = await startGithub(t, { tokens: ['good'] });
  const hosted = standIn.model.addRepository('acme/one');
  standIn.model.addChangeset(hosted, { title: 'First' });
  writeFileSync(join(cwd, 'reading'), '7');
  const yaml = `repos: []
hosts:
  "${standIn.host}": {kind: github, baseUrl: "${standIn.origin}", token: good}
insights: {churn: true}
git: {allowPaths: ["${cwd}"]}
server: {token: a-token-of-sixteen}
capture:
  collectors:
    - {name: probe, every: 20ms, file: ${cwd}/reading, to: s3://local/outbox/readings}
    - {name: broken, every: 1s, file: ${cwd}/absent, to: s3://local/outbox/readings}
`;
  const station = await startStation(t, { cwd, yaml });
  const asked = new Set<OperationName>();
  const client = createClient({
    url: station.url,
    token: 'a-token-of-sixteen',
    fetch: checkedFetch(name => asked.add(name)),
  });
  const url = `${standIn.origin}/acme/one/pull/1`;
  const incoming = join(cwd, 'station/incoming/local/outbox');

  assert.equal(await client.ping(), 'pong\n');
  assert.equal((await client.getHealth()).status, 'ok');
  assert.equal((await client.getReadiness()).status, 'ready');
  assert.equal(await client.openSession({ token: 'a-token-of-sixteen' }), undefined);
  const run = await client.bake({ url: origin.path, wait: true });
  assert.equal(run.summary?.commits, 6);
  assert.equal((await client.getRun({ id: run.id })).state, 'done');
  assert.deepEqual((await client.trackRepositories({ url: origin.path })).repositories.length, 1);
  await client.syncRepositories({ urls: [origin.path] });
  await assert.rejects(client.bake({ url: 'nothing at all' }), (error: unknown) => {
    assert.ok(error instanceof StationProblem && error.status >= 400 && error.hint);
    return true;
  });
  await client.trackChangesets({ urls: [url] });
  await station.before(
    until('the changeset is read', async () => (await client.getChangeset({ url })).state === 'open'),
  );
  assert.deepEqual(await client.syncChangesets({ urls: [url] }), { raised: 1 });
  assert.equal((await client.listChangesets({ state: 'open,draft', order: 'idle' })).changesets.length, 1);
  await client.listChangesetEvents({ url });

  writeFileSync(join(incoming, 'hello.txt'), 'hello');
  mkdirSync(join(cwd, 'station/delivered/outbox/taken/below'), { recursive: true });
  writeFileSync(join(incoming, 'taken'), 'a folder has this name at the other end');
  await until('a reading is there', async () => {
    const { collectors } = await client.getCapture();
    return collectors[0]?.lastReadingAt && collectors[1]?.lastError;
  });
  await client.syncDeliveries();
  const { deliveries } = await client.listDeliveries({ state: 'completed', search: 'hello' });
  assert.deepEqual(
    deliveries.map(({ filepath }) => filepath),
    ['hello.txt'],
  );
  const { attemptHistory } = await client.getDelivery({ id: deliveries[0]?.id ?? 0 });
  assert.equal(attemptHistory.length, 1);
  const [file] = (await client.listCaptureFiles({ collector: 'probe' })).files;
  assert.equal((await client.getCaptureFile({ id: file?.id ?? 0 })).collector, 'probe');
  await client.retryFailed({ all: true });
  await client.dropFailed({ match: '*' });

  await until(
    'churn is read',
    async () => (await client.getHotspots({ repo: [origin.path] })).files.length === 1,
  );
  const [person] = (await client.listPeople({ limit: 1 })).people;
  await client.setBot({ email: person?.email ?? '', bot: true });
  await client.mergePeople({ emails: ['author0@example.org', 'author1@example.org'] });
  await client.splitPeople({ emails: ['author1@example.org'] });
  const ghosts = ['ghost0@example.org', 'ghost1@example.org'];
  await client.refuseMerge({ people: ghosts.map(email => ({ name: 'Ghost', email })) });
  await client.pause({ name: 'local/outbox' });
  assert.equal((await client.listPauses()).pauses.length, 1);
  await client.resume({ name: 'local/outbox' });
  assert.deepEqual((await client.listPauses()).pauses, []);
  // Nothing is held there.
  await assert.rejects(client.probePlace({ kind: 'host', name: standIn.host }), { code: 'not_found' });
  await client.pinClone({ url: origin.path, pinned: false });
  await client.getRepository({ url: origin.path });
  const { targets } = await client.listTargets({ limit: 1 });
  assert.equal((await client.raiseTargets({ keys: targets.map(({ key }) => key) })).raised, 1);

  await assert.rejects(client.leaveStation({ id: 'nobody' }), { code: 'not_found' });

  // Streams are read otherwise.
  const isAnswered = (name: OperationName): name is keyof typeof client =>
    name !== 'listEvents' && name !== 'exportTable';
  const rest = (Object.keys(PATHS) as OperationName[]).filter(isAnswered);
  for (const name of rest.filter(each => placeOf(each).method === 'GET' && !asked.has(each)))
    await (client[name] as () => Promise<unknown>)();
  const problems = await new Validator().validate((await client.getDescription()) as Record<string, unknown>);
  assert.deepEqual([problems.valid, problems.errors], [true, undefined]);

  await client.evictClones({ bytes: 1 });
  await client.untrackRepository({ url: origin.path });
  await client.untrackChangeset({ url });
  await until('nobody works in the repository, and it is forgotten', () =>
    client.forgetRepository({ url: origin.path }).then(
      () => true,
      () => false,
    ),
  );
  const unasked = rest.filter(name => !asked.has(name));
  assert.deepEqual(unasked, ['syncDeliveriesUnversioned', 'receiveWebhook']);
});
