import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ErrorCode, SluiceError } from '../../../../src/base/errors.ts';
import { CloneBench } from '../../../support/git-clones.ts';
import {
  fakeProgram,
  startGitDaemon,
  startHttpRemote,
  type TestRemote,
} from '../../../support/git-remotes.ts';
import { objectsIn, processesMentioning } from '../../../support/git-repositories.ts';

/** One clear message with the right code, and nothing left: no half clone, no process. */
async function failsCleanly(bench: CloneBench, run: Promise<unknown>, code: ErrorCode): Promise<SluiceError> {
  const error = await run.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SluiceError, String(error));
  assert.equal(error.code, code, error.message);
  assert.doesNotMatch(error.message, /[\n\r]/);
  assert.ok(error.hint.length > 0);
  assert.deepEqual(bench.names(), []);
  assert.deepEqual(processesMentioning(bench.cache), []);
  return error;
}

/** Incompressible messages, so that a pack of them has about `bytes`. */
function fill(bench: CloneBench, bytes: number): void {
  const chunk = execFileSync('head', ['-c', String(Math.ceil(bytes * 0.75)), '/dev/urandom'], {
    maxBuffer: 2 ** 28,
  });
  bench.upstream.commit(chunk.toString('base64'));
}

async function served(
  t: TestContext,
  kind: 'http' | 'git',
): Promise<{ bench: CloneBench; server: TestRemote; text: string }> {
  const bench = new CloneBench(t);
  const server = await (kind === 'http' ? startHttpRemote : startGitDaemon)(t, bench.root);
  return { bench, server, text: `${server.origin}/r` };
}

test('bad input: not a repository, as path, over http and over git (R-10)', async t => {
  const { bench, server } = await served(t, 'http');
  const daemon = await startGitDaemon(t, bench.root);
  mkdirSync(join(bench.root, 'plain'));
  for (const text of [join(bench.root, 'plain'), `${server.origin}/none`, `${daemon.origin}/none`]) {
    const error = await failsCleanly(bench, bench.sync(text), 'not_a_repository');
    assert.match(error.message, /there is no git repository at/);
  }
});

test('bad input: authentication needed, wrong token, right token (R-10)', async t => {
  const { bench, server, text } = await served(t, 'http');
  bench.upstream.commit('one');
  server.faults.basicAuth = { username: 'ada', token: 's3cret' };
  await failsCleanly(bench, bench.sync(text), 'authentication_required');
  const withToken = (token: string) => ({
    remote: { ...bench.remote(text), credentials: { username: 'ada', token } },
  });
  const error = await failsCleanly(bench, bench.sync(text, withToken('wr0ng')), 'authentication_required');
  const wrong = Buffer.from('ada:wr0ng').toString('base64');
  assert.ok(!JSON.stringify({ ...error, message: error.message }).match(new RegExp(`wr0ng|${wrong}`)));
  const clone = await bench.sync(text, withToken('s3cret'));
  assert.equal(clone.tips.size, 1);
  assert.doesNotMatch(readFileSync(join(clone.gitDir, 'config'), 'utf8'), /s3cret|authorization/i);
});

test('a token is sent when the host asks for one, and only then (C-105)', async t => {
  const { bench, server, text } = await served(t, 'http');
  bench.upstream.commit('one');
  const remote = { ...bench.remote(text), credentials: { username: 'ada', token: 's3cret' } };
  assert.equal((await bench.sync(text, { remote })).tips.size, 1);
  assert.deepEqual(server.authorizations, [], 'what is public is fetched without');
  server.faults.basicAuth = { username: 'ada', token: 's3cret' };
  bench.upstream.commit('two');
  await bench.sync(text, { remote });
  const basic = `Basic ${Buffer.from('ada:s3cret').toString('base64')}`;
  assert.deepEqual([...new Set(server.authorizations)], [basic]);
});

test('bad input: host unknown, and a port where nothing listens (R-10)', async t => {
  const bench = new CloneBench(t);
  for (const scheme of ['http', 'git']) {
    await failsCleanly(bench, bench.sync(`${scheme}://no-such-host.invalid/r`), 'host_unknown');
    await failsCleanly(bench, bench.sync(`${scheme}://127.0.0.1:1/r`), 'host_unreachable');
  }
  await failsCleanly(bench, bench.sync('git@no-such-host.invalid:r'), 'host_unknown');
  await failsCleanly(bench, bench.sync('ssh://git@127.0.0.1:1/r'), 'host_unreachable');
});

test('bad input: the connection breaks in the middle of a clone (R-10, T-9)', async t => {
  for (const kind of ['http', 'git'] as const) {
    const { bench, server, text } = await served(t, kind);
    fill(bench, 300_000);
    server.faults.dropAfterBytes = 100_000;
    await failsCleanly(bench, bench.sync(text), 'connection_lost');
    delete server.faults.dropAfterBytes;
    assert.equal((await bench.sync(text)).outcome, 'clone');
  }
});

test('bad input: the connection breaks in the middle of a fetch; the clone stays whole (R-10, T-9)', async t => {
  const { bench, server, text } = await served(t, 'http');
  const first = bench.upstream.commit('one');
  const { gitDir } = await bench.sync(text);
  fill(bench, 300_000);
  server.faults.dropAfterBytes = 100_000;
  await assert.rejects(bench.sync(text), { code: 'connection_lost' });
  const left = readdirSync(join(gitDir, 'objects/pack')).filter(name => name.startsWith('tmp_'));
  assert.deepEqual(left, []);
  assert.equal(bench.names().length, 1);
  delete server.faults.dropAfterBytes;
  const clone = await bench.sync(text);
  assert.equal(clone.outcome, 'fetch');
  assert.notEqual(clone.tips.get('refs/heads/main'), first);
});

test('bad input: a server that falls silent (R-10, T-5)', async t => {
  for (const kind of ['http', 'git'] as const) {
    const { bench, server, text } = await served(t, kind);
    fill(bench, 300_000);
    server.faults.stallAfterBytes = 100_000;
    await failsCleanly(bench, bench.sync(text, { idleTimeoutMs: 300 }), 'timed_out');
  }
});

test('a clone that is stopped leaves nothing (R-16)', async t => {
  const { bench, server, text } = await served(t, 'http');
  fill(bench, 300_000);
  server.faults.stallAfterBytes = 100_000;
  const stop = new AbortController();
  const struck = server.faultStruck();
  const run = bench.sync(text, { signal: stop.signal });
  await struck;
  stop.abort();
  await failsCleanly(bench, run, 'cancelled');
});

test('bad input: a server with an error of its own (R-10)', async t => {
  const { bench, server, text } = await served(t, 'http');
  for (const status of [500, 503, 429]) {
    server.faults.status = status;
    const error = await failsCleanly(bench, bench.sync(text), 'host_failing');
    assert.equal(error.answer, 'retry');
  }
});

test('a redirect to another host is not followed (R-9, T-7)', async t => {
  const { bench, server, text } = await served(t, 'http');
  bench.upstream.commit('one');
  const other = await startHttpRemote(t, bench.root);
  server.faults.redirect = { to: other.origin };
  await failsCleanly(bench, bench.sync(text), 'repository_moved');
  assert.deepEqual(other.requests, []);
});

test('bad input: no room on the disk, in a clone and in a fetch (R-10, T-11)', async t => {
  const bench = new CloneBench(t);
  mkdirSync(bench.cache);
  // A file system of its own is the only honest full disk; it takes root, as in a container.
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'sluice-test', bench.cache]);
  try {
    await fillsTheDisk(bench);
  } finally {
    execFileSync('umount', [bench.cache]);
  }
});

async function fillsTheDisk(bench: CloneBench): Promise<void> {
  fill(bench, 4_000_000);
  const error = await failsCleanly(bench, bench.sync(), 'disk_full');
  assert.match(error.message, /no room left on the disk/);
  bench.upstream.git('update-ref', '-d', 'refs/heads/main');
  bench.upstream.commit('small');
  const { gitDir } = await bench.sync();
  fill(bench, 4_000_000);
  await assert.rejects(bench.sync(), { code: 'disk_full' });
  assert.equal(bench.names().length, 1);
  assert.deepEqual(
    readdirSync(join(gitDir, 'objects/pack')).filter(name => name.startsWith('tmp_')),
    [],
  );
  assert.deepEqual(await objectsIn(gitDir), ['commit']);
}

test('bad input: no git, or one that is too old (R-10)', async t => {
  const bench = new CloneBench(t);
  const path = process.env.PATH;
  process.env.PATH = bench.root;
  try {
    await failsCleanly(bench, bench.sync(), 'git_missing');
  } finally {
    process.env.PATH = path;
  }
  fakeProgram(t, bench.root, 'git', 'echo git version 2.20.1');
  await failsCleanly(bench, bench.sync(), 'git_too_old');
});

test("bad input: another user's repository on this disk, unless the configuration trusts its place (R-10, R-111)", async t => {
  const bench = new CloneBench(t);
  bench.upstream.commit('one');
  execFileSync('chown', ['-R', '12345', bench.upstream.path]);
  const error = await failsCleanly(bench, bench.sync(), 'repository_not_owned');
  assert.match(error.message, /belongs to another user/);
  assert.match(error.hint, /git\.trustedPaths/);
  const trusted = { ...bench.remote(), trustsOwner: true };
  assert.equal((await bench.sync(undefined, { remote: trusted })).outcome, 'clone');
  assert.equal((await bench.sync(undefined, { remote: trusted })).outcome, 'unchanged');
});

test('bad input: objects are missing at the remote (R-10)', async t => {
  const { bench, text } = await served(t, 'git');
  const first = bench.upstream.commit('one');
  bench.upstream.commit('two');
  const object = join(bench.upstream.path, 'objects', first.slice(0, 2), first.slice(2));
  chmodSync(object, 0o600);
  writeFileSync(object, 'garbage');
  await failsCleanly(bench, bench.sync(text), 'repository_corrupt');
});

test('a repository on this disk is cloned whole, whatever its grafts and replace refs hide (R-25)', async t => {
  const bench = new CloneBench(t);
  const { upstream } = bench;
  const first = upstream.commit('one');
  const second = upstream.commit('two');
  const other = upstream.commit('other', {}, 'refs/heads/other');
  mkdirSync(join(upstream.path, 'info'), { recursive: true });
  writeFileSync(join(upstream.path, 'info/grafts'), `${second} ${other}\n`);
  upstream.git('update-ref', `refs/replace/${first}`, other);
  const { gitDir } = await bench.sync();
  const raw = ['--git-dir', gitDir, 'cat-file', '-p'];
  for (const id of [first, second])
    assert.match(execFileSync('git', [...raw, id], { encoding: 'utf8' }), /^tree/, id);
});

test('hooks and helpers of a served or local repository never run, submodules are not looked at (R-7)', async t => {
  const bench = new CloneBench(t);
  const { upstream } = bench;
  const trace = join(bench.root, 'ran');
  const run = join(bench.root, 'run.sh');
  writeFileSync(run, `#!/bin/sh\ntouch ${trace}\n`);
  chmodSync(run, 0o755);
  mkdirSync(join(upstream.path, 'hooks'), { recursive: true });
  for (const name of [
    'post-checkout',
    'reference-transaction',
    'post-update',
    'pre-auto-gc',
    'fsmonitor-watchman',
  ]) {
    execFileSync('cp', [run, join(upstream.path, 'hooks', name)]);
  }
  const modules = `[submodule "s"]\n\tpath = s\n\turl = ext::${run}\n\tupdate = !${run}\n`;
  upstream.fastImport(
    `commit refs/heads/main\ncommitter A <a@x> 1 +0000\ndata 1\nx\nM 100644 inline .gitmodules\ndata ${modules.length}\n${modules}\nM 160000 ${'1'.repeat(40)} s\n`,
  );
  for (const [key, value] of [
    ['uploadpack.packObjectsHook', run],
    ['core.fsmonitor', run],
    ['core.sshCommand', run],
    ['core.hooksPath', join(upstream.path, 'hooks')],
  ]) {
    upstream.git('config', key ?? '', value ?? '');
  }
  const http = await startHttpRemote(t, bench.root);
  execFileSync('rm', ['-f', trace]);
  assert.equal((await bench.sync(`${http.origin}/r`, { lean: false })).tips.size, 1);
  assert.equal((await bench.sync(undefined, { lean: false })).tips.size, 1);
  assert.equal(existsSync(trace), false);
});
