import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { SluiceError } from '../../../base/errors.ts';
import { shownUrl } from './shown-url.ts';

/**
 * What must be asked of the file system to name a repository on it. Answers undefined for what is not there or may not
 * be read.
 */
export interface Disk {
  realPath(path: string): string | undefined;
  kind(path: string): 'directory' | 'file' | undefined;
  readText(path: string): string | undefined;
}

/** The machine's own file system. */
export const systemDisk: Disk = {
  realPath: path => orUndefined(() => realpathSync.native(path)),
  kind: path => orUndefined(() => (statSync(path).isDirectory() ? 'directory' : 'file')),
  readText: path => orUndefined(() => readFileSync(path, 'utf8')),
};

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // Not there, not readable, a loop of links: to the caller there is nothing at that path.
    return undefined;
  }
}

/**
 * The real absolute path of a repository on disk, bare or work tree; `/x/.git` is `/x`, and `/x` stands for
 * `/x.git` where only that exists, as with git.
 * @param text what was written, for messages
 * @param allowed folders below which it must be, links resolved; undefined when any place will do
 * @throws SluiceError `url_refused` outside the allowed folders, whether something is there or not;
 *   `not_a_repository` where no directory is
 */
export function parseRepositoryPath(
  text: string,
  path: string,
  allowed: readonly string[] | undefined,
  directory: string,
  disk: Disk,
): string {
  const wanted = resolve(directory, path);
  const folders = allowed?.map(folder => resolve(folder));
  if (folders && !isBelow(wanted, folders)) throw outside(text);
  const directoryThere = [wanted, `${wanted}.git`].find(candidate => disk.kind(candidate) === 'directory');
  const real = directoryThere === undefined ? undefined : disk.realPath(directoryThere);
  if (real === undefined) throw nothingThere(text, disk.kind(wanted) === 'file');
  const tree = real.endsWith(`${sep}.git`) ? dirname(real) : real;
  if (folders) refuseOutside(text, tree, folders, disk);
  if (/[\p{Cc}]/u.test(tree)) {
    throw new SluiceError('url_invalid', `the real path of ${shownUrl(text)} contains control characters`);
  }
  return tree;
}

/** Neither the directory nor what its `.git` points to may lie elsewhere. */
function refuseOutside(text: string, tree: string, folders: readonly string[], disk: Disk): void {
  const realFolders = folders.map(folder => disk.realPath(folder)).filter(folder => folder !== undefined);
  if (!isBelow(tree, realFolders)) throw outside(text);
  const dotGit = disk.realPath(join(tree, '.git'));
  if (dotGit === undefined) return;
  if (!isBelow(dotGit, realFolders)) throw outside(text);
  if (disk.kind(dotGit) !== 'file') return;
  // A work tree of "git worktree add" or a submodule: its .git is a file that names the directory.
  const target = /^gitdir: (.+?)\s*$/m.exec(disk.readText(dotGit) ?? '')?.[1] ?? '';
  const real = disk.realPath(resolve(tree, target));
  if (real === undefined || !isBelow(real, realFolders)) throw outside(text);
}

/** Whether a real path is one of some folders or below one, links resolved. */
export function isBelowFolder(path: string, folders: readonly string[], disk: Disk = systemDisk): boolean {
  return isBelow(
    path,
    folders.map(folder => disk.realPath(folder) ?? resolve(folder)),
  );
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some(
    folder => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep),
  );
}

function outside(text: string): SluiceError {
  const shown = shownUrl(text);
  return new SluiceError('url_refused', `${shown} is not below a folder that git.allowPaths lists`, {
    subject: shown,
    hint: 'Use "sluice bake" on the command line for a path, or list its folder under git.allowPaths.',
  });
}

function nothingThere(text: string, isFile: boolean): SluiceError {
  const shown = shownUrl(text);
  // "github.com/git/git" is a path to git; people mean the host.
  const hostLike = /^[a-z0-9-]+(\.[a-z0-9-]+)+\/./i.test(text);
  return new SluiceError(
    'not_a_repository',
    `${shown} is ${isFile ? 'a file, not a directory' : 'no directory here'}`,
    {
      subject: shown,
      hint: hostLike
        ? `For a repository on that host write https://${text}.`
        : 'Check the path; a repository elsewhere is written https://… or user@host:path.',
    },
  );
}

/** The root of the git work tree that holds a folder; undefined where there is none. */
export function enclosingRepository(folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    // A file in work trees and submodules, a folder elsewhere.
    if (existsSync(join(at, '.git'))) return at;
    if (at === dirname(at)) return undefined;
  }
}
