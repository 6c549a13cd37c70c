import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fastClockEnvironment } from '../support/fast-clock.ts';
import { startHttpRemote } from '../support/git-remotes.ts';
import { testAddress, testDatabase } from '../support/postgres/postgres.ts';
import {
  addCommits,
  grownRepository,
  rows,
  sluice,
  standingPlace,
  startStation,
  until,
} from '../support/sluice.ts';

test('a station with its store on Postgres bakes, answers and shows what it knows; its journal stays in SQLite (F-400)', async t => {
  const cwd = standingPlace(t);
  const origin = grownRepository(join(cwd, 'origin.git'), 12, 3);
  const address = (await testAddress()).tcpUrl();
  const yaml = `repos: ["${origin.path}"]\nstore: \${STORE}\n`;
  const env = { STORE: address };
  const station = await startStation(t, { cwd, yaml, env });
  const repository = await until('it is baked', async () => {
    const { body } = await station.ask('/api/v1/repositories');
    return body.repositories?.[0]?.state === 'ok' && body.repositories[0];
  });
  assert.deepEqual([repository.commits, repository.authors], [12, 3]);
  assert.equal((await station.ask('/readyz')).status, 200);
  // A command beside it sees the same, and neither shows the password.
  const said = await sluice(t, ['insights', 'authors', '--repo', origin.path, '--json'], { cwd, env });
  assert.equal(said.stdout.trim().split('\n').length, 3, said.stderr);
  const shown = await sluice(t, ['config', 'show'], { cwd, env });
  const password = new URL(address).password;
  assert.ok(!`${shown.stdout}${station.stdout()}${station.stderr()}`.includes(password));
  assert.deepEqual(rows(join(cwd, 'sluice.db'), 'SELECT count(*) AS known FROM repositories'), [
    { known: 0 },
  ]);
  assert.deepEqual(rows(join(cwd, 'sluice.db'), 'SELECT count(*) AS clones FROM clones'), [{ clones: 1 }]);
  station.process.kill('SIGTERM');
  assert.equal((await station.ended).code, 0, station.stderr());
});

test('every station shows all that share the store, what lies with each, and where its pages are (F-467)', async t => {
  const place = standingPlace(t);
  const origin = grownRepository(join(place, 'origin.git'), 3, 1);
  const env = { STORE: (await testAddress()).tcpUrl() };
  const folders = ['one', 'two'].map(name => join(place, name));
  const [one, two] = await Promise.all(
    folders.map(cwd => {
      mkdirSync(cwd);
      return startStation(t, { cwd, yaml: `repos: ["${origin.path}"]\nstore: \${STORE}\n`, env });
    }),
  );
  assert.ok(one && two);
  await until('each knows of both, and of a clone with one of them', async () => {
    const answers = await Promise.all([one, two].map(each => each.ask('/api/v1/status')));
    return answers.every(({ body: { stations } }) => {
      const urls = stations.map(({ url }) => url);
      return (
        urls.length === 2 &&
        urls.includes(one.url) &&
        urls.includes(two.url) &&
        stations.some(({ clones }) => clones.count === 1)
      );
    });
  });
  two.process.kill('SIGTERM');
  await two.ended;
  const { stdout } = await sluice(t, ['status'], { cwd: folders[0] ?? '', env });
  const lines = stdout.split('\n').filter(line => line.startsWith('  with '));
  assert.equal(lines.length, 2, stdout);
  assert.match(lines.find(line => line.includes(`${folders[0]}/`)) ?? '', /there/);
  assert.match(lines.find(line => line.includes(`${folders[1]}/`)) ?? '', /stopped .* ago/);
});

test('a git host answers no more at once than git.perHost, of all stations together, one that stands still and goes on included (F-451, F-454)', async t => {
  const place = standingPlace(t);
  const remotes = join(place, 'remotes');
  mkdirSync(remotes);
  const remote = await startHttpRemote(t, remotes, { pauseMs: 20 });
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const origins = names.map(name => grownRepository(join(remotes, name), 200, 5));
  const address = await testAddress();
  const env = { STORE: address.tcpUrl() };
  const yaml = JSON.stringify({
    repos: names.map(name => `${remote.origin}/${name}`),
    store: '${STORE}',
    schedule: { minInterval: '1s', maxInterval: '1s' },
    git: { allowPrivateAddresses: true, concurrency: 4, perHost: 1 },
  });
  const [one, two] = await Promise.all(
    ['one', 'two'].map(name => {
      const cwd = join(place, name);
      mkdirSync(cwd);
      return startStation(t, { cwd, yaml, env });
    }),
  );
  assert.ok(one && two);
  const allHave = (commits: number) => async () => {
    const { repositories } = (await two.ask('/api/v1/repositories')).body;
    return repositories?.length === names.length && repositories.every(each => each.commits === commits);
  };
  await until('all are baked', allHave(200));
  for (const origin of origins) addCommits(origin, 50);
  const asked = remote.requests.length;
  await until('one of them is being fetched', () => remote.requests.length > asked);
  one.process.kill('SIGSTOP');
  await until('the other has gone on with all of them', allHave(250));
  for (const origin of origins) addCommits(origin, 50);
  one.process.kill('SIGCONT');
  await until('both have gone on', allHave(300));
  assert.equal(remote.busiest, 1);
});

test('stations whose clocks are hours off look at a repository when the clock of the server says so, neither earlier nor later (F-455)', async t => {
  const place = standingPlace(t);
  const HOUR_MS = 3_600_000;
  const MINUTE_MS = 60_000;
  for (const [name, aheadMs] of [
    ['ahead', 5 * HOUR_MS],
    ['behind', -7 * HOUR_MS],
  ] as const) {
    const cwd = join(place, name);
    mkdirSync(cwd);
    const origin = grownRepository(join(place, `${name}.git`), 3, 1);
    const { url } = await testAddress();
    const env = { STORE: url, ...fastClockEnvironment({ speed: 1, startMs: Date.now(), aheadMs }) };
    const schedule = { minInterval: '10m', maxInterval: '10m' };
    const yaml = JSON.stringify({ repos: [origin.path], store: '${STORE}', schedule });
    const station = await startStation(t, { cwd, yaml, env });
    await until('it is baked', async () => {
      const { repositories } = (await station.ask('/api/v1/repositories')).body;
      return repositories?.[0]?.state === 'ok';
    });
    const database = await testDatabase(t, { url });
    const nextInMs = await until('its next look is planned', async () => {
      const row = await database.first(`
        SELECT run_at_ms - floor(extract(epoch from now()) * 1000)::bigint AS left_ms FROM targets
         WHERE key LIKE '%.git' AND claim_token IS NULL`);
      return row && Number(row.left_ms);
    });
    assert.ok(nextInMs > 5 * MINUTE_MS && nextInMs <= 11 * MINUTE_MS, `${name}: in ${nextInMs} ms`);
    // What is asked for by hand is due at once, by either clock.
    addCommits(origin, 2);
    await sluice(t, ['bake', origin.path], { cwd, env });
    await until('it is baked again', async () => {
      const { repositories } = (await station.ask('/api/v1/repositories')).body;
      return repositories?.[0]?.commits === 5;
    });
    station.process.kill('SIGTERM');
    assert.equal((await station.ended).code, 0, station.stderr());
  }
});
