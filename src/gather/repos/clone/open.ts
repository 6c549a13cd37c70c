import { join } from 'node:path';
import { SluiceError } from '../../../base/errors.ts';
import { splitLines } from '../../../base/lines.ts';
import type { ObjectId, RefSnapshot } from '../../../keep/store/types.ts';
import { runGit, spawnGit } from '../git/spawn.ts';
import { readIfThere, removeLeftovers } from './scratch.ts';

/** Where a HEAD that is on no branch is kept; unborn when there is none. */
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
 * Opens a clone in the cache: removes lock and temporary files of a killed git, reads its refs, and looks
 * whether every tip's object can be read (P8). The caller holds the only claim on it.
 * @returns undefined when nothing is there or what is there is broken: clone again
 * @throws SluiceError what is no fault of the clone (`cancelled`, `git_missing`, `disk_failed`)
 */
export async function openClone(gitDir: string, signal?: AbortSignal): Promise<Clone | undefined> {
  try {
    await removeLeftovers(gitDir);
    const clone = await readClone(gitDir, signal);
    return clone && (await tipsAreThere(clone, signal)) ? clone : undefined;
  } catch (error) {
    if (isFaultOfClone(error)) return undefined;
    throw error;
  }
}

function isFaultOfClone(error: unknown): boolean {
  return (
    error instanceof SluiceError &&
    ['git_failed', 'repository_corrupt', 'not_a_repository', 'repository_not_owned'].includes(error.code)
  );
}

/** Reads a clone as it stands, without looking whether its objects are whole. */
export async function readClone(gitDir: string, signal?: AbortSignal): Promise<Clone | undefined> {
  const options = { gitDir, signal };
  // Independent of each other, and each a process: together they take as long as the slowest.
  const [listed, facts, headFile, tips] = await allSettledOrThrow([
    runGit(['config', '--local', '--null', '--list'], options),
    runGit(['rev-parse', '--show-object-format', '--is-shallow-repository'], options),
    readIfThere(join(gitDir, 'HEAD')),
    readTips(gitDir, signal),
  ]);
  const settings = parseSettings(listed);
  const url = settings.get('sluice.url');
  // Without it the directory was not made by us, or not to its end.
  if (url === undefined) return undefined;
  const [objectFormat, shallow] = facts.toString().split('\n');
  const head = /^ref: (refs\/\S+)\s*$/.exec(headFile ?? '')?.[1];
  if (head === undefined) return undefined;
  return {
    gitDir,
    url,
    tips,
    headRef: head === DETACHED_REF ? undefined : head,
    objectFormat: objectFormat === 'sha256' ? 'sha256' : 'sha1',
    shallow: shallow === 'true',
    lean: settings.get('remote.origin.promisor') === 'true',
    spelling: settings.get('sluice.spelling'),
    otherRefs: Number(settings.get('sluice.otherrefs') ?? 0),
  };
}

/** As Promise.all, but every process has ended before the first failure is thrown. */
async function allSettledOrThrow<T extends readonly unknown[]>(
  promises: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  await Promise.allSettled(promises);
  return (await Promise.all(promises)) as unknown as T;
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

async function readTips(gitDir: string, signal: AbortSignal | undefined): Promise<RefSnapshot> {
  const listing = spawnGit(['for-each-ref', '--format=%(objectname) %(refname)'], { gitDir, signal });
  listing.stdin.end();
  const tips = new Map<string, ObjectId>();
  for await (const line of splitLines(listing.stdout)) {
    const space = line.indexOf(' ');
    tips.set(line.slice(space + 1), line.slice(0, space));
  }
  await listing.done;
  return tips;
}

/** Asking for an object's type makes git open its pack, check the pack against its index, and read the header. */
async function tipsAreThere(clone: Clone, signal: AbortSignal | undefined): Promise<boolean> {
  const ids = [...new Set(clone.tips.values())];
  if (ids.length === 0) return true;
  const answers = await runGit(['cat-file', '--batch-check=%(objecttype)', '--buffer'], {
    gitDir: clone.gitDir,
    signal,
    input: `${ids.join('\n')}\n`,
  });
  const types = answers.toString().trimEnd().split('\n');
  return types.length === ids.length && types.every(type => /^(commit|tag|tree|blob)$/.test(type));
}
