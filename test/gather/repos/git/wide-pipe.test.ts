import assert from 'node:assert/strict';
import { readSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { SluiceError } from '../../../../src/base/errors.ts';
import { spawnGit } from '../../../../src/gather/repos/git/spawn.ts';
import { openWidePipe, type WidePipe } from '../../../../src/gather/repos/git/wide-pipe.ts';
import { GitFixture } from '../../../support/git-fixture.ts';
import { temporaryDirectory } from '../../../support/git-repositories.ts';

// Elsewhere there is none, and ordinary pipes do.
const onLinux = process.platform === 'linux';

/** What comes out of a pipe, until it ends or `enough` bytes have come. */
async function contentOf({ readFd }: WidePipe, enough = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const buffer = Buffer.alloc(2 ** 18);
  const chunks: Buffer[] = [];
  for (let bytes = 0; bytes < enough; ) {
    let length = 0;
    try {
      length = readSync(readFd, buffer);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
      await setImmediate();
      continue;
    }
    if (length === 0) break;
    bytes += length;
    chunks.push(Buffer.from(buffer.subarray(0, length)));
  }
  return Buffer.concat(chunks);
}

test('a wide pipe gives all that git writes, many times what it holds', { skip: !onLinux }, async t => {
  const pipe = openWidePipe();
  assert.ok(pipe);
  const git = new GitFixture(`${temporaryDirectory(t)}/a.git`);
  const content = Buffer.alloc(20_000_000, 'some text ');
  const blob = git.git(['hash-object', '-w', '--stdin'], content);
  const writing = spawnGit(['cat-file', 'blob', blob], { gitDir: git.gitDir, output: pipe });
  writing.stdin.end();
  assert.ok((await contentOf(pipe)).equals(content));
  await writing.done;
  pipe.close();
  pipe.close();
});

test('a wide pipe ends when git is stopped, and git when it is closed', { skip: !onLinux }, async t => {
  const git = new GitFixture(`${temporaryDirectory(t)}/a.git`);
  const blob = git.git(['hash-object', '-w', '--stdin'], Buffer.alloc(20_000_000, 'some text '));
  const start = (signal?: AbortSignal) => {
    const pipe = openWidePipe();
    assert.ok(pipe);
    const options = { gitDir: git.gitDir, output: pipe, signal };
    return { pipe, git: spawnGit(['cat-file', 'blob', blob], options) };
  };
  const stop = new AbortController();
  const stopped = start(stop.signal);
  await contentOf(stopped.pipe, 1);
  stop.abort();
  await assert.rejects(stopped.git.done, error => error instanceof SluiceError && error.code === 'cancelled');
  await contentOf(stopped.pipe);
  stopped.pipe.close();
  const dropped = start();
  await contentOf(dropped.pipe, 1);
  dropped.pipe.close();
  await assert.rejects(dropped.git.done, error => error instanceof SluiceError);
});

test('a wide pipe ends when git could not be started', { skip: !onLinux }, async t => {
  const pipe = openWidePipe();
  assert.ok(pipe);
  const options = { output: pipe, env: { PATH: temporaryDirectory(t) } };
  await assert.rejects(spawnGit(['version'], options).done, { code: 'git_missing' });
  assert.equal((await contentOf(pipe)).length, 0);
  pipe.close();
});
