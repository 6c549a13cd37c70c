import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { credentialAccess } from '../../../../src/gather/repos/git/credentials.ts';
import { gitEnvironment } from '../../../../src/gather/repos/git/environment.ts';
import { parseProgress } from '../../../../src/gather/repos/git/progress.ts';
import { runGit, spawnGit } from '../../../../src/gather/repos/git/spawn.ts';
import { fakeProgram } from '../../../support/git-remotes.ts';
import {
  processesMentioning,
  TestRepository,
  temporaryDirectory,
} from '../../../support/git-repositories.ts';

test('variables of a surrounding git, its configuration and pagers do not reach ours (R-7)', () => {
  const environment = gitEnvironment(
    {
      PATH: '/bin',
      GIT_DIR: '/x',
      GIT_CONFIG_PARAMETERS: "'a.b=c'",
      GIT_TRACE_CURL: '1',
      LC_MESSAGES: 'de',
      GIT_SSL_CAINFO: '/ca',
    },
    'https',
    { EXTRA: 'y' },
  );
  for (const name of ['GIT_DIR', 'GIT_CONFIG_PARAMETERS', 'GIT_TRACE_CURL', 'LC_MESSAGES']) {
    assert.equal(environment[name], undefined, name);
  }
  assert.equal(environment.GIT_ALLOW_PROTOCOL, 'https');
  assert.equal(environment.GIT_SSL_CAINFO, '/ca');
  assert.equal(environment.EXTRA, 'y');
  assert.equal(environment.LC_ALL, 'C');
});

test('running inside a hook or "git rebase --exec" does not redirect git (R-7)', async t => {
  const repository = new TestRepository(join(realpathSync(temporaryDirectory(t)), 'a.git'));
  const id = repository.commit('one');
  process.env.GIT_DIR = '/nonexistent';
  process.env.GIT_CONFIG_COUNT = 'broken';
  t.after(() => {
    delete process.env.GIT_DIR;
    delete process.env.GIT_CONFIG_COUNT;
  });
  const found = await runGit(['rev-parse', 'refs/heads/main'], { gitDir: repository.path });
  assert.equal(found.toString().trim(), id);
});

test('input goes in, output comes out, in one piece or as a stream', async () => {
  const hash = await runGit(['hash-object', '--stdin'], { input: 'hello\n' });
  assert.equal(hash.toString().trim(), 'ce013625030ba8dba906f756967f9e9ca394464a');
  const git = spawnGit(['hash-object', '--stdin-paths']);
  git.stdin.end('/dev/null\n'.repeat(3));
  assert.equal((await text(git.stdout)).trim().split('\n').length, 3);
  await git.done;
});

test('a git that does not read its input fails by its own reason, not by a broken pipe', async () => {
  const input = Buffer.alloc(2 ** 20);
  await assert.rejects(runGit(['rev-parse', '--git-dir'], { input, subject: '/x' }), {
    code: 'not_a_repository',
  });
});

test('too much output stops git (T-17)', async () => {
  await assert.rejects(runGit(['help', '--all'], { maxBytes: 100 }), {
    code: 'answer_too_large',
    message: /more than 100 bytes/,
  });
});

test('an abort before the start, and in the middle, is cancelled and leaves no process', async t => {
  const directory = temporaryDirectory(t);
  // "trap" makes SIGTERM useless; the child shell is in the group as index-pack would be.
  fakeProgram(
    t,
    directory,
    'git',
    `trap '' TERM\nsh -c 'trap "" TERM; echo up >&2; sleep 60 ${directory}' &\nwait`,
  );
  await assert.rejects(runGit(['version'], { signal: AbortSignal.abort(), onStderrLine: assert.fail }), {
    code: 'cancelled',
  });
  const stop = new AbortController();
  const running = runGit(['version'], { signal: stop.signal, onStderrLine: () => stop.abort() });
  await assert.rejects(running, { code: 'cancelled' });
  assert.deepEqual(processesMentioning(directory), []);
});

test('a child that outlives git and holds its pipes is not waited for', async t => {
  const directory = temporaryDirectory(t);
  fakeProgram(t, directory, 'git', `sh -c 'sleep 60; : ${directory}' &\nexit 0`);
  await runGit(['version']);
  assert.deepEqual(processesMentioning(directory), []);
});

test('silence is timed_out; a slow reader is no silence (T-5)', async t => {
  const directory = temporaryDirectory(t);
  fakeProgram(t, directory, 'git', 'case "$*" in *flood*) head -c 1000000 /dev/zero;; *) sleep 60;; esac');
  await assert.rejects(runGit(['version'], { idleTimeoutMs: 200, subject: 'https://host/x' }), {
    code: 'timed_out',
    message: /https:\/\/host\/x for 0\.2 s/,
  });
  const git = spawnGit(['flood'], { idleTimeoutMs: 100 });
  git.stdin.end();
  await new Promise(resolve => setTimeout(resolve, 400));
  assert.equal((await text(git.stdout)).length, 1_000_000);
  await git.done;
});

test('messages without an end, and memory that what git started takes, are bounded (R-106)', {
  skip: process.platform !== 'linux',
}, async t => {
  const directory = temporaryDirectory(t);
  const flood = `yes '${'x'.repeat(1000)} ${directory}' >&2`;
  const hungry = `head -c 400000000 /dev/zero | tail -n 1 | sleep 60; : ${directory}`;
  fakeProgram(t, directory, 'git', `case "$*" in *flood*) ${flood};; *) ${hungry};; esac`);
  await assert.rejects(runGit(['flood'], { subject: 'https://host/x' }), {
    code: 'answer_too_large',
    message: 'https://host/x has git print messages without an end',
  });
  await assert.rejects(runGit(['fetch'], { maxMemoryBytes: 100 * 2 ** 20 }), {
    code: 'answer_too_large',
    message: 'git fetch has git take more than 100 MiB of memory',
    hint: /more memory/,
  });
  assert.deepEqual(processesMentioning(directory), []);
});

test('what a listener throws is the failure of the process, not of the station', async t => {
  fakeProgram(t, temporaryDirectory(t), 'git', 'echo hello >&2');
  const onStderrLine = (): never => {
    throw new Error('listener');
  };
  await assert.rejects(runGit(['version'], { onStderrLine }), /listener/);
});

test('credentials are the answer to the one origin that asks, and stand in no argument (R-8, C-105)', async () => {
  const token = `s3cret'"$(id)\\n`;
  const { config, env } = credentialAccess('https://Host.example:8443/a/b', { username: 'ada', token });
  assert.doesNotMatch(config.join(' '), /s3cret|ada/);
  const answer = async (url: string): Promise<string> => {
    const input = `url=${url}\n\n`;
    return (await runGit([...config, 'credential', 'fill'], { env, input })).toString();
  };
  assert.match(
    await answer('https://host.example:8443/other'),
    /^username=ada\npassword=s3cret'"\$\(id\)\\n$/m,
  );
  for (const other of [
    'https://host.example/a',
    'http://host.example:8443/a',
    'https://host.example.evil:8443/a',
  ]) {
    await assert.rejects(answer(other), { name: 'SluiceError' }, other);
  }
});

test('progress lines are read, other lines are not (R-4)', () => {
  assert.deepEqual(parseProgress('Receiving objects:  37% (740/2000), 1.20 MiB | 3.00 MiB/s'), {
    phase: 'Receiving objects',
    percent: 37,
    done: 740,
    total: 2000,
  });
  assert.deepEqual(parseProgress('remote: Enumerating objects: 20000, done.        '), {
    phase: 'Enumerating objects',
    percent: undefined,
    done: 20_000,
    total: undefined,
  });
  for (const line of [
    'fatal: early EOF',
    'remote: Not found: 404 it is',
    'error: RPC failed; curl 18 x: 3',
  ]) {
    assert.equal(parseProgress(line), undefined, line);
  }
});
