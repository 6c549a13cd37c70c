import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { constants } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { SluiceError } from '../errors.ts';
import { callError } from './calls.ts';
import { type LocalUsers, localUsers } from './local-users.ts';

/** Where a path leads, without links: what is opened must be this very folder. */
export interface TrustedPath {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
}

export interface TrustOptions {
  readonly users?: LocalUsers;
  /** The last folder may lie in one that others write to, as long as they cannot have put it there. */
  readonly mayShareParent?: boolean;
}

/** As path_resolution(7) has it. */
const MAX_LINKS = 40;

/** One name on the way, and the folder that it was looked up in. */
interface Step {
  readonly folder: Pick<Stats, 'uid' | 'gid' | 'mode'>;
  readonly folderPath: string;
  readonly entry: Pick<Stats, 'uid'> & { readonly isLink: boolean };
  readonly entryPath: string;
  readonly isLast: boolean;
}

/**
 * Follows an absolute path from `/`, and sees at each step that nobody else can lead it elsewhere (sshd(8) looks at the
 * way to a user's keys like this, and `fs.protected_symlinks` at links of shared folders). Looks only; may be called
 * again.
 * @throws SluiceError folder_unsafe, naming the step and whom it belongs to; else as lstat(2)
 */
export function followTrusted(path: string, options: TrustOptions = {}): TrustedPath {
  const { users = localUsers(), mayShareParent = false } = options;
  let at = '/';
  let folder = lstatSync(at);
  let names = namesOf(isAbsolute(path) ? path : `${process.cwd()}/${path}`);
  let links = 0;
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (name === '..') {
      at = join(at, '..');
      folder = lstatSync(at);
      continue;
    }
    const entryPath = join(at, name);
    const entry = lstatSync(entryPath);
    const isLink = entry.isSymbolicLink();
    const isLast = names.length === 0;
    const step = { folder, folderPath: at, entry: { uid: entry.uid, isLink }, entryPath, isLast };
    const fault = faultOf(step, users, mayShareParent);
    if (fault) throw unsafe(path, step, fault);
    if (!isLink) {
      at = entryPath;
      folder = entry;
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) throw callError(constants.errno.ELOOP, 'open', path);
    const target = readlinkSync(entryPath);
    if (target.startsWith('/')) {
      at = '/';
      folder = lstatSync(at);
    }
    names = [...namesOf(target), ...names];
  }
  return { path: at, dev: folder.dev, ino: folder.ino };
}

interface Fault {
  readonly words: string;
  readonly hint: string;
}

/**
 * Why somebody else could lead a path elsewhere at this step. Pure, but for what is known of users.
 *
 *   the folder                                      what may lie on the way in it
 *   belongs to a trusted user, nobody else writes   any folder; a link of a trusted user
 *   the same, others write, sticky                  the same: only its owner can put another thing in its place
 *   the same, others write                          nothing (`mayShareParent`: a last folder that a trusted user owns)
 *   belongs to another user, who alone writes       a folder of that same user, who can lead to nobody else's
 */
function faultOf(step: Step, users: LocalUsers, mayShareParent: boolean): Fault | undefined {
  const { folder, folderPath, entry, entryPath, isLast } = step;
  const writers = othersWho(folder, users);
  const isSticky = (folder.mode & 0o1000) !== 0;
  if (entry.isLink && !users.isTrusted(entry.uid)) {
    return {
      words: `${entryPath} is a link that belongs to ${users.nameOf(entry.uid)}`,
      hint: `Name the folder itself in the configuration, or have the link belong to root ("chown -h root ${entryPath}").`,
    };
  }
  const isOwnedByTrusted = users.isTrusted(folder.uid);
  if (!isOwnedByTrusted && (entry.isLink || entry.uid !== folder.uid)) {
    return {
      words: `${folderPath} belongs to ${users.nameOf(folder.uid)}, who could put something else in the place of ${entryPath}`,
      hint: `Have ${entryPath} be a folder of that same user, or lie where only root or the user that sluice runs as can write.`,
    };
  }
  if (writers === undefined || isSticky) return undefined;
  if (isOwnedByTrusted && isLast && mayShareParent && users.isTrusted(entry.uid)) return undefined;
  return {
    words: `${folderPath} can be written by ${writers}, who could put something else in the place of ${entryPath}`,
    hint: `Take that right away ("chmod go-w ${folderPath}"), or let each remove only what is their own ("chmod +t ${folderPath}").`,
  };
}

/** Who can write to a folder beside its owner and those who are trusted; undefined where nobody is known to. */
function othersWho({ uid, gid, mode }: Step['folder'], users: LocalUsers): string | undefined {
  if ((mode & 0o002) !== 0) return 'everybody';
  if ((mode & 0o020) !== 0 && !users.isGroupOfOne(gid, uid)) return `the users of group ${gid}`;
  return undefined;
}

function unsafe(path: string, { entryPath }: Step, { words, hint }: Fault): SluiceError {
  const on = entryPath === path ? '' : `, on the way to ${path}`;
  return new SluiceError('folder_unsafe', `${words}${on}`, { operation: 'open', subject: path, hint });
}

function namesOf(path: string): string[] {
  return path.split('/').filter(name => name !== '' && name !== '.');
}
