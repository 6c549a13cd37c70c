import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../../../src/base/errors.ts';
import { spawnGit } from '../../../../src/gather/repos/git/spawn.ts';
import { openWidePipe } from '../../../../src/gather/repos/git/wide-pipe.ts';
import { GitFixture } from '../../../support/git-fixture.ts';
import { temporaryDirectory } from '../../../support/git-repositories.ts';

const onLinux = process.platform === 'linux';

test('a wide pipe gives all that git writes, many times what it holds, also to a slow reader', async t => {
  const pipe = openWidePipe();
  assert.equal(pipe !== undefined, onLinux);
  const git = new GitFixture(`${temporaryDirectory(t)}/a.git`);
  const content = Buffer.alloc(20_000_000, 'some text ');
  const blob = git.git(['hash-object', '-w', '--stdin'], content);
  const reading = spawnGit(['cat-file', 'blob', blob], { gitDir: git.gitDir, output: pipe });
  reading.stdin.end();
  const chunks: Buffer[] = [];
  for await (const chunk of reading.stdout as AsyncIterable<Buffer>) {
    if (chunks.push(chunk) % 4 === 0) await new Promise(resolve => setImmediate(resolve));
  }
  await reading.done;
  assert.ok(Buffer.concat(chunks).equals(content));
});

test('a wide pipe ends when git is stopped, and when its reader lets it go', async t => {
  const git = new GitFixture(`${temporaryDirectory(t)}/a.git`);
  const blob = git.git(['hash-object', '-w', '--stdin'], Buffer.alloc(20_000_000, 'some text '));
  const stop = new AbortController();
  const options = { gitDir: git.gitDir, signal: stop.signal };
  const stopped = spawnGit(['cat-file', 'blob', blob], { ...options, output: openWidePipe() });
  stopped.stdout.once('data', () => stop.abort());
  await assert.rejects(stopped.done, error => error instanceof SluiceError && error.code === 'cancelled');
  const dropped = spawnGit(['cat-file', 'blob', blob], { gitDir: git.gitDir, output: openWidePipe() });
  dropped.stdout.once('data', () => dropped.stdout.destroy());
  await assert.rejects(dropped.done, error => error instanceof SluiceError);
});
