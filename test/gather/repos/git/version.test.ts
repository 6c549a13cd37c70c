import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAtLeast, parseGitVersion, requireGit } from '../../../../src/gather/repos/git/version.ts';
import { fakeProgram } from '../../../support/git-remotes.ts';
import { temporaryDirectory } from '../../../support/git-repositories.ts';

test('versions are read as vendors write them', () => {
  assert.deepEqual(parseGitVersion('git version 2.39.5 (Apple Git-154)'), [2, 39, 5]);
  assert.deepEqual(parseGitVersion('git version 2.51.0.windows.1'), [2, 51, 0]);
  assert.deepEqual(parseGitVersion('git version 2.52.rc1'), [2, 52, 0]);
  assert.equal(parseGitVersion('hg 5'), undefined);
});

test('versions compare by number, not by text', () => {
  assert.equal(isAtLeast([2, 39, 5], [2, 4, 0]), true);
  assert.equal(isAtLeast([2, 31, 0], [2, 31, 0]), true);
  assert.equal(isAtLeast([2, 30, 9], [2, 31, 0]), false);
  assert.equal(isAtLeast([3, 0, 0], [2, 31, 0]), true);
});

test('a machine without git says git_missing, and is asked again after an installation', async t => {
  const empty = temporaryDirectory(t);
  const path = process.env.PATH;
  t.after(() => {
    process.env.PATH = path;
  });
  process.env.PATH = empty;
  await assert.rejects(requireGit(), {
    code: 'git_missing',
    message: 'no git program was found on the PATH',
  });
  process.env.PATH = path;
  fakeProgram(t, empty, 'git', 'echo git version 2.40.1');
  assert.deepEqual(await requireGit(), [2, 40, 1]);
});

test('an old git says git_too_old with both versions; a stranger named git is no git', async t => {
  fakeProgram(t, temporaryDirectory(t), 'git', 'echo git version 2.30.9');
  await assert.rejects(requireGit(), { code: 'git_too_old', message: /2\.30\.9.*2\.31/ });
  fakeProgram(t, temporaryDirectory(t), 'git', 'echo I am a teapot');
  await assert.rejects(requireGit(), { code: 'git_missing', message: /teapot/ });
});
