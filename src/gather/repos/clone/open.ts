import { join } from 'node:path';
import { SluiceError } from '../../../base/errors.ts';
import { allEnded } from '../../../base/lifecycle.ts';
import { splitLines } from '../../../base/lines.ts';
import { PackedRefsBuilder } from '../../../keep/store/packed-refs.ts';
import type { RefSnapshot } from '../../../keep/store/types.ts';
import { isObjectId } from '../git/id-set.ts';
import { refNameOf } from '../git/ref-names.ts';
import { runGit, spawnGit } from '../git/spawn.ts';
import { readIfThere, removeLeftovers } from './directories.ts';

/** The ref that holds a HEAD that is on no branch; unborn when there is none. */
export const DETACHED_REF = 'refs/sluice/HEAD';

/** A whole clone on disk. */
export interface Clone {
  readonly gitDir: string;
  /** Normalised URL of the repository that it is a clone of. */
  readonly url: string;
  /** Branches, tags and a detached HEAD by full name. A tag's id is the tag object's; some tags name no commit. */
  readonly tips: RefSnapshot;
  /** The branch that the remote's HEAD named; undefined when detached or missing. */
  readonly headRef: string | undefined;
  readonly objectFormat: 'sha1' | 'sha256';
  /** The remote itself has only part of the history. */
  readonly shallow: boolean;
  /** Trees and blobs were left out where the remote could do so. */
  readonly lean: boolean;
  /** The spelling of the remote's address that worked, see `remoteSpellings`. */
  readonly spelling: string | undefined;
  /** Refs at the remote that are neither branch nor tag, when HEAD was last asked for. */
  readonly otherRefs: number;
}

/**
 * Opens a clone in the cache: removes lock and temporary files of a killed git, reads its refs, and checks
 * that every tip's object can be read. The caller holds the only claim on it.
 * @returns undefined when nothing is there or what is there is broken: clone again
 * @throws SluiceError what is no fault of the clone (`cancelled`, `git_missing`, `disk_failed`)
 */
export async function openClone(gitDir: string, signal?: AbortSignal): Promise<Clone | undefined> {
  try {
    await removeLeftovers(gitDir);
    return await read(gitDir, { tipsAreThere: true, signal });
  } catch (error) {
    if (isFaultOfClone(error)) return undefined;
    throw error;
  }
}

/** Of what is no clone, or may not be read by this user. */
const BROKEN_BY_ERRNO = ['EACCES', 'EPERM', 'ENOTDIR', 'EISDIR', 'ELOOP'];

function isFaultOfClone(error: unknown): boolean {
  if (error instanceof Error && 'code' in error && BROKEN_BY_ERRNO.includes(String(error.code))) return true;
  return (
    error instanceof SluiceError &&
    ['git_failed', 'repository_corrupt', 'not_a_repository', 'repository_not_owned'].includes(error.code)
  );
}

/** Reads a clone as it stands, without checking that its objects are whole. */
export function readClone(gitDir: string, signal?: AbortSignal): Promise<Clone | undefined> {
  return read(gitDir, { tipsAreThere: false, signal });
}

async function read(
  gitDir: string,
  { tipsAreThere, signal }: { readonly tipsAreThere: boolean; readonly signal?: AbortSignal },
): Promise<Clone | undefined> {
  // Independent of each other, and two of them processes: together they take as long as the slowest.
  const [listed, headFile, shallow, tips] = await allEnded([
    runGit(['config', '--local', '--null', '--list'], { gitDir, signal }),
    readIfThere(join(gitDir, 'HEAD'), 'latin1'),
    readIfThere(join(gitDir, 'shallow')),
    readTips(gitDir, tipsAreThere, signal),
  ]);
  const settings = parseSettings(listed);
  const url = settings.get('sluice.url');
  // Without it the directory was not made by us, or not to its end.
  if (url === undefined) return undefined;
  const rawHead = /^ref: (refs\/[^ \n]+)\n?$/.exec(headFile ?? '')?.[1];
  if (rawHead === undefined) return undefined;
  const head = refNameOf(rawHead);
  return {
    gitDir,
    url,
    tips,
    headRef: head === DETACHED_REF ? undefined : head,
    objectFormat: settings.get('extensions.objectformat') === 'sha256' ? 'sha256' : 'sha1',
    shallow: shallow !== undefined && shallow !== '',
    lean: settings.get('remote.origin.promisor') === 'true',
    spelling: settings.get('sluice.spelling'),
    otherRefs: Number(settings.get('sluice.otherrefs') ?? 0),
  };
}

function parseSettings(listed: Buffer): ReadonlyMap<string, string> {
  const pairs = listed.toString().split('\0').filter(Boolean);
  return new Map(
    pairs.map(pair => {
      const end = pair.indexOf('\n');
      return end < 0 ? [pair, 'true'] : [pair.slice(0, end), pair.slice(end + 1)];
    }),
  );
}

/**
 * Asking for an object's type makes git open its pack, check the pack against its index, and read the header;
 * it fails where one is missing.
 */
async function readTips(gitDir: string, areThere: boolean, signal?: AbortSignal): Promise<RefSnapshot> {
  const format = `--format=%(objectname) %(refname)${areThere ? '%00%(objecttype)' : ''}`;
  const listing = spawnGit(['for-each-ref', format], { gitDir, signal });
  listing.stdin.end();
  listing.stdout.setEncoding('latin1');
  const tips = new PackedRefsBuilder();
  try {
    for await (const line of splitLines(listing.stdout)) {
      const space = line.indexOf(' ');
      const end = areThere ? line.indexOf('\0') : line.length;
      const id = line.slice(0, space);
      if (!isObjectId(id))
        throw new SluiceError('repository_corrupt', `git lists a ref without an id: ${line}`);
      tips.add(refNameOf(line.slice(space + 1, end)), id);
    }
  } catch (error) {
    // What it says does not count any more; it is gone before anybody goes on.
    await listing.done.catch(() => undefined);
    throw error;
  }
  await listing.done;
  return tips.take();
}
