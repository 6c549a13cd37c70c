import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import { allEnded } from '../../../base/lifecycle.ts';
import type { Store } from '../../../keep/store/store.ts';
import type { RepositoryTotals } from '../../../keep/store/types.ts';
import { type SyncedClone, syncClone } from '../clone/clone.ts';
import { cloneDirectoryName, removeTree } from '../clone/directories.ts';
import { type Mailmap, readMailmap } from '../clone/mailmap.ts';
import { maintainClone } from '../clone/maintain.ts';
import type { Remote } from '../git/access.ts';
import type { GitProgress } from '../git/progress.ts';
import { prepareWidePipe } from '../git/wide-pipe.ts';
import { type IngestResult, ingestHistory } from '../history/ingest.ts';
import { mapPersonIdentities } from '../history/mailmap.ts';
import { isSameMailmap, readMailmapFile } from '../history/mailmap-file.ts';
import { ThreadedParser } from '../history/threaded-parser.ts';
import { type BakeJob, remoteOf } from './job.ts';

/** Where a bake is. `text` is git's own progress line while fetching, and why it waits for room on the disk. */
export type BakeProgress =
  | { readonly phase: 'room'; readonly text: string }
  | { readonly phase: 'fetch'; readonly text: string }
  | {
      readonly phase: 'history';
      readonly commits: number;
      /** How many there will be; unknown unless the bake was to count them (`countsAhead`). */
      readonly total?: number | undefined;
      readonly perSecond: number;
    };

/** What `bake --json` prints and the API answers. Times are ISO 8601. */
export interface BakeSummary {
  readonly url: string;
  readonly commits: number;
  readonly newCommits: number;
  /** Commits that no ref reaches any more. */
  readonly removedCommits: number;
  readonly authors: number;
  readonly firstCommitAt: string | null;
  readonly lastCommitAt: string | null;
  readonly durationMs: number;
  /** Of it, until the clone was up to date. */
  readonly fetchMs: number;
  readonly cache: 'clone' | 'fetch' | 'restore';
  /** Where it is, when its own address redirects there. */
  readonly movedTo?: string;
  /** What a person should know although the bake succeeded. */
  readonly warnings?: readonly string[];
}

/** What a bake works with, in whichever thread. */
export interface BakeContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BakeProgress) => void;
  /** Somebody watches, and wants to know how many commits there will be. */
  readonly countsAhead?: boolean | undefined;
}

/**
 * Bakes one repository: brings its clone in the cache up to date (or makes it), then turns the commits that
 * are new into rows and takes out those that no ref reaches any more. The caller holds the
 * repository's claim. May be repeated and interrupted anywhere. A clone whose history cannot be read goes, and is made
 * anew once.
 *
 * @throws SluiceError of git and the network (`not_a_repository`, `connection_lost` …), `disk_full`,
 *   `database_*`, `cancelled`
 */
export async function bake(job: BakeJob, context: BakeContext): Promise<BakeSummary> {
  const parsing = new ThreadedParser();
  const wasThere = existsSync(join(job.cacheDirectory, cloneDirectoryName(job.address.url)));
  try {
    return await bakeWith(job, context, parsing);
  } catch (error) {
    // Damage that opening the clone did not show. Where it is the remote's, cloning anew says so.
    if (!wasThere || !isCorrupt(error)) throw error;
    return await bakeWith(job, context, parsing);
  } finally {
    await parsing.close();
  }
}

async function bakeWith(job: BakeJob, context: BakeContext, parsing: ThreadedParser): Promise<BakeSummary> {
  const { repositoryId, address, place } = job;
  const { store, clock } = context;
  const startMs = clock.monotonicMs();
  const remote = remoteOf(job);
  const bringing = bringClone(job, remote, context);
  // A first bake reads much; git is at its own work meanwhile.
  if (job.first) {
    parsing.prepare();
    prepareWidePipe();
  }
  const { clone, mailmapBrought } = await bringing;
  const fetchMs = Math.round(clock.monotonicMs() - startMs);
  await store.repositories.update(
    repositoryId,
    {
      headRef: clone.headRef ?? null,
      objectFormat: clone.objectFormat,
      shallow: clone.shallow,
      // Set again once all is done: after a bake that is interrupted, a check of the remote is not enough.
      remoteCheck: null,
    },
    job.claim,
  );
  const [history, mailmapRead] = await allEnded([
    readHistory(job, clone, context, parsing),
    mailmapBrought ? Promise.resolve(mailmapBrought) : readMailmap(clone, { remote, signal: context.signal }),
  ]).catch(async error => {
    // Kept, it would fail every bake to come.
    if (isCorrupt(error)) await removeTree(clone.gitDir);
    throw error;
  });
  const mailmap = await applyMailmap(job, clone, mailmapRead, context);
  const maintained = await maintainClone(clone.gitDir, { signal: context.signal });
  if (mailmap.warning === undefined) await allowRemoteChecks(job, clone, context);
  const { commits, authors, firstCommitAt, lastCommitAt } = mailmap.totals ?? history.totals;
  const warnings = [...clone.warnings, ...maintained.warnings].map(({ message }) => message);
  if (clone.shallow)
    warnings.unshift('the repository is shallow itself: only a part of its history is there to be read');
  if (mailmap.warning !== undefined) warnings.push(mailmap.warning);
  if (mailmap.note !== undefined) warnings.push(mailmap.note);
  return {
    url: address.url,
    commits,
    newCommits: history.newCommits,
    removedCommits: history.removedCommits,
    authors,
    firstCommitAt: isoOrNull(firstCommitAt),
    lastCommitAt: isoOrNull(lastCommitAt),
    durationMs: Math.round(clock.monotonicMs() - startMs),
    fetchMs,
    cache: clone.outcome === 'clone' ? 'clone' : 'fetch',
    movedTo: place?.url,
    warnings: warnings.length > 0 ? warnings : undefined,
  };
}

function isCorrupt(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'repository_corrupt';
}

/**
 * From now on it is enough to compare the remote's refs with the cursor (`isRemoteUnchanged`), until one of them moves.
 */
async function allowRemoteChecks(job: BakeJob, clone: SyncedClone, { store }: BakeContext): Promise<void> {
  const { spelling = job.address.remote, otherRefs } = clone;
  await store.repositories.update(job.repositoryId, { remoteCheck: { spelling, otherRefs } }, job.claim);
}

interface CurrentClone {
  readonly clone: SyncedClone;
  /** Two small objects to fetch at the most, which come with the clone where that had to be brought up to date. */
  readonly mailmapBrought: Mailmap | undefined;
}

async function bringClone(job: BakeJob, remote: Remote, context: BakeContext): Promise<CurrentClone> {
  const { signal } = context;
  let mailmapBrought: Mailmap | undefined;
  const clone = await syncClone({
    directory: join(job.cacheDirectory, cloneDirectoryName(job.address.url)),
    remote,
    tags: job.tags,
    idleTimeoutMs: job.idleTimeoutMs,
    signal,
    onProgress: progress => context.onProgress({ phase: 'fetch', text: inGitsWords(progress) }),
    async alongside(brought) {
      mailmapBrought = await readMailmap(brought, { remote, signal });
    },
  });
  return { clone, mailmapBrought };
}

function inGitsWords({ phase, percent, done, total }: GitProgress): string {
  return percent === undefined ? `${phase}: ${done}` : `${phase}: ${percent}% (${done}/${total})`;
}

function readHistory(
  job: BakeJob,
  clone: SyncedClone,
  context: BakeContext,
  parsing: ThreadedParser,
): Promise<IngestResult> {
  const { store, clock, signal, onProgress, countsAhead } = context;
  const startMs = clock.monotonicMs();
  return ingestHistory({
    gitDir: clone.gitDir,
    writer: store.history(job.repositoryId, job.claim),
    tips: clone.tips,
    clock,
    signal,
    parsing,
    countsAhead,
    onProgress({ commits, total }) {
      const seconds = Math.max(clock.monotonicMs() - startMs, 1) / 1000;
      onProgress({ phase: 'history', commits, total, perSecond: commits / seconds });
    },
  });
}

interface AppliedMailmap {
  readonly totals: RepositoryTotals | undefined;
  /** Why the repository's own was not applied: the next sync tries again. */
  readonly warning: string | undefined;
  /** What is wrong with the station's. */
  readonly note?: string | undefined;
}

/** People are counted as the mailmap has them. A mailmap that cannot be had now leaves the one before in force. */
async function applyMailmap(
  job: BakeJob,
  clone: SyncedClone,
  { content, warning }: Mailmap,
  { store, signal }: BakeContext,
): Promise<AppliedMailmap> {
  if (warning) return { totals: undefined, warning: warning.message };
  const writer = store.history(job.repositoryId, job.claim);
  await writer.keepMailmap(content ?? Buffer.alloc(0));
  let totals: RepositoryTotals | undefined;
  // One that changes meanwhile is seen here, or by whoever follows its changes: that is after it.
  for (let station = await readMailmapFile(job.mailmapFile); ; ) {
    const mailmaps = { mailmap: content, station: station.content };
    totals = (await mapPersonIdentities({ gitDir: clone.gitDir, writer, ...mailmaps, signal })) ?? totals;
    const read = await readMailmapFile(job.mailmapFile);
    if (isSameMailmap(read, station)) return { totals, warning: undefined, note: station.fault };
    station = read;
  }
}

function isoOrNull(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString();
}
