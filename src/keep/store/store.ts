import type { SluiceError } from '../../base/errors.ts';
import type { StoreChange } from './change.ts';
import type { ChangesetStore } from './changesets.ts';
import type { ChurnWriter } from './churn.ts';
import type { HistoryWriter } from './history.ts';
import type { NotificationStore } from './notifications.ts';
import type { PeopleStore } from './people.ts';
import type { Questions } from './questions.ts';
import type { RepositoryStore } from './repositories.ts';
import type { RunStore } from './runs.ts';
import type { SharedCalls } from './shared-calls.ts';
import type { StationStore } from './stations.ts';
import type { StoreTables } from './tables.ts';
import type { TrackingStore } from './tracking.ts';

/** The server of the store is not to be had: since when, and in whose words. */
export interface StoreOutage {
  readonly sinceMs: number;
  readonly error: SluiceError;
}

/**
 * The store: what is known, and may be shared between machines. Every method may fail with `database_busy`,
 * `database_invalid` or `disk_full`; none leaves half a change behind. Reads see what was last committed.
 */
export interface Store {
  readonly repositories: RepositoryStore;
  readonly runs: RunStore;
  readonly tracking: TrackingStore;
  readonly notifications: NotificationStore;
  readonly people: PeopleStore;
  readonly changesets: ChangesetStore;
  readonly questions: Questions;
  readonly stations: StationStore;
  /** What stations that share the store may ask of hosts together; undefined where one has it for itself. */
  readonly sharedCalls: SharedCalls | undefined;

  /**
   * Opens a repository's history for writing. At most one writer a repository at a time: the caller holds its claim.
   * @param claim the claim's token: nothing is taken once that is lost (`lease_lost`)
   */
  history(repositoryId: number, claim?: number): HistoryWriter;

  /** Opens a repository's churn for writing, under the same claim. */
  churn(repositoryId: number, claim?: number): ChurnWriter;

  /** Makes changes in their order, in one transaction: all of them or none. May be repeated. */
  apply(changes: readonly StoreChange[]): Promise<void>;

  /** Since when the server of the store is not to be had; undefined while it is, and where there is no server. */
  outage(): StoreOutage | undefined;

  /** Calls `listener` when an outage begins, and with undefined when it is over. @returns what ends that */
  onOutage(listener: (outage: StoreOutage | undefined) => void): () => void;

  /** The rows as they are, for moving them to another database. */
  readonly tables: StoreTables;

  /** Reads a little. Throws `database_*` where the store cannot be read. */
  check(): Promise<void>;

  /** Closes it; further calls fail. May be repeated. */
  close(): Promise<void>;
}
