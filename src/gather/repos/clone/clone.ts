import { lstat, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { asSluiceError, SluiceError } from '../../../base/errors.ts';
import { makeFolder } from '../../../base/files/make-folder.ts';
import { allEnded } from '../../../base/lifecycle.ts';
import { PackedRefs } from '../../../keep/store/packed-refs.ts';
import type { RefSnapshot } from '../../../keep/store/types.ts';
import type { Remote } from '../git/access.ts';
import type { PatienceLimits } from '../git/patience.ts';
import type { GitProgress } from '../git/progress.ts';
import { lsRemote, MANY_OTHER_REFS, type RemoteRefs } from '../git/remote.ts';
import { runGit } from '../git/spawn.ts';
import { requireGit } from '../git/version.ts';
import { createScratch, readIfThere, removeLeftovers, removeTree, scratchPath } from './directories.ts';
import { fetchObjects, hasMovedMeanwhile, hasRefsOf, refusedId, tipsOfRemote } from './fetch.ts';
import { initialiseClone } from './initialise.ts';
import { writeCommitGraph } from './maintain.ts';
import { type Clone, DETACHED_REF, openClone } from './open.ts';
import { writeHead, writeRefs } from './refs.ts';

/**
 * States of a clone's place in the cache, which only the holder of its claim touches:
 *
 *   absent ──init and fetch in tmp-*──▶ (whole in tmp-*) ──rename──▶ whole ──fetch──▶ whole
 *     ▲         │ failed, stopped: tmp-* removed                       │
 *     └─removed─┴──────────────── broken ◀──seen when opened───────────┘
 */
export interface SyncOptions {
  /** Full path of the clone's place: cache directory and `cloneDirectoryName(url)`. */
  readonly directory: string;
  readonly remote: Remote;
  /** Commits only, true by default. With false a lean clone is replaced by a full one, which then stays full. */
  readonly lean?: boolean;
  /** Tags too; true by default. */
  readonly tags?: boolean;
  /** Stops when git is silent for so long; 2 minutes by default. */
  readonly idleTimeoutMs?: number;
  /** For each piece of the listing of refs; 1 minute by default. */
  readonly listTimeoutMs?: number;
  /** How slow what is fetched may come; see `fetchObjects`. */
  readonly patience?: PatienceLimits;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: GitProgress) => void;
  /**
   * Run when something came from the remote, once the refs are there and while the commit-graph is written, which keeps
   * one processor busy: for what else is to be had from it. The clone may lie in another place than it will in the end.
   */
  readonly alongside?: (clone: Clone) => Promise<void>;
}

/** A clone that is up to date, and how it came to be. */
export interface SyncedClone extends Clone {
  readonly outcome: 'clone' | 'fetch' | 'unchanged';
  /** What went wrong without harm to the result: the commit-graph could not be written. */
  readonly warnings: readonly SluiceError[];
}

const DEFAULT_IDLE_TIMEOUT_MS = 120_000;
/** How often a remote is listed that moves between its listing and the fetch. */
const LISTINGS = 3;
/** So many ids that a remote lists and does not have are left out; more of them are no accident of single refs. */
const MOST_LEFT_OUT = 20;

/**
 * Brings the clone at `directory` up to date with its remote, cloning if need be. The caller holds the
 * only claim on the directory. May be repeated at will; a call that throws leaves the clone as it was, or
 * with some of its refs moved on, and nothing half-done beside it.
 * @throws SluiceError as classified by `classifyGitFailure`
 */
export async function syncClone(options: SyncOptions): Promise<SyncedClone> {
  const { directory, signal } = options;
  // Asked meanwhile; who needs the answer gets it, or why there is none.
  requireGit().catch(() => undefined);
  const existing = await openClone(directory, signal);
  if (existing && (await hasNothingMoved(existing, options))) {
    return { ...withWantedRefs(existing, options), outcome: 'unchanged', warnings: [] };
  }
  const remoteRefs = await listRefs(existing, options, true);
  if (existing && fits(existing, remoteRefs, options)) {
    try {
      return await update(existing, remoteRefs, options);
    } catch (error) {
      // Damage that reading the tips does not show. If it is the remote's, cloning says so too.
      if (!(await isOfClone(error, existing.gitDir, signal))) throw error;
    }
  }
  // What is broken is of no use to anyone, and the new clone may need its room.
  if (!existing) await setAside(directory);
  return await cloneAnew(remoteRefs, options);
}

/** Whether it is the clone that a fetch failed over: where git does not say so, the clone is asked something by itself. */
async function isOfClone(error: unknown, gitDir: string, signal?: AbortSignal): Promise<boolean> {
  if (!(error instanceof SluiceError) || error.code !== 'git_failed') return isCorrupt(error);
  try {
    await runGit(['rev-list', '--max-count=1', '--all'], { gitDir, signal });
    return false;
  } catch (answer) {
    return isCorrupt(answer) || (answer instanceof SluiceError && answer.code === 'git_failed');
  }
}

function isCorrupt(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'repository_corrupt';
}

/**
 * The cheap check of a remote with very many other refs: branches and tags only. Its HEAD is followed with the next
 * push.
 */
async function hasNothingMoved(existing: Clone, options: SyncOptions): Promise<boolean> {
  if (existing.otherRefs <= MANY_OTHER_REFS || existing.headRef === undefined) return false;
  const remoteRefs = await listRefs(existing, options, false);
  return fits(existing, remoteRefs, options) && hasRefsOf(withWantedRefs(existing, options).tips, remoteRefs);
}

function listRefs(existing: Clone | undefined, options: SyncOptions, head: boolean): Promise<RemoteRefs> {
  const { remote, signal, listTimeoutMs: timeoutMs, tags } = options;
  return lsRemote(remote, { signal, timeoutMs, tags, head, preferred: existing?.spelling });
}

function fits(existing: Clone, remoteRefs: RemoteRefs, { remote, lean = true }: SyncOptions): boolean {
  const sameFormat = (remoteRefs.objectFormat ?? existing.objectFormat) === existing.objectFormat;
  return existing.url === remote.url && sameFormat && (lean || !existing.lean);
}

/** A clone with the refs that are asked for now: tags may be there from before. */
function withWantedRefs(clone: Clone, { tags = true }: SyncOptions): Clone {
  if (tags) return clone;
  return { ...clone, tips: PackedRefs.from(entriesOf(clone.tips, name => !isTag(name))) };
}

const isTag = (name: string): boolean => name.startsWith('refs/tags/');

function* entriesOf(tips: RefSnapshot, wanted: (name: string) => boolean): Generator<[string, string]> {
  for (const entry of tips) if (wanted(entry[0])) yield entry;
}

async function update(existing: Clone, remoteRefs: RemoteRefs, options: SyncOptions): Promise<SyncedClone> {
  const { gitDir } = existing;
  const { signal } = options;
  const before = withWantedRefs(existing, options).tips;
  const moved = !hasRefsOf(before, remoteRefs);
  const sameNotes = existing.otherRefs === remoteRefs.otherRefs && existing.spelling === remoteRefs.spelling;
  if (!moved && sameNotes && existing.headRef === remoteRefs.head) {
    return { ...withWantedRefs(existing, options), outcome: 'unchanged', warnings: [] };
  }
  const { clone: brought, leftOut } = moved
    ? await bringRefs(existing, remoteRefs, options)
    : {
        clone: {
          ...existing,
          headRef: remoteRefs.head,
          otherRefs: remoteRefs.otherRefs,
          spelling: remoteRefs.spelling,
        },
        leftOut: [],
      };
  await writeHead(gitDir, brought.headRef ?? DETACHED_REF);
  if (!sameNotes) await remember(gitDir, remoteRefs, signal);
  // Walks between old and new tips take ten times as long without the graph.
  const [clone, warnings] = await allEnded([
    runAlongside(brought, moved, options),
    moved ? writeCommitGraph(gitDir, signal) : Promise.resolve([]),
  ]);
  return { ...clone, outcome: moved ? 'fetch' : 'unchanged', warnings: [...leftOut, ...warnings] };
}

async function cloneAnew(remoteRefs: RemoteRefs, options: SyncOptions): Promise<SyncedClone> {
  const { directory, signal, lean = true } = options;
  const cache = dirname(directory);
  const scratch = await createScratch(cache, basename(directory));
  try {
    const { objectFormat = 'sha1', spelling, otherRefs } = remoteRefs;
    await initialiseClone(
      scratch,
      { url: options.remote.url, objectFormat, lean, spelling, otherRefs },
      signal,
    );
    const empty = {
      gitDir: scratch,
      url: options.remote.url,
      tips: PackedRefs.from([]),
      objectFormat,
      lean,
    } as const;
    const { clone: brought, leftOut } = await bringRefs({ ...empty, shallow: false }, remoteRefs, options);
    await writeHead(scratch, brought.headRef ?? DETACHED_REF);
    const [clone, warnings] = await allEnded([
      runAlongside(brought, true, options),
      writeCommitGraph(scratch, signal),
    ]);
    await putInPlace(scratch, directory, cache);
    return { ...clone, gitDir: directory, outcome: 'clone', warnings: [...leftOut, ...warnings] };
  } catch (error) {
    await removeTree(scratch);
    throw asSluiceError(error, { operation: 'clone', subject: options.remote.url });
  }
}

/** What makes the next listing of the remote cheaper. */
async function remember(gitDir: string, remoteRefs: RemoteRefs, signal?: AbortSignal): Promise<void> {
  const { otherRefs, spelling } = remoteRefs;
  await runGit(['config', '--local', 'sluice.otherRefs', String(otherRefs)], { gitDir, signal });
  await runGit(['config', '--local', 'sluice.spelling', spelling], { gitDir, signal });
}

interface Brought {
  readonly clone: Clone;
  /** A warning for each ref that the remote lists and does not have. */
  readonly leftOut: readonly SluiceError[];
}

/**
 * Fetches what the listing names and makes it the clone's refs; tags that are not asked for now stay. A remote that has
 * moved since the listing is listed again. Where it goes on listing what it does not have, those refs are left out.
 * @returns the clone as it is then
 */
async function bringRefs(
  before: Omit<Clone, 'headRef' | 'otherRefs' | 'spelling'>,
  listed: RemoteRefs,
  options: SyncOptions,
): Promise<Brought> {
  const { tags = true } = options;
  const { gitDir } = before;
  const refused = new Set<string>();
  let remoteRefs = listed;
  for (let tries = 1; ; tries += 1) {
    try {
      if (tipsOfRemote(remoteRefs).size > 0) await fetchInto(before, remoteRefs, options);
      break;
    } catch (error) {
      if (!hasMovedMeanwhile(error) || tries === LISTINGS + refused.size) throw error;
      const again = await listRefs(undefined, options, true);
      const id = refusedId(error);
      if (id !== undefined && hasId(remoteRefs, id) && hasId(again, id)) refused.add(id);
      remoteRefs = withoutIds(again, refused);
      const isAllGone = refused.size > 0 && tipsOfRemote(remoteRefs).size === 0;
      if (refused.size > MOST_LEFT_OUT || isAllGone) throw error;
      listed = again;
    }
  }
  const there = tipsOfRemote(remoteRefs);
  const tips = tags ? there : PackedRefs.from([...entriesOf(before.tips, isTag), ...there]);
  await writeRefs(gitDir, tips);
  const { head: headRef, otherRefs, spelling } = remoteRefs;
  const shallow = ((await readIfThere(join(gitDir, 'shallow'))) ?? '') !== '';
  const leftOut = refused.size === 0 ? [] : warningsOf(listed, refused, options.remote.url);
  return { clone: { ...before, tips, headRef, otherRefs, spelling, shallow }, leftOut };
}

function hasId(remoteRefs: RemoteRefs, id: string): boolean {
  for (const listed of tipsOfRemote(remoteRefs).values()) if (listed === id) return true;
  return false;
}

function withoutIds(remoteRefs: RemoteRefs, ids: ReadonlySet<string>): RemoteRefs {
  if (ids.size === 0) return remoteRefs;
  const { head, detachedHead } = remoteRefs;
  const kept = [...remoteRefs.refs].filter(([, id]) => !ids.has(id));
  const refs = PackedRefs.from(kept);
  return {
    ...remoteRefs,
    refs,
    head: head !== undefined && refs.has(head) ? head : undefined,
    detachedHead: detachedHead !== undefined && ids.has(detachedHead) ? undefined : detachedHead,
  };
}

function warningsOf(listed: RemoteRefs, ids: ReadonlySet<string>, subject: string): SluiceError[] {
  const broken = [...tipsOfRemote(listed)].filter(([, id]) => ids.has(id));
  return broken.map(([name, id]) => {
    const what = `${name} of ${subject} is left out: it names ${id.slice(0, 10)}, which is not there`;
    return new SluiceError('repository_corrupt', what, { operation: 'git fetch', subject });
  });
}

async function fetchInto(
  { gitDir, lean, shallow, tips: known }: Pick<Clone, 'gitDir' | 'lean' | 'shallow' | 'tips'>,
  remoteRefs: RemoteRefs,
  options: SyncOptions,
): Promise<void> {
  const { idleTimeoutMs = DEFAULT_IDLE_TIMEOUT_MS, signal, onProgress, patience } = options;
  const subject = options.remote.url;
  try {
    const from = { gitDir, subject, remoteRefs, known, lean, shallow };
    await fetchObjects({ ...from, idleTimeoutMs, signal, onProgress, patience });
  } catch (error) {
    // Half a pack may be the very thing that filled the disk.
    await removeLeftovers(gitDir);
    throw error;
  }
}

async function runAlongside(brought: Clone, moved: boolean, options: SyncOptions): Promise<Clone> {
  const clone = withWantedRefs(brought, options);
  if (moved) await options.alongside?.(clone);
  return clone;
}

/** Renames the new clone to its place; one that is there already goes aside first and is then removed. */
async function putInPlace(scratch: string, directory: string, cache: string): Promise<void> {
  await makeFolder(cache);
  const old = (await isAnythingThere(directory)) ? scratchPath(cache) : undefined;
  if (old) await rename(directory, old);
  await rename(scratch, directory);
  if (old) await removeTree(old);
}

/** Clears a clone's place; what cannot be removed (entries that others may not change) is out of the way at least. */
async function setAside(directory: string): Promise<void> {
  if (!(await isAnythingThere(directory))) return;
  const aside = scratchPath(dirname(directory));
  await rename(directory, aside);
  await removeTree(aside).catch(() => undefined);
}

async function isAnythingThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
