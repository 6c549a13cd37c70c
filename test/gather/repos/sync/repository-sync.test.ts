import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { cloneDirectoryName } from '../../../../src/gather/repos/clone/directories.ts';
import { startHttpRemote } from '../../../support/git-remotes.ts';
import { TestRepository, temporaryDirectory } from '../../../support/git-repositories.ts';
import { rows } from '../../../support/sluice.ts';
import { openSyncBench } from '../../../support/sync-bench.ts';

const DAY_MS = 24 * 3_600_000;

test('where nothing has moved a sync is one listing of refs: no run, no clone needed, fresh all the same (R-29)', async t => {
  const bench = await openSyncBench(t);
  const root = temporaryDirectory(t);
  const origin = new TestRepository(join(root, 'a.git'));
  origin.commit('one');
  origin.git('tag', 'v1', 'main');
  const remote = await startHttpRemote(t, root);
  const { url } = await bench.track(`${remote.origin}/a`);
  await bench.sync(url);
  assert.deepEqual(bench.steps, ['bake']);
  rmSync(bench.config.cache.directory, { recursive: true });
  const requestsBefore = remote.requests.length;
  await bench.clock.advance(1000);
  const { repository } = await bench.sync(url);
  assert.deepEqual(bench.steps, ['bake', 'check']);
  assert.equal(repository.lastBakedAtMs, bench.clock.nowMs());
  assert.deepEqual([repository.state, repository.totals.commits], ['ok', 1]);
  assert.ok(remote.requests.length - requestsBefore <= 2, remote.requests.join('\n'));
  assert.equal((await bench.store.runs.recent(10)).length, 1);
});

test('a new commit, a moved or deleted branch, a new tag and another HEAD each bring a bake (R-29)', async t => {
  const bench = await openSyncBench(t);
  const root = temporaryDirectory(t);
  const origin = new TestRepository(join(root, 'a.git'));
  origin.commit('one');
  const { url } = await bench.track(origin.path);
  await bench.sync(url);
  const changes: Readonly<Record<string, () => unknown>> = {
    commit: () => origin.commit('two'),
    branch: () => origin.git('branch', 'side', 'main~1'),
    force: () => origin.git('branch', '-f', 'side', 'main'),
    tag: () => origin.git('tag', 'v1', 'main'),
    head: () => origin.git('symbolic-ref', 'HEAD', 'refs/heads/side'),
    delete: () => origin.git('branch', '-D', 'main'),
  };
  for (const [name, change] of Object.entries(changes)) {
    change();
    await bench.sync(url);
    assert.deepEqual(
      bench.steps.splice(0),
      name === 'commit' ? ['bake', 'check', 'bake'] : ['check', 'bake'],
      name,
    );
    await bench.sync(url);
    assert.deepEqual(bench.steps.splice(0), ['check'], name);
  }
  const repository = await bench.store.repositories.byUrl(url);
  assert.equal(repository?.headRef, 'refs/heads/side');
});

test('a bake that somebody waits for is done though nothing has moved (R-29)', async t => {
  const bench = await openSyncBench(t);
  const origin = new TestRepository(join(temporaryDirectory(t), 'a.git'));
  origin.commit('one');
  const { url, id } = await bench.track(origin.path);
  await bench.sync(url);
  const run = await bench.store.runs.request(id, 'asked for by hand', bench.clock.nowMs());
  await bench.sync(url);
  assert.deepEqual(bench.steps, ['bake', 'bake']);
  assert.equal((await bench.store.runs.byId(run.id))?.state, 'done');
});

test('the first bake is no news, later commits are, whatever their dates (R-30)', async t => {
  const bench = await openSyncBench(t);
  const origin = new TestRepository(join(temporaryDirectory(t), 'a.git'));
  origin.commit('one');
  const { url } = await bench.track(origin.path);
  assert.equal((await bench.sync(url)).repository.lastNewsAtMs, null);
  origin.commit('of the same date');
  await bench.clock.advance(5000);
  assert.equal((await bench.sync(url)).repository.lastNewsAtMs, bench.clock.nowMs());
});

test('Moved: a redirect on its own host is found, judged and followed; asked again after a day; gone back, it is ok (R-9, R-31)', async t => {
  const bench = await openSyncBench(t);
  const root = temporaryDirectory(t);
  const origin = new TestRepository(join(root, 'a.git'));
  origin.commit('one');
  const remote = await startHttpRemote(t, root);
  const { url } = await bench.track(`${remote.origin}/a.git`);
  await bench.sync(url);
  const kept = join(root, 'kept');
  mkdirSync(kept);
  renameSync(origin.path, join(kept, 'a.git'));
  remote.faults.redirect = { to: '/kept', except: '/kept' };
  const { repository } = await bench.sync(url);
  assert.deepEqual(
    [repository.state, repository.movedTo, repository.lastError, repository.totals.commits],
    ['moved', `${remote.origin}/kept/a`, null, 1],
  );
  bench.steps.splice(0);
  const again = await bench.sync(url);
  assert.deepEqual([bench.steps.splice(0), again.repository.state], [['check'], 'moved']);

  await bench.clock.advance(DAY_MS + 1);
  const dayLater = await bench.sync(url);
  assert.deepEqual(bench.steps.splice(0), ['bake', 'bake']);
  assert.deepEqual(
    [dayLater.repository.state, dayLater.repository.movedTo],
    ['moved', `${remote.origin}/kept/a`],
  );

  delete remote.faults.redirect;
  renameSync(join(kept, 'a.git'), origin.path);
  const back = await bench.sync(url);
  assert.deepEqual([back.repository.state, back.repository.movedTo], ['ok', null]);
  assert.equal(back.error, undefined);
});

test('moved: a redirect to another private host or port, or off to no repository, is shown and not followed (R-9, R-31)', async t => {
  const bench = await openSyncBench(t);
  const root = temporaryDirectory(t);
  new TestRepository(join(root, 'a.git')).commit('one');
  const remote = await startHttpRemote(t, root);
  const elsewhere = await startHttpRemote(t, root);
  const { url } = await bench.track(`${remote.origin}/a.git`);
  remote.faults.redirect = { to: elsewhere.origin };
  const { repository, error } = await bench.sync(url);
  assert.equal(error?.code, 'repository_moved');
  assert.deepEqual([repository.state, repository.movedTo], ['moved', null]);
  assert.match(
    repository.lastError ?? '',
    /redirects to ".*\/a", which is not followed: 127\.0\.0\.1 is refused/,
  );
  assert.deepEqual(elsewhere.requests, []);
  remote.faults.redirect = { to: 'file:///etc' };
  assert.equal((await bench.sync(url)).error?.code, 'repository_moved');
  remote.faults.redirect = { to: remote.origin };
  const loop = await bench.sync(url);
  assert.match(loop.error?.message ?? '', /more than 5 redirects/);
  bench.config = { ...bench.config, git: { ...bench.config.git, allowPrivateAddresses: true } };
  remote.faults.redirect = { to: elsewhere.origin };
  assert.equal((await bench.sync(url)).repository.state, 'moved');
  assert.equal((await bench.sync(url)).repository.movedTo, `${elsewhere.origin}/a`);
});

test('Vanished, private, unreachable: shown so, rows kept, and well again by itself (R-31)', async t => {
  const bench = await openSyncBench(t);
  const root = temporaryDirectory(t);
  new TestRepository(join(root, 'a.git')).commit('one');
  const remote = await startHttpRemote(t, root);
  const { url } = await bench.track(`${remote.origin}/a`);
  await bench.sync(url);
  const cases = [
    [{ status: 404 }, 'gone', 'give-up'],
    [{ basicAuth: { username: 'a', token: 'b' } }, 'private', 'give-up'],
    [{ status: 503 }, 'failing', 'retry'],
  ] as const;
  for (const [faults, state, retry] of cases) {
    Object.assign(remote.faults, faults);
    const failed = await bench.sync(url);
    assert.deepEqual([failed.repository.state, failed.error?.answer], [state, retry]);
    assert.equal(failed.repository.totals.commits, 1);
    for (const key of Object.keys(faults)) delete remote.faults[key as keyof typeof remote.faults];
    const well = await bench.sync(url);
    assert.deepEqual([well.repository.state, well.repository.lastError], ['ok', null], state);
  }
  assert.equal(rows(join(bench.directory, 'sluice.db'), 'SELECT count(*) AS n FROM commits')[0]?.n, 1);
  assert.equal(bench.reported.filter(({ failure }) => failure !== undefined).length, cases.length);
});

test('what is tracked over the API alone may not be on a private address, whoever else may (R-9)', async t => {
  const bench = await openSyncBench(t);
  const root = temporaryDirectory(t);
  new TestRepository(join(root, 'a.git')).commit('one');
  const remote = await startHttpRemote(t, root);
  const { url } = await bench.track(`${remote.origin}/a`, 'api');
  assert.equal((await bench.sync(url)).error?.code, 'url_refused');
  assert.deepEqual(remote.requests, []);
  await bench.track(url, 'owner:git.example.com/team');
  assert.equal((await bench.sync(url)).error, undefined);
});

/** Listens and accepts nothing: the kernel takes a few connections into the backlog and lets the others wait. */
const DEAF_SERVER = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;

test('git.connectTimeout: a host that accepts no connection is reported within it (T-5)', async t => {
  const bench = await openSyncBench(t, { connectTimeoutMs: 300 });
  const deaf = new Worker(DEAF_SERVER, { eval: true });
  t.after(() => deaf.terminate());
  const [port] = (await once(deaf, 'message')) as [number];
  const waiting = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  t.after(() => waiting.forEach(socket => void socket.destroy()));
  for (const scheme of ['http', 'git']) {
    const { url } = await bench.track(`${scheme}://127.0.0.1:${port}/a`);
    const startMs = performance.now();
    const { error } = await bench.sync(url);
    assert.equal(error?.code, 'timed_out', error?.message ?? '');
    assert.ok(performance.now() - startMs < 5000);
  }
});

test('Dead host: a refused connection is reported without starting git (R-10, T-4)', async t => {
  const bench = await openSyncBench(t);
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise(resolve => server.close(resolve));
  for (const scheme of ['http', 'git']) {
    const { url } = await bench.track(`${scheme}://127.0.0.1:${port}/a`);
    const { error, repository } = await bench.sync(url);
    assert.deepEqual([error?.code, repository.state], ['host_unreachable', 'unreachable']);
  }
});

test('a clone whose history lacks objects is made anew; where the remote lacks them it is not kept (R-341)', async t => {
  const bench = await openSyncBench(t);
  const origin = new TestRepository(join(temporaryDirectory(t), 'a.git'));
  const root = origin.commit('one');
  origin.commit('two');
  const { url } = await bench.track(origin.path);
  await bench.sync(url);
  const gitDir = join(bench.config.cache.directory, cloneDirectoryName(url));
  loseObject(gitDir, root);
  const fresh = origin.git('commit-tree', '-m', 'from the beginning', 'main^{tree}');
  origin.git('update-ref', 'refs/heads/main', fresh);
  const mended = await bench.sync(url);
  assert.deepEqual(
    [mended.error, mended.repository.state, mended.repository.totals.commits],
    [undefined, 'ok', 1],
  );
  assert.equal(existsSync(gitDir), true);
});

/** Takes one commit out of a clone, which looks whole then as long as nobody walks there. */
function loseObject(gitDir: string, id: string): void {
  const packs = join(gitDir, 'objects/pack');
  const aside = join(gitDir, 'aside');
  renameSync(packs, aside);
  mkdirSync(packs);
  for (const name of readdirSync(aside).filter(each => each.endsWith('.pack')))
    execFileSync('git', ['--git-dir', gitDir, 'unpack-objects', '-q'], {
      input: readFileSync(join(aside, name)),
    });
  rmSync(aside, { recursive: true });
  rmSync(join(gitDir, 'objects', id.slice(0, 2), id.slice(2)));
  rmSync(join(gitDir, 'objects/info'), { recursive: true, force: true });
}
