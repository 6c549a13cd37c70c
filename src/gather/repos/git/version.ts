import { SluiceError } from '../../../base/errors.ts';
import { runGit } from './spawn.ts';

/** Major, minor and patch, compared in that order. */
export type GitVersion = readonly [major: number, minor: number, patch: number];

/** Oldest git that takes credentials from the environment (GIT_CONFIG_COUNT, 2.31). */
export const OLDEST_GIT: GitVersion = [2, 31, 0];

/** Reads `git version 2.39.5 (Apple Git-154)`; undefined when it is something else. */
export function parseGitVersion(text: string): GitVersion | undefined {
  const match = /^git version (\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : undefined;
}

/** Whether a git is that version or a newer one. */
export function isAtLeast(version: GitVersion, wanted: GitVersion): boolean {
  for (const [index, number] of version.entries()) {
    const difference = number - (wanted[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

const versions = new Map<string, Promise<GitVersion>>();

/**
 * The version of the git on the PATH. Asked once a process (and PATH); a failure is asked again, since the
 * git may have been installed meanwhile.
 * @throws SluiceError `git_missing`, `git_too_old`
 */
export function requireGit(): Promise<GitVersion> {
  const path = process.env.PATH ?? '';
  const known = versions.get(path);
  if (known) return known;
  const asking = askGit();
  versions.set(path, asking);
  asking.catch(() => versions.delete(path));
  return asking;
}

async function askGit(): Promise<GitVersion> {
  const text = (await runGit(['version'], { maxBytes: 4096, idleTimeoutMs: 10_000 })).toString().trim();
  const version = parseGitVersion(text);
  if (!version) {
    throw new SluiceError(
      'git_missing',
      `the "git" on the PATH is something else: it says "${text.slice(0, 100)}"`,
    );
  }
  if (!isAtLeast(version, OLDEST_GIT)) {
    throw new SluiceError('git_too_old', `git ${version.join('.')} is too old: 2.31 or newer is needed`);
  }
  return version;
}
