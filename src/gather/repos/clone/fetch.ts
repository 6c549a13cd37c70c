import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../../../base/errors.ts';
import { joinLines } from '../../../base/lines.ts';
import { PackedRefs, sameRefs } from '../../../keep/store/packed-refs.ts';
import type { ObjectId, RefSnapshot } from '../../../keep/store/types.ts';
import { IdSet } from '../git/id-set.ts';
import { Patience, type PatienceLimits, type TooSlow } from '../git/patience.ts';
import { type GitProgress, parseProgress } from '../git/progress.ts';
import type { RemoteRefs } from '../git/remote.ts';
import { runGit, silent } from '../git/spawn.ts';
import { DETACHED_REF } from './open.ts';

/**
 * A fetch is never silent for long, since the remote says how far it is with what it looks for. But what it says is no
 * history: 583 bytes a second are, which is less than any link has, and a day is enough for the largest.
 */
const FETCH_PATIENCE: PatienceLimits = { bytes: 2 ** 20, withinMs: 30 * 60_000, longestMs: 24 * 3_600_000 };

/** One fetch into a clone. */
export interface FetchOptions {
  readonly gitDir: string;
  /** For messages: the repository's normalised URL. */
  readonly subject: string;
  /** What `lsRemote` has just answered. */
  readonly remoteRefs: RemoteRefs;
  /** The refs that the clone has: what they name is there. */
  readonly known: RefSnapshot;
  /** Leave out trees and blobs if the remote can. */
  readonly lean: boolean;
  /** The clone's history ends early because the remote's did. */
  readonly shallow: boolean;
  readonly signal?: AbortSignal;
  readonly idleTimeoutMs: number;
  /** `FETCH_PATIENCE` by default. */
  readonly patience?: PatienceLimits;
  /** `IDS_AT_ONCE` by default. */
  readonly idsAtOnce?: number;
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

/** Silent, git looks through all that came whether anything is missing: some minutes for the largest of repositories. */
const CHECKING_MS = 60 * 60_000;

/**
 * For each id that it is asked for, git looks at all others: of a hundred thousand at once that alone takes ten seconds.
 */
const IDS_AT_ONCE = 16_384;

/**
 * Brings what the listed refs name into the clone, and leaves its refs alone: they are written by `writeRefs`, since git
 * would write each to a file of its own. Asked for by id, so that what arrives is what was listed, and only for what the
 * clone does not have. A failure leaves nothing but objects that nothing names; may be repeated.
 * @throws SluiceError as classified; see `hasMovedMeanwhile`
 */
export async function fetchObjects(options: FetchOptions): Promise<void> {
  const {
    remoteRefs,
    known,
    shallow,
    subject,
    idsAtOnce = IDS_AT_ONCE,
    patience: limits = FETCH_PATIENCE,
  } = options;
  const tips = tipsOfRemote(remoteRefs);
  // Of a clone whose history ends early, it is the tips that are there which may get more of it.
  const there = shallow ? IdSet.none : IdSet.of(known.values());
  const first = remoteRefs.head === undefined ? undefined : tips.get(remoteRefs.head);
  let beside: ObjectId | undefined;
  const patience = new Patience(limits, why => tooSlow(why, subject), options.signal);
  patience.watch(() => arrivingBytes(options.gitDir));
  try {
    // After the first of several parts the clone may be whole, and could not be made so again.
    for (const ids of inParts(missingOf(first, tips, there), shallow ? tips.size : idsAtOnce)) {
      await fetchIds(ids, beside, patience, options);
      // A new clone has no ref yet that would tell the remote what came with the parts before.
      if (known.size === 0) beside = first ?? ids[0];
    }
  } finally {
    patience.close();
  }
}

/** The id that others are most likely to share their history with comes first, the rest in the order of their refs. */
function* missingOf(
  first: ObjectId | undefined,
  tips: RefSnapshot,
  there: IdSet,
): Generator<ObjectId, undefined> {
  if (first !== undefined && !there.has(first)) yield first;
  for (const id of tips.values()) if (id !== first && !there.has(id)) yield id;
}

function* inParts(ids: Iterable<ObjectId>, length: number): Generator<readonly ObjectId[], undefined> {
  let part = new Set<ObjectId>();
  for (const id of ids) {
    if (part.add(id).size < length) continue;
    yield [...part];
    part = new Set();
  }
  if (part.size > 0) yield [...part];
}

/** @param beside a commit that is there although no ref names it */
async function fetchIds(
  ids: readonly ObjectId[],
  beside: ObjectId | undefined,
  patience: Patience,
  options: FetchOptions,
): Promise<void> {
  const { gitDir, remoteRefs, onProgress, idleTimeoutMs, subject } = options;
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
    ...(beside === undefined ? [] : [`--negotiation-tip=${beside}`]),
    ...uploadPack,
    '--stdin',
    'origin',
  ];
  const limits = { bytes: 1, withinMs: idleTimeoutMs, longestMs: Number.POSITIVE_INFINITY };
  const hearing = new Patience(limits, () => silent(idleTimeoutMs, 'git fetch', subject), patience.signal);
  hearing.watch(() => arrivingBytes(gitDir));
  try {
    await runGit(args, {
      gitDir,
      input: joinLines(ids),
      protocol: remoteRefs.access.protocol,
      env: remoteRefs.access.env,
      signal: hearing.signal,
      timeoutMs: (options.patience ?? FETCH_PATIENCE).longestMs,
      idleTimeoutMs: CHECKING_MS,
      subject,
      onStderrLine: line => {
        hearing.moved();
        const progress = parseProgress(line);
        if (progress === undefined) return;
        onProgress?.(progress);
        if (isOfRemote(line) || (progress.phase === RECEIVING && progress.percent !== 100)) return;
        // All is here, and it is this machine that works on it.
        hearing.close();
        patience.moved();
      },
    });
  } finally {
    hearing.close();
  }
}

/** git's own word for the time in which objects come. */
const RECEIVING = 'Receiving objects';

/** Whether the far side wrote a line. */
function isOfRemote(line: string): boolean {
  return line.startsWith('remote: ');
}

/** A pack that is being written: by index-pack, and from a server that only gives out files, of which git says nothing. */
const ARRIVING = /^tmp_pack_|\.pack\.temp$/;

/** Bytes of the packs that are being written. */
async function arrivingBytes(gitDir: string): Promise<number> {
  const packs = join(gitDir, 'objects', 'pack');
  const names = await readdir(packs).catch(() => []);
  const arriving = names.filter(name => ARRIVING.test(name));
  // One that has been completed meanwhile is no longer there.
  const bytes = await Promise.all(
    arriving.map(name =>
      stat(join(packs, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return bytes.reduce((sum, each) => sum + each, 0);
}

function tooSlow(why: TooSlow, subject: string): SluiceError {
  const minutes = (ms: number): string => `${Math.round(ms / 600) / 100} minutes`;
  const message =
    why.kind === 'stalled'
      ? `next to nothing of the history of ${subject} came for ${minutes(why.forMs)}`
      : `${subject} was not fetched to its end after ${minutes(why.afterMs)}`;
  return new SluiceError('timed_out', message, { operation: 'git fetch', subject });
}

/** Whether a fetch failed since the remote no longer has what it listed a moment before: to be listed again. */
export function hasMovedMeanwhile(error: unknown): boolean {
  return (
    error instanceof SluiceError &&
    /not our ref|unadvertised object|couldn't find remote ref/.test(error.message)
  );
}

/** The id that the remote says it does not have. */
export function refusedId(error: unknown): ObjectId | undefined {
  if (!(error instanceof SluiceError)) return undefined;
  return /(?:not our ref|unadvertised object) ([0-9a-f]{40,64})/.exec(error.message)?.[1];
}
