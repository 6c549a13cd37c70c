import type { Clock } from '../../base/clock.ts';
import type { Store } from '../../keep/store/store.ts';
import type { Repository } from '../../keep/store/types.ts';
import { syncClone } from './clone/clone.ts';
import { cloneDirectory } from './clone/directory.ts';
import { readMailmap } from './clone/mailmap.ts';
import { ingestHistory } from './history/ingest.ts';
import type { Remote } from './url.ts';

/** Everything that one bake needs to know; plain data, so that it can go to another thread. */
export interface BakeJob {
  readonly repositoryId: number;
  readonly address: RepositoryUrl;
  readonly cacheDirectory: string;
  /** Tags too, and so the commits that only tags reach. */
  readonly tags: boolean;
  /** Longest silence of git before it is given up. */
  readonly idleTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** For the repository's host; never logged or stored. */
  readonly credentials: HostCredentials | undefined;
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
  readonly cache: 'clone' | 'fetch' | 'restore';
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
  throw new Error(
    `not wired yet: ${job.url} ${tools.clock.nowMs()} ${syncClone} ${cloneDirectory} ${readMailmap} ${ingestHistory} ${{} as Repository}`,
  );
}
