import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { startHttpRemote } from '../support/git-remotes.ts';
import { authoringEnvironment, processesMentioning, TestRepository } from '../support/git-repositories.ts';
import {
  grownRepository,
  type RunningStation,
  rows,
  scratchLeft,
  sluice,
  standingPlace,
  startSluice,
  startStation,
  until,
} from '../support/sluice.ts';

/** A folder that is a git work tree with so many commits. */
function workTree(t: TestContext, commits: number): string {
  const cwd = standingPlace(t);
  const git = (...args: string[]): unknown => execFileSync('git', args, { cwd, env: authoringEnvironment() });
  git('init', '-q');
  for (let index = 0; index < commits; index += 1) git('commit', '-q', '--allow-empty', '-m', `${index}`);
  return cwd;
}

/** A station whose one repository is being fetched and will be for ever. */
async function stationInMidFetch(t: TestContext, cwd = standingPlace(t)) {
  const origins = standingPlace(t);
  grownRepository(join(origins, 'slow.git'), 500);
  const remote = await startHttpRemote(t, origins, { stallAfterBytes: 2_000 });
  const struck = remote.faultStruck();
  const url = `${remote.origin}/slow`;
  const station = await startStation(t, { cwd, yaml: `repos: [${url}]\n` });
  await station.before(struck);
  return { station, remote, url, cwd };
}

async function stopped(station: RunningStation, signal: NodeJS.Signals) {
  const startMs = performance.now();
  station.process.kill(signal);
  const { code } = await station.ended;
  return { code, tookMs: performance.now() - startMs };
}

test('First minute: in a repository, without configuration, the station bakes it and says what to try next (S-1)', async t => {
  const cwd = workTree(t, 3);
  const station = await startStation(t, { cwd });
  const greeting = station.stdout().trim().split('\n');
  assert.ok(greeting.length < 15, station.stdout());
  assert.match(station.stdout(), new RegExp(`baking +${cwd}`));
  const repository = await until('it is baked', async () => {
    const { body } = await station.ask('/api/v1/repositories');
    return body.repositories?.[0]?.state === 'ok' && body.repositories[0];
  });
  assert.deepEqual([repository.url, repository.commits, repository.authors], [cwd, 3, 1]);
  const page = await fetch(station.url);
  assert.match(await page.text(), /<title>sluice<\/title>/);
  const status = await sluice(t, ['status', '--json'], { cwd });
  const { station: about, repos, schedule } = JSON.parse(status.stdout);
  assert.deepEqual([about.mode, about.pid], ['up', station.process.pid]);
  assert.deepEqual([repos.tracked, repos.commits, schedule.size], [1, 3, 1]);
  assert.match((await sluice(t, ['status'], { cwd })).stdout, /station +up for/);
  assert.deepEqual(await stopped(station, 'SIGINT').then(({ code }) => code), 0);
  assert.match((await sluice(t, ['status'], { cwd })).stdout, /not running/);
});

test('status says of a station that is still starting that it is (S-142)', async t => {
  const cwd = standingPlace(t);
  await stopped(await startStation(t, { cwd }), 'SIGTERM');
  const database = new DatabaseSync(join(cwd, 'sluice.db'));
  t.after(() => database.close());
  // A start has to write, and waits.
  database.exec('BEGIN IMMEDIATE');
  const starting = startSluice(t, ['up', '--port', '0'], { cwd });
  const said = join(cwd, 'station/station.json');
  await starting.before(until('it says that it starts', () => existsSync(said)));
  const { stdout } = await sluice(t, ['status'], { cwd });
  assert.match(stdout, new RegExp(`still starting \\(process ${starting.process.pid}\\)`));
  database.exec('ROLLBACK');
  await starting.before(
    until('it is up', async () => /up for/.test((await sluice(t, ['status'], { cwd })).stdout)),
  );
  starting.process.kill('SIGTERM');
  assert.equal((await starting.ended).code, 0);
  assert.equal(existsSync(said), false);
});

test('First minute: in a folder that is no repository the station is up and says what it does not bake (S-1)', async t => {
  const cwd = standingPlace(t);
  const station = await startStation(t, { cwd });
  assert.match(station.stdout(), /baking +nothing yet/);
  assert.equal((await station.ask('/readyz')).status, 200);
  assert.deepEqual((await station.ask('/api/v1/repositories')).body, {
    repositories: [],
    total: 0,
    next: null,
  });
  const { code, tookMs } = await stopped(station, 'SIGTERM');
  assert.equal(code, 0, station.stderr());
  assert.ok(tookMs < 3000, `${tookMs} ms`);
});

test('Life cycle: Ctrl-C during a bake stops within 3 s with exit 0, and the work is handed back (S-23)', async t => {
  const { station, url, cwd, remote } = await stationInMidFetch(t);
  const { code, tookMs } = await stopped(station, 'SIGINT');
  assert.equal(code, 0, station.stderr());
  assert.ok(tookMs < 3000, `${tookMs} ms`);
  assert.deepEqual(scratchLeft(cwd), []);
  assert.deepEqual(rows(join(cwd, 'sluice.db'), 'SELECT state FROM runs'), [{ state: 'waiting' }]);
  remote.faults.stallAfterBytes = undefined;
  const again = await sluice(t, ['bake', url, '--json'], { cwd });
  assert.equal(JSON.parse(again.stdout).commits, 500, again.stderr);
});

test('Life cycle: whoever waits for a run learns that the station stops (S-23)', async t => {
  const { station, url } = await stationInMidFetch(t);
  const waiting = station.ask('/bake', { url, wait: true }).catch((error: unknown) => error);
  await until('the request is noted', async () => (await station.ask('/api/v1/runs')).body.runs.length > 1);
  const { code, tookMs } = await stopped(station, 'SIGTERM');
  assert.equal(code, 0);
  assert.ok(tookMs < 3000, `${tookMs} ms`);
  const answer = (await waiting) as Awaited<ReturnType<RunningStation['ask']>>;
  assert.deepEqual([answer.status, answer.body.code], [503, 'stopping']);
});

test('Life cycle: a second signal ends the station at once, and git with it (S-23)', async t => {
  const { station, cwd } = await stationInMidFetch(t);
  station.process.kill('SIGINT');
  await station.printed(/"msg":"stopping"/);
  const { code, tookMs } = await stopped(station, 'SIGINT');
  assert.equal(code, 130);
  assert.ok(tookMs < 1000, `${tookMs} ms`);
  await until('git has ended too', () => processesMentioning(cwd).length === 0);
});

test('after kill -9 during a fetch the next station cleans up, bakes, and holds no claim for the dead (R-16, R-24, R-108, S-25)', async t => {
  const { station, remote, cwd, url } = await stationInMidFetch(t);
  assert.equal(scratchLeft(cwd).length, 1);
  station.process.kill('SIGKILL');
  await station.ended;
  remote.faults.stallAfterBytes = undefined;
  const next = await startStation(t, { cwd });
  await until(
    'it is baked',
    async () => (await next.ask('/api/v1/repositories')).body.repositories[0]?.state === 'ok',
  );
  const { body } = await next.ask('/api/v1/repositories');
  assert.deepEqual([body.repositories[0]?.url, body.repositories[0]?.commits], [url, 500]);
  assert.deepEqual(scratchLeft(cwd), []);
  const states = rows(join(cwd, 'sluice.db'), 'SELECT state FROM runs ORDER BY id').map(({ state }) => state);
  assert.deepEqual(states, ['done'], 'under the number that was asked for');
  assert.equal((await next.ask('/api/v1/status')).body.schedule.running, 0);
});

test('kill -9 while commits are stored leaves no double and no missing rows (R-15, R-24, T-12)', async t => {
  const cwd = standingPlace(t);
  const origin = grownRepository(join(standingPlace(t), 'big.git'), 15_000, 40);
  const station = await startStation(t, { cwd, yaml: `repos: [${origin.path}]\n` });
  const database = join(cwd, 'sluice.db');
  const stored = (): number => Number(rows(database, 'SELECT count(*) AS n FROM commits')[0]?.n);
  await until('some commits are stored', () => stored() > 0);
  station.process.kill('SIGKILL');
  await station.ended;
  const next = await startStation(t, { cwd });
  await until(
    'it is baked',
    async () => (await next.ask('/api/v1/repositories')).body.repositories[0]?.state === 'ok',
  );
  const [baked] = (await next.ask('/api/v1/repositories')).body.repositories;
  assert.deepEqual([baked?.commits, baked?.authors, stored()], [15_000, 40, 15_000]);
});

test('Two stations: a second one on the same root or database is refused with exit 1 and the name of the first (S-26)', async t => {
  const cwd = standingPlace(t);
  const first = await startStation(t, { cwd });
  const elsewhere = standingPlace(t);
  const sameRoot = ['up', '--port', '0', '--root', join(cwd, 'station')];
  const sameDatabase = ['up', '--port', '0', '--database', join(cwd, 'sluice.db')];
  for (const [args, what] of [
    [sameRoot, 'root'],
    [sameDatabase, 'database'],
  ] as const) {
    const { code, stderr, stdout } = await sluice(t, args, { cwd: elsewhere });
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      new RegExp(`another station already uses the ${what} .*process ${first.process.pid}`),
    );
    assert.equal(stdout, '');
  }
  assert.equal((await first.ask('/readyz')).status, 200);
});

test('Start: a port in use, a file that is no database and one of a newer sluice end with exit 1 and one clear message (S-3)', async t => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const port = String((taken.address() as { port: number }).port);
  const cwd = standingPlace(t);
  const inUse = await sluice(t, ['up', '--port', port], { cwd });
  assert.deepEqual([inUse.code, inUse.stdout], [1, '']);
  assert.match(inUse.stderr, new RegExp(`something else listens on 127.0.0.1:${port}.*\\n.*--port`));

  const foreign = new DatabaseSync(join(cwd, 'foreign.db'));
  foreign.exec("PRAGMA user_version = 7; CREATE TABLE wallets (id); INSERT INTO wallets VALUES ('kept')");
  foreign.close();
  const before = rows(join(cwd, 'foreign.db'), 'SELECT name FROM sqlite_schema');
  for (const command of [['up', '--port', '0'], ['bake', '/nowhere'], ['status']]) {
    const { code, stderr } = await sluice(t, [...command, '--database', 'foreign.db'], { cwd });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /foreign\.db/);
  }
  assert.deepEqual(rows(join(cwd, 'foreign.db'), 'SELECT name FROM sqlite_schema'), before);

  assert.equal((await sluice(t, ['bake', '--database', 'newer.db', workTree(t, 1)], { cwd })).code, 0);
  const newer = new DatabaseSync(join(cwd, 'newer.db'));
  newer.exec('PRAGMA user_version = 9999');
  newer.close();
  const late = await sluice(t, ['up', '--port', '0', '--database', 'newer.db'], { cwd });
  assert.equal(late.code, 1);
  assert.match(late.stderr, /newer/);
});

test('Configuration: five faults are all listed with their lines, exit 2 (S-9)', async t => {
  const cwd = standingPlace(t);
  const yaml = [
    'servr: {}', // 1
    'schedule:',
    '  minInterval: soon', // 3
    'git:',
    '  concurrency: 0', // 5
    'server:',
    '  port: 99999', // 7
    'log:',
    '  level: loud', // 9
  ].join('\n');
  const station = startStation(t, { cwd, yaml });
  await assert.rejects(station, /it has ended/);
  const { code, stderr } = await sluice(t, ['config', 'check'], { cwd });
  assert.equal(code, 2);
  for (const line of [1, 3, 5, 7, 9]) assert.match(stderr, new RegExp(`sluice\\.yaml:${line}\\b`), stderr);
  assert.match(stderr, /server/);
});

test('Configuration: a SIGHUP takes a new repository in; a faulty file changes nothing and says why (S-12)', async t => {
  const cwd = standingPlace(t);
  const [one, two] = ['one', 'two'].map(name => grownRepository(join(cwd, 'origins', `${name}.git`), 2).path);
  const station = await startStation(t, { cwd, yaml: `repos: [${one}]\n` });
  const { writeFileSync } = await import('node:fs');
  const tracked = async (): Promise<string[]> => {
    const { repositories } = (await station.ask('/api/v1/repositories')).body;
    return repositories.filter(({ tracked }) => tracked).map(({ url }) => url);
  };
  writeFileSync(join(cwd, 'sluice.yaml'), `repos: [${one}, ${two}]\n`);
  station.process.kill('SIGHUP');
  await until('the second one is tracked', async () => (await tracked()).length === 2);
  for (const faulty of ['repos: [1, {uurl: x}]\n', 'repos: ["ext::sh -c true"]\n']) {
    writeFileSync(join(cwd, 'sluice.yaml'), faulty);
    station.process.kill('SIGHUP');
    await until('it is refused', () => station.stderr().split('not reloaded').length > 1);
    assert.equal((await tracked()).length, 2);
  }
  await station.printed(/remote helper/);
  assert.equal((await tracked()).length, 2);
});

test('Tracked paths: one that is not there keeps no station down; it is baked once it is there (R-31)', async t => {
  const cwd = standingPlace(t);
  const path = join(cwd, 'later.git');
  const station = await startStation(t, { cwd, yaml: `repos: [${path}]\n` });
  const state = async (): Promise<unknown> =>
    (await station.ask('/api/v1/repositories')).body.repositories[0]?.state;
  await until('it is missed', async () => (await state()) === 'gone');
  const asked = await station.ask('/bake', { url: path, wait: true });
  assert.deepEqual([asked.status, asked.body.code], [422, 'not_a_repository']);
  grownRepository(path, 4);
  assert.equal((await sluice(t, ['bake', path], { cwd })).code, 0);
  assert.equal(await state(), 'ok');
});

test('a station and "sluice bake" on one database bake one repository one after the other (R-15)', async t => {
  const { station, remote, url, cwd } = await stationInMidFetch(t);
  const beside = startSluice(t, ['bake', url, '--json'], { cwd });
  await until('both know of it', () => rows(join(cwd, 'sluice.db'), 'SELECT 1 FROM runs').length > 0);
  const before = remote.requests.length;
  await new Promise(resolve => setTimeout(resolve, 500));
  assert.deepEqual([remote.requests.length, scratchLeft(cwd).length], [before, 1]);
  remote.faults.stallAfterBytes = undefined;
  await stopped(station, 'SIGTERM');
  const { code, stdout, stderr } = await beside.ended;
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).commits, 500);
  assert.deepEqual(rows(join(cwd, 'sluice.db'), 'SELECT count(*) AS n FROM commits'), [{ n: 500 }]);
  assert.deepEqual(scratchLeft(cwd), []);
});

test('20 requests at once for one repository share its runs; all end with the same rows (R-1)', async t => {
  const cwd = standingPlace(t);
  const origin = new TestRepository(join(cwd, 'origin.git'));
  origin.commit('first');
  const yaml = `git: {allowPaths: [${cwd}]}\n`;
  const station = await startStation(t, { cwd, yaml });
  const asks = Array.from({ length: 20 }, () => station.ask('/bake', { url: origin.path, wait: true }));
  const answers = await Promise.all(asks);
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.ok(answers.every(({ body }) => body.summary.commits === 1));
  // One that was asked for while one ran comes after it: news may have come in between.
  assert.ok(new Set(answers.map(({ body }) => body.id)).size <= 2);
  assert.equal(readdirSync(join(cwd, 'station', 'cache')).length, 1);
});
