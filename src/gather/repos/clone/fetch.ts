import type { RefSnapshot } from '../../../keep/store/types.ts';
import { type GitProgress, parseProgress } from '../git/progress.ts';
import type { RemoteRefs } from '../git/remote.ts';
import { runGit } from '../git/spawn.ts';
import { type Clone, DETACHED_REF } from './open.ts';

/** One fetch into a clone. */
export interface FetchOptions {
  readonly gitDir: string;
  /** For messages: the repository's normalised URL. */
  readonly subject: string;
  /** What `lsRemote` has just answered. */
  readonly remoteRefs: RemoteRefs;
  readonly tags: boolean;
  /** Leave out trees and blobs if the remote can. */
  readonly lean: boolean;
  /** The clone's history ends early because the remote's did. */
  readonly shallow: boolean;
  readonly signal?: AbortSignal;
  readonly idleTimeoutMs: number;
  readonly onProgress?: (progress: GitProgress) => void;
}

/** Whether a clone or the store holds exactly the refs of a remote, its detached HEAD included. */
export function sameRefs(tips: RefSnapshot, { refs, detachedHead }: RemoteRefs): boolean {
  if (tips.size !== refs.size + (detachedHead === undefined ? 0 : 1)) return false;
  for (const [name, id] of refs) if (tips.get(name) !== id) return false;
  return detachedHead === undefined || tips.get(DETACHED_REF) === detachedHead;
}

/** A repository on this disk may be left lean too, whatever its own configuration says. */
const LOCAL_UPLOAD_PACK =
  'git -c uploadpack.allowFilter=true -c uploadpack.allowAnySHA1InWant=true upload-pack';

/** Options for git's fetches from a remote; the remote is named `origin`, since filters work for named ones only. */
export function originOptions(remoteRefs: Pick<RemoteRefs, 'access'>): {
  readonly config: readonly string[];
  readonly uploadPack: readonly string[];
} {
  const { access } = remoteRefs;
  return {
    // Not in the clone's configuration: the address may be pinned to other numbers the next time.
    config: [...access.config, '-c', `remote.origin.url=${access.url}`],
    uploadPack: access.protocol === 'file' ? [`--upload-pack=${LOCAL_UPLOAD_PACK}`] : [],
  };
}

/**
 * Brings the clone's refs to the remote's: new and moved ones (force-pushed too), gone ones pruned. Not
 * atomic on purpose: only so can `topic` give way to `topic/x`. After a failure some refs may have moved;
 * every one of them is whole, and a repetition completes the rest.
 * @throws SluiceError as classified
 */
export async function fetchRefs(options: FetchOptions): Promise<void> {
  const { gitDir, remoteRefs, signal, onProgress, idleTimeoutMs, subject } = options;
  const { config, uploadPack } = originOptions(remoteRefs);
  const refspecs = ['+refs/heads/*:refs/heads/*'];
  if (options.tags) refspecs.push('+refs/tags/*:refs/tags/*');
  if (remoteRefs.detachedHead !== undefined) refspecs.push(`+HEAD:${DETACHED_REF}`);
  const args = [
    ...config,
    'fetch',
    // Not --quiet, which would also silence "Receiving objects".
    '--progress',
    '--prune',
    '--no-tags',
    '--force',
    '--no-write-fetch-head',
    '--no-auto-maintenance',
    '--no-write-commit-graph',
    '--no-recurse-submodules',
    '--no-show-forced-updates',
    // A shallow remote's refs would be refused silently otherwise; once it is whole, so is the clone.
    options.shallow ? '--unshallow' : '--update-shallow',
    options.lean ? '--filter=tree:0' : '--no-filter',
    ...uploadPack,
    'origin',
    ...refspecs,
  ];
  await runGit(args, {
    gitDir,
    protocol: remoteRefs.access.protocol,
    env: remoteRefs.access.env,
    signal,
    idleTimeoutMs,
    subject,
    onStderrLine: line => {
      const progress = onProgress && parseProgress(line);
      if (progress) onProgress(progress);
    },
  });
}

/**
 * Points the clone's HEAD where the remote's points; fetch never does. To an unborn ref when it points nowhere.
 * @param before the clone before the fetch; undefined for a new one
 */
export async function followHead(
  gitDir: string,
  remoteRefs: RemoteRefs,
  before: Clone | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const options = { gitDir, signal };
  if (before === undefined || before.headRef !== remoteRefs.head) {
    await runGit(['symbolic-ref', 'HEAD', remoteRefs.head ?? DETACHED_REF], options);
  }
  if (before?.tips.has(DETACHED_REF) && remoteRefs.detachedHead === undefined) {
    await runGit(['update-ref', '-d', DETACHED_REF], options);
  }
}
