import { execFileSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, readFileSync, readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const BIN = join(ROOT, 'node_modules/.bin');

function git(...args: string[]): string {
  return execFileSync('git', ['-C', ROOT, ...args], { encoding: 'utf8' }).trim();
}

/**
 * The commit to compare this checkout with: the tip of `main` where that is something else than what is here, else the
 * commit before.
 */
export function lastLanded(): string {
  const isChanged = git('status', '--porcelain', '--untracked-files=no') !== '';
  const main = git('rev-parse', '--verify', 'main');
  return isChanged || main !== git('rev-parse', 'HEAD') ? main : git('rev-parse', 'HEAD~1');
}

/** @returns the commit's name and subject */
export function describeCommit(commit: string): string {
  return git('log', '-1', '--format=%h %s', commit);
}

/** Builds this checkout as it is into a package below `folder`. @returns its `bin/sluice.js` */
export function buildHere(folder: string): string {
  return build(ROOT, folder);
}

/**
 * Builds a commit, in a work tree that is removed again, with this checkout's dependencies; those of its own are
 * installed where it asks for others. @returns its `bin/sluice.js`
 */
export function buildCommit(commit: string, folder: string): string {
  const tree = `${folder}-tree`;
  git('worktree', 'add', '--quiet', '--detach', tree, commit);
  try {
    const isSame = readFileSync(join(tree, 'package-lock.json')).equals(
      readFileSync(join(ROOT, 'package-lock.json')),
    );
    if (isSame) symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
    else execFileSync('npm', ['ci', '--prefer-offline', '--no-audit'], { cwd: tree, stdio: 'ignore' });
    return build(tree, folder);
  } finally {
    // What was installed has moved into the package.
    git('worktree', 'remove', '--force', tree);
  }
}

function build(checkout: string, folder: string): string {
  const env = { ...process.env, PATH: `${BIN}:${process.env.PATH}` };
  execFileSync(process.execPath, ['scripts/build.ts'], { cwd: checkout, env, stdio: 'inherit' });
  mkdirSync(folder, { recursive: true });
  for (const part of ['bin', 'dist', 'package.json'])
    cpSync(join(checkout, part), join(folder, part), { recursive: true });
  const modules = join(checkout, 'node_modules');
  if (checkout === ROOT) symlinkSync(modules, join(folder, 'node_modules'));
  else if (lstatSync(modules).isSymbolicLink())
    symlinkSync(readlinkSync(modules), join(folder, 'node_modules'));
  else renameSync(modules, join(folder, 'node_modules'));
  return join(folder, 'bin/sluice.js');
}
