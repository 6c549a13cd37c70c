import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  addCommits,
  grownRepository,
  type RunningStation,
  rows,
  sluice,
  standingPlace,
  startStation,
  until,
} from '../support/sluice.ts';

interface TrackedLine {
  readonly url: string;
  readonly tracked: boolean;
  readonly trackedBy: readonly string[];
  readonly next: { readonly at: string; readonly reason: string } | null;
  readonly error?: { readonly code: string };
}

const KEYS = ['lastCommitAt', 'movedTo', 'next', 'state', 'tracked', 'trackedBy', 'url'];

function lines(stdout: string): TrackedLine[] {
  return stdout
    .trim()
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as TrackedLine);
}

async function stateOf(station: RunningStation, url: string) {
  const { repositories } = (await station.ask('/api/v1/repositories')).body;
  return repositories.find(repository => repository.url === url);
}

async function api(station: RunningStation, method: string, path: string, body?: unknown) {
  const response = await fetch(station.url + path, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('track, list and untrack work without a station, say the same for machines, and fail one by one (R-5)', async t => {
  const cwd = standingPlace(t);
  const origin = grownRepository(join(cwd, 'a.git'), 3);
  const tracked = await sluice(t, ['track', './a.git', 'https://example.org/x.git', '--json'], { cwd });
  assert.equal(tracked.code, 0, tracked.stderr);
  const [path, far] = lines(tracked.stdout);
  assert.deepEqual(Object.keys(path ?? {}).sort(), KEYS);
  assert.deepEqual([path?.url, far?.url], [origin.path, 'https://example.org/x']);
  assert.deepEqual([path?.trackedBy, path?.next?.reason], [['cli'], 'never synced']);
  assert.match((await sluice(t, ['track'], { cwd })).stdout, /https:\/\/example\.org\/x.*\n +next at once/);

  const mixed = await sluice(t, ['untrack', './a.git', 'https://example.org/none', '--json'], { cwd });
  assert.equal(mixed.code, 1);
  assert.deepEqual(
    lines(mixed.stdout).map(({ tracked, next, error }) => [tracked, next, error?.code]),
    [
      [false, null, undefined],
      [false, null, 'not_found'],
    ],
  );
  assert.deepEqual(
    lines((await sluice(t, ['track', '--json'], { cwd })).stdout).map(({ url }) => url),
    ['https://example.org/x'],
  );
  const refused = await sluice(t, ['track', 'github:git', '-x'], { cwd });
  assert.equal(refused.code, 2, refused.stderr);
  const owner = await sluice(t, ['track', 'github:git', 'ext::sh'], { cwd });
  assert.equal(owner.code, 1);
  assert.match(owner.stderr, /github:git is an owner, not a repository\n.*repos[\s\S]*ext::sh/);
});

test('beside a station track takes effect at once; a reload of the configuration leaves it; sync now and push raise it (R-5, R-28, S-12)', async t => {
  const cwd = standingPlace(t);
  const listed = grownRepository(join(cwd, 'listed.git'), 3);
  const byHand = grownRepository(join(cwd, 'hand.git'), 4);
  const yaml = 'schedule: {minInterval: 1h}\nlog: {level: warn}\n';
  const station = await startStation(t, { cwd, yaml: `${yaml}repos: [./listed.git]\n` });
  assert.equal((await sluice(t, ['track', byHand.path], { cwd })).code, 0);
  for (const { path } of [listed, byHand]) {
    await until(`${path} is baked`, async () => (await stateOf(station, path))?.state === 'ok');
  }

  writeFileSync(join(cwd, 'sluice.yaml'), yaml);
  await until('the list is empty', async () => (await stateOf(station, listed.path))?.tracked === false);
  assert.equal((await stateOf(station, byHand.path))?.tracked, true);

  addCommits(byHand, 5, { branch: 'side' });
  const synced = await sluice(t, ['sync', 'now', byHand.path], { cwd });
  assert.match(synced.stdout, /tracked, first in line/);
  await until('it has the news', async () => (await stateOf(station, byHand.path))?.commits === 9);
  const untracked = await sluice(t, ['sync', 'now', listed.path], { cwd });
  assert.equal(untracked.code, 2, 'a path that nobody trusted names any more is refused to the API');
  assert.match(untracked.stderr, /git\.allowPaths/);

  const still = await sluice(t, ['untrack', byHand.path], { cwd });
  assert.equal(still.code, 0, still.stderr);
  assert.equal((await stateOf(station, byHand.path))?.tracked, false);
  assert.deepEqual(rows(join(cwd, 'sluice.db'), "SELECT key FROM targets WHERE kind = 'repository'"), []);
});

test('forget takes a repository out with clone, history and schedule, also one that never was there (R-500)', async t => {
  const cwd = standingPlace(t);
  const origin = grownRepository(join(cwd, 'a.git'), 3);
  mkdirSync(join(cwd, 'mistypde'));
  await sluice(t, ['bake', origin.path], { cwd });
  await sluice(t, ['track', origin.path, join(cwd, 'mistypde')], { cwd });
  const listed = await sluice(t, ['forget', join(cwd, 'mistypd'), join(cwd, 'mistypde'), origin.path], {
    cwd,
  });
  assert.equal(listed.code, 1);
  assert.match(listed.stderr, /no repository .*mistypd is known here\n {2}Did you mean .*mistypde"\?/);
  assert.match(listed.stdout, /forgotten: .*mistypde, 0 commits\nforgotten: .*a\.git, 3 commits/);
  for (const table of ['repositories', 'commits', 'clones', 'targets', 'identities', 'author_days'])
    assert.deepEqual(rows(join(cwd, 'sluice.db'), `SELECT * FROM ${table}`), [], table);
  assert.deepEqual(
    readdirSync(join(cwd, 'station/cache')).filter(name => name.endsWith('.git')),
    [],
  );
  writeFileSync(join(cwd, 'sluice.yaml'), 'repos: [./a.git]\n');
  const station = await startStation(t, { cwd });
  await until('it is baked', async () => (await stateOf(station, origin.path))?.state === 'ok');
  const named = await sluice(t, ['forget', origin.path], { cwd });
  assert.equal(named.code, 1);
  assert.match(named.stderr, /is tracked by config\n {2}Take it out of "repos"/);
});

test('the API tracks and untracks; what it may not name is refused, and of several none is taken then (R-5, R-9)', async t => {
  const cwd = standingPlace(t);
  const origin = grownRepository(join(cwd, 'a.git'), 3);
  const yaml = `git: {allowPaths: [${cwd}]}\nschedule: {minInterval: 1h}\nlog: {level: warn}\n`;
  const station = await startStation(t, { cwd, yaml });
  const url = origin.path;
  const bad = await api(station, 'POST', '/api/v1/repositories', { urls: [url, 'http://127.0.0.1/x'] });
  assert.deepEqual([bad.status, bad.body.code], [422, 'url_refused']);
  assert.deepEqual((await station.ask('/api/v1/repositories')).body.repositories, []);
  for (const body of [{}, { url, urls: [url] }, { url: '' }, { urls: [] }, { url, more: 1 }]) {
    assert.equal((await api(station, 'POST', '/api/v1/repositories', body)).body.code, 'body_invalid');
  }
  const created = await api(station, 'POST', '/api/v1/repositories', { url });
  assert.equal(created.status, 201);
  await until('it is baked', async () => (await stateOf(station, url))?.state === 'ok');
  const query = `/api/v1/repositories/one?url=${encodeURIComponent(url)}`;
  const one = await api(station, 'GET', query);
  assert.deepEqual([one.body.trackedBy, one.body.movedTo], [['api'], null]);
  assert.match(JSON.stringify(one.body.next), /"reason":"last change .* → every 8 h"/);
  assert.deepEqual((await api(station, 'POST', '/api/v1/sync', { url })).body, { repositories: [{ url }] });
  assert.deepEqual((await api(station, 'DELETE', query.replace('/one', ''))).body, {
    url,
    tracked: false,
    trackedBy: [],
  });
  const gone = await api(station, 'POST', '/api/v1/sync', { url });
  assert.deepEqual([gone.status, gone.body.code], [404, 'not_tracked']);
  assert.equal((await api(station, 'PUT', '/api/v1/repositories')).status, 405);
});

test('Configuration: paths under repos start at its file, and config check judges every address with its line (R-5, S-9)', async t => {
  const cwd = standingPlace(t);
  const place = standingPlace(t);
  grownRepository(join(place, 'a.git'), 3);
  const file = join(place, 'sluice.yaml');
  writeFileSync(file, 'repos:\n  - ./a.git\n  - url: ../nowhere\n');
  const shown = await sluice(t, ['config', 'show', '--json', '--config', file], { cwd });
  assert.deepEqual(JSON.parse(shown.stdout).repos, [
    { url: join(place, 'a.git') },
    { url: join(place, '../nowhere') },
  ]);
  assert.equal((await sluice(t, ['config', 'check', '--config', file], { cwd })).code, 0);
  const faulty = [
    'ext::sh -c x',
    'ftp://a/b',
    'https://a',
    'github.com/git/git',
    'gitea:team',
    'https://x:y@a/b',
  ];
  writeFileSync(file, `repos:\n${faulty.map(text => `  - ${JSON.stringify(text)}\n`).join('')}`);
  const { code, stderr } = await sluice(t, ['config', 'check', '--config', file], { cwd });
  assert.equal(code, 2);
  const faults = [/2:5 repos\[0\].*remote helper/, /3:5 repos\[1\].*scheme/, /4:5 repos\[2\].*no repository/];
  for (const pattern of faults) assert.match(stderr, pattern);
  assert.match(stderr, /5:5 repos\[3\].*write https:\/\/github\.com\/git\/git/);
  assert.match(stderr, /6:5 repos\[4\].*says no host/);
  assert.match(stderr, /7:5 repos\[5\].*credentials/);
});
