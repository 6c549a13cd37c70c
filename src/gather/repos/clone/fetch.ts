import { SluiceError } from '../../../base/errors.ts';
import { joinLines } from '../../../base/lines.ts';
import { PackedRefs, sameRefs } from '../../../keep/store/packed-refs.ts';
import type { RefSnapshot } from '../../../keep/store/types.ts';
import { IdSet } from '../git/id-set.ts';
import { type GitProgress, parseProgress } from '../git/progress.ts';
import type { RemoteRefs } from '../git/remote.ts';
import { runGit } from '../git/spawn.ts';
import { DETACHED_REF } from './open.ts';

/** What git itself may take of the memory to fetch; what unpacks is another process. Listings without an end take it all. */
const MAX_FETCH_BYTES = 4 * 2 ** 30;

/** One fetch into a clone. */
export interface FetchOptions {
  readonly gitDir: string;
  /** For messages: the repository's normalised URL. */
  readonly subject: string;
  /** What `lsRemote` has just answered. */
  readonly remoteRefs: RemoteRefs;
  /** Leave out trees and blobs if the remote can. */
  readonly lean: boolean;
  /** The clone's history ends early because the remote's did. */
  readonly shallow: boolean;
  readonly signal?: AbortSignal;
  readonly idleTimeoutMs: number;
  readonly onProgress?: (progress: GitProgress) => void;
}

/** Whether a clone or the store holds exactly the refs of a remote, its detached HEAD included. */
export function hasRefsOf(tips: RefSnapshot, remoteRefs: RemoteRefs): boolean {
  return sameRefs(tips, tipsOfRemote(remoteRefs));
}

/** Options for git's fetches from a remote; the remote is named `origin`, since filters work for named ones only. */
export function originOptions(remoteRefs: Pick<RemoteRefs, 'access'>): {
  readonly config: readonly string[];
  readonly uploadPack: readonly string[];
} {
  const { access } = remoteRefs;
  return {
    // Not in the clone's configuration: the address may be pinned to other numbers the next time.
    config: [...access.config, '-c', `remote.origin.url=${access.url}`],
    uploadPack: access.uploadPack === undefined ? [] : [`--upload-pack=${access.uploadPack}`],
  };
}

/** The refs that a clone of a remote has: those that were listed, and a HEAD that is on none of them. */
export function tipsOfRemote({ refs, detachedHead }: RemoteRefs): RefSnapshot {
  return detachedHead === undefined ? refs : PackedRefs.from([...refs, [DETACHED_REF, detachedHead]]);
}

/**
 * Brings what the listed refs name into the clone, and leaves its refs alone: they are written by `writeRefs`, since git
 * would write each to a file of its own. Asked for by id, so that what arrives is what was listed. A failure leaves
 * nothing but objects that nothing names; may be repeated.
 * @throws SluiceError as classified; see `hasMovedMeanwhile`
 */
export async function fetchObjects(options: FetchOptions): Promise<void> {
  const { gitDir, remoteRefs, signal, onProgress, idleTimeoutMs, subject } = options;
  const { config, uploadPack } = originOptions(remoteRefs);
  const args = [
    ...config,
    'fetch',
    // Not --quiet, which would also silence "Receiving objects".
    '--progress',
    '--no-tags',
    '--no-write-fetch-head',
    '--no-auto-maintenance',
    '--no-write-commit-graph',
    '--no-recurse-submodules',
    '--no-show-forced-updates',
    // A shallow remote's refs would be refused silently otherwise; once it is whole, so is the clone.
    options.shallow ? '--unshallow' : '--update-shallow',
    options.lean ? '--filter=tree:0' : '--no-filter',
    ...uploadPack,
    '--stdin',
    'origin',
  ];
  await runGit(args, {
    gitDir,
    input: joinLines(IdSet.of(tipsOfRemote(remoteRefs).values())),
    protocol: remoteRefs.access.protocol,
    env: remoteRefs.access.env,
    signal,
    idleTimeoutMs,
    maxMemoryBytes: MAX_FETCH_BYTES,
    subject,
    onStderrLine: line => {
      const progress = onProgress && parseProgress(line);
      if (progress) onProgress(progress);
    },
  });
}

/** Whether a fetch failed since the remote no longer has what it listed a moment before: to be listed again. */
export function hasMovedMeanwhile(error: unknown): boolean {
  return (
    error instanceof SluiceError &&
    /not our ref|unadvertised object|couldn't find remote ref/.test(error.message)
  );
}
