import { join } from 'node:path';
import { allEnded } from '../../../base/all-ended.ts';
import type { Clock } from '../../../base/clock.ts';
import type { Store } from '../../../keep/store/store.ts';
import type { RepositoryTotals } from '../../../keep/store/types.ts';
import type { RepositoryUrl } from '../address/url.ts';
import type { SizeHost } from '../cache/estimate.ts';
import { type SyncedClone, syncClone } from '../clone/clone.ts';
import { type Mailmap, readMailmap } from '../clone/mailmap.ts';
import { maintainClone } from '../clone/maintain.ts';
import { cloneDirectoryName } from '../clone/names.ts';
import type { Remote } from '../git/access.ts';
import type { HttpCredentials } from '../git/credentials.ts';
import type { GitProgress } from '../git/progress.ts';
import { prepareWidePipe } from '../git/wide-pipe.ts';
import { type IngestResult, ingestHistory } from '../history/ingest.ts';
import { mapIdentities } from '../history/mailmap.ts';
import { ParsingThread } from '../history/parsing-thread.ts';

/** Everything that one bake needs to know; plain data, so that it can go to another thread. */
export interface BakeJob {
  readonly repositoryId: number;
  readonly address: RepositoryUrl;
  readonly cacheDirectory: string;
  /** Nothing has been read of it yet. */
  readonly first: boolean;
  /** Tags too, and so the commits that only tags reach. */
  readonly tags: boolean;
  /** Where its address redirects to, when that has been found and judged. */
  readonly place: RepositoryUrl | undefined;
  /** Longest silence of git before it is given up. */
  readonly idleTimeoutMs: number;
  /** How long the host may take to accept a connection. */
  readonly connectTimeoutMs: number;
  /** For the repository's host; never logged or stored. */
  readonly credentials: HttpCredentials | undefined;
  /** Whom to ask how large it is (P5). */
  readonly sizeHost: SizeHost | undefined;
  /** The only addresses that may be connected to, where not every one is allowed (S3). */
  readonly addresses: readonly string[] | undefined;
}

/** Where a bake is. `text` is git's own progress line while fetching. */
export type BakeProgress =
  | { readonly phase: 'fetch'; readonly text: string }
  | { readonly phase: 'history'; readonly commits: number; readonly perSecond: number };

/** What `bake --json` prints and the API answers (station.md). Times are ISO 8601. */
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
  /** Where it was found, when its own address redirects there. */
  readonly movedTo?: string;
  /** What a person should know although the bake succeeded. */
  readonly warnings?: readonly string[];
}

export interface BakeTools {
  readonly store: Store;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BakeProgress) => void;
}

/**
 * Bakes one repository: brings its clone in the cache up to date (or makes it), then turns the commits that
 * are new into rows and takes out those that no ref reaches any more (P4, P10, P11). The caller holds the
 * repository's claim. May be repeated and interrupted anywhere (S8).
 *
 * @throws SluiceError of git and the network (`not_a_repository`, `connection_lost` …), `disk_full`,
 *   `database_*`, `cancelled`
 */
export async function bake(job: BakeJob, tools: BakeTools): Promise<BakeSummary> {
  const parsing = new ParsingThread();
  try {
    return await bakeWith(job, tools, parsing);
  } finally {
    await parsing.close();
  }
}

async function bakeWith(job: BakeJob, tools: BakeTools, parsing: ParsingThread): Promise<BakeSummary> {
  const { repositoryId, address, place } = job;
  const { store, clock } = tools;
  const startMs = clock.monotonicMs();
  const remote = remoteOf(job);
  const bringing = bringClone(job, remote, tools);
  // A first bake reads much; git is at its own work meanwhile.
  if (job.first) {
    parsing.prepare();
    prepareWidePipe();
  }
  const { clone, mailmapBrought } = await bringing;
  const fetchMs = Math.round(clock.monotonicMs() - startMs);
  await store.repositories.update(repositoryId, {
    headRef: clone.headRef ?? null,
    objectFormat: clone.objectFormat,
    shallow: clone.shallow,
    // Set again once all is done: a bake that is interrupted is not made up for by a look.
    remoteCheck: null,
  });
  const [history, mailmapRead] = await allEnded([
    readHistory(job, clone, tools, parsing),
    mailmapBrought ? Promise.resolve(mailmapBrought) : readMailmap(clone, { remote, signal: tools.signal }),
  ]);
  const mailmap = await applyMailmap(job, clone, mailmapRead, tools);
  await maintainClone(clone.gitDir, { signal: tools.signal });
  if (mailmap.warning === undefined) await allowLooks(job, clone, tools);
  const { commits, authors, firstCommitAt, lastCommitAt } = mailmap.totals ?? history.totals;
  const warnings = [
    ...(clone.shallow
      ? ['the repository is shallow itself: only a part of its history is there to be read']
      : []),
    ...clone.warnings.map(({ message }) => message),
    ...(mailmap.warning === undefined ? [] : [mailmap.warning]),
  ];
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
    ...(place === undefined ? {} : { movedTo: place.url }),
    ...(warnings.length > 0 ? { warnings } : {}),
  };
}

/** The repository at its host, as a job has it. */
export function remoteOf(job: BakeJob): Remote {
  const { address, place, credentials, addresses, connectTimeoutMs } = job;
  return { ...address, place, credentials, addresses, connectTimeoutMs };
}

/** From now on it is enough to compare the remote's refs with the cursor (look.ts), until one of them moves. */
async function allowLooks(job: BakeJob, clone: SyncedClone, { store }: BakeTools): Promise<void> {
  const { spelling = job.address.remote, otherRefs } = clone;
  await store.repositories.update(job.repositoryId, { remoteCheck: { spelling, otherRefs } });
}

interface BroughtClone {
  readonly clone: SyncedClone;
  /** Two small objects to fetch at the most, which come with the clone where that had to be brought up to date. */
  readonly mailmapBrought: Mailmap | undefined;
}

async function bringClone(job: BakeJob, remote: Remote, tools: BakeTools): Promise<BroughtClone> {
  const { signal } = tools;
  let mailmapBrought: Mailmap | undefined;
  const clone = await syncClone({
    directory: join(job.cacheDirectory, cloneDirectoryName(job.address.url)),
    remote,
    tags: job.tags,
    idleTimeoutMs: job.idleTimeoutMs,
    signal,
    onProgress: progress => tools.onProgress({ phase: 'fetch', text: inGitsWords(progress) }),
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
  tools: BakeTools,
  parsing: ParsingThread,
): Promise<IngestResult> {
  const { store, clock, signal, onProgress } = tools;
  const startMs = clock.monotonicMs();
  return ingestHistory({
    gitDir: clone.gitDir,
    writer: store.history(job.repositoryId),
    tips: clone.tips,
    clock,
    signal,
    parsing,
    onProgress({ commits }) {
      const seconds = Math.max(clock.monotonicMs() - startMs, 1) / 1000;
      onProgress({ phase: 'history', commits, perSecond: commits / seconds });
    },
  });
}

/** People are counted as the mailmap has them. A mailmap that cannot be had now leaves the one before in force. */
async function applyMailmap(
  job: BakeJob,
  clone: SyncedClone,
  { content, warning }: Mailmap,
  { store, signal }: BakeTools,
): Promise<{ readonly totals: RepositoryTotals | undefined; readonly warning: string | undefined }> {
  if (warning) return { totals: undefined, warning: warning.message };
  const writer = store.history(job.repositoryId);
  const totals = await mapIdentities({ gitDir: clone.gitDir, writer, mailmap: content, signal });
  return { totals, warning: undefined };
}

function isoOrNull(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString();
}
