import type { ErrorRecord } from '../../base/errors.ts';

/**
 * What is kept of pull and merge requests, of the webhooks about them and of the budgets of
 * calls. Times of the host's clock are as the host gave them; which clock a time is of stands with its column in
 * migration 0007. Methods may fail with `database_busy`, `database_invalid` or `disk_full`, having changed nothing.
 */

/** Repository and number, as the host names them; without regard to case. */
export interface ChangesetAddress {
  readonly host: string;
  readonly repository: string;
  readonly number: number;
}

/** `new`: never synced. `deleted`: gone, or no longer shown to us. */
export const CHANGESET_STATES = ['new', 'open', 'draft', 'merged', 'closed', 'deleted'] as const;
export type StoredChangesetState = (typeof CHANGESET_STATES)[number];
export type StoredReviewState = 'none' | 'commented' | 'requested' | 'approved' | 'changes_requested';
export type StoredCheckState = 'none' | 'pending' | 'success' | 'failure';

export interface StoredChangeset extends ChangesetAddress {
  readonly id: number;
  /** Its key on the schedule. */
  readonly key: string;
  readonly url: string;
  readonly hostId: string | null;
  readonly followed: boolean;
  /** `hand`, or the name of the source that brought it. */
  readonly followedBy: string;
  readonly state: StoredChangesetState;
  readonly title: string;
  readonly author: string | null;
  readonly headBranch: string | null;
  readonly headCommit: string | null;
  readonly headRepository: string | null;
  readonly baseBranch: string | null;
  readonly baseCommit: string | null;
  readonly createdAtMs: number | null;
  readonly updatedAtMs: number | null;
  readonly mergedAtMs: number | null;
  readonly closedAtMs: number | null;
  readonly additions: number | null;
  readonly deletions: number | null;
  readonly changedFiles: number | null;
  readonly labels: readonly string[];
  readonly reviewState: StoredReviewState;
  readonly checkState: StoredCheckState | null;
  readonly mergeable: boolean | null;
  readonly firstSeenAtMs: number;
  readonly lastSyncAtMs: number | null;
  readonly lastChangeAtMs: number | null;
  readonly latestEventAtMs: number | null;
  readonly vanishedAtMs: number | null;
  readonly lastError: ErrorRecord | null;
  /** When a sync last failed; null since the last success. */
  readonly lastFailureAtMs: number | null;
  /** What the last sync could not read of it; null: all was read. */
  readonly unseen: UnseenParts | null;
}

/** One that is to be followed, with as much as is known of it. */
export interface ChangesetToFollow extends ChangesetAddress {
  readonly key: string;
  readonly url: string;
  readonly title?: string;
  readonly author?: string;
}

/** What a host says of a changeset besides its name, author and branches. Times are of the host's clock. */
export interface ChangesetDetails {
  readonly createdAtMs: number | undefined;
  readonly updatedAtMs: number | undefined;
  readonly mergedAtMs: number | undefined;
  /** When it was closed or merged. */
  readonly closedAtMs: number | undefined;
  /** Lines added and deleted; GitLab's REST API does not say. */
  readonly additions: number | undefined;
  readonly deletions: number | undefined;
  readonly changedFiles: number | undefined;
  /** Names, sorted. */
  readonly labels: readonly string[];
  readonly reviewState: StoredReviewState;
  /** Undefined where the host was not asked (Gitea and GitLab say it at a further call each). */
  readonly checkState: StoredCheckState | undefined;
  /** Undefined while the host works it out, and of closed ones. */
  readonly mergeable: boolean | undefined;
}

/** A changeset as a sync saw it, times of the host's clock, besides the fields named for this machine's. */
export interface SyncedChangeset extends ChangesetDetails {
  /** As the host names it now: another one after a rename. */
  readonly repository: string;
  readonly url: string;
  readonly hostId: string | undefined;
  readonly state: Exclude<StoredChangesetState, 'new' | 'deleted'>;
  readonly title: string;
  readonly author: string | undefined;
  readonly authorIsBot: boolean;
  readonly headBranch: string | undefined;
  readonly headCommit: string | undefined;
  readonly headRepository: string | undefined;
  readonly baseBranch: string | undefined;
  readonly baseCommit: string | undefined;
  /** When the sync began, on this machine's clock. */
  readonly syncedAtMs: number;
  /** When it last changed, on this machine's clock. */
  readonly lastChangeAtMs: number;
  /** What could not be read of it; null: all was. */
  readonly unseen: UnseenParts | null;
}

/** What a sync could not read of a changeset though the rest was: of that, what was known before stays. */
export interface UnseenParts {
  readonly parts: readonly UnseenPart[];
  /** Syncs in a row that left something unseen for passing trouble; 0: it is refused, and asking soon is no use. */
  readonly tries: number;
  /** Events are known up to then, on the host's clock; null: they have never been read to their end. */
  readonly eventsSeenToMs: number | null;
}

export interface UnseenPart {
  /** In words: `reviews`, `checks`, `commits` … */
  readonly part: string;
  readonly error: ErrorRecord;
}

/** A commit and the branches that it is the tip of, as a webhook names them. */
export interface ChangesetHead {
  readonly host: string;
  /** Where it was told of: the changesets' own repository, or one that their branch is in. */
  readonly repository: string;
  readonly commit: string;
  /** `repository`: the one that the branch is in; undefined where that was not said, and it may be a fork's. */
  readonly branches: readonly { readonly name: string; readonly repository: string | undefined }[];
}

/** So many changesets that one commit or branch heads are found. */
export const HEADED_AT_MOST = 100;

export interface StoredEvent {
  /** The host's id, unique within the changeset. */
  readonly id: string;
  readonly kind: string;
  readonly hostKind: string;
  readonly atMs: number;
  /** Place among events of the same time. */
  readonly order: number;
  readonly actor: string | null;
  readonly actorIsBot: boolean;
  readonly review: string | null;
  readonly commit: string | null;
  readonly checkName: string | null;
  readonly checkState: string | null;
  readonly subject: string | null;
}

export interface ChangesetFilter {
  readonly host?: string;
  readonly repository?: string;
  readonly states?: readonly StoredChangesetState[];
  readonly author?: string;
  /** Somewhere in title or URL, without regard to case (ASCII). */
  readonly text?: string;
  /** Whether the last try failed. */
  readonly failing?: boolean;
  readonly followed?: boolean;
  readonly followedBy?: string;
  readonly label?: string;
  /** Open, no draft, and nobody has reviewed it yet. */
  readonly waitingForReview?: boolean;
  /** Open or draft, and the host has seen no change of it since. */
  readonly idleSinceMs?: number;
}

/** Orders of a list: longest known, longest without a change, or longest open first. */
export const CHANGESET_ORDERS = ['id', 'idle', 'opened'] as const;
export type ChangesetOrder = (typeof CHANGESET_ORDERS)[number];

/** Where a changeset stands in a list: the time that the order goes by (0 where there is none), and its id. */
export interface ChangesetPlace {
  readonly value: number;
  readonly id: number;
}

/** The place of a changeset in a list of that order. Pure. */
export function changesetPlace(
  { id, createdAtMs, updatedAtMs }: Pick<StoredChangeset, 'id' | 'createdAtMs' | 'updatedAtMs'>,
  order: ChangesetOrder,
): ChangesetPlace {
  return { value: { id: 0, idle: updatedAtMs ?? 0, opened: createdAtMs ?? 0 }[order], id };
}

export interface Page {
  /** `id` unless given; those never synced come first in the others. */
  readonly order?: ChangesetOrder | undefined;
  /** From the other end. */
  readonly reverse?: boolean | undefined;
  /** Goes on behind this place of the same order, in the same direction. */
  readonly after?: ChangesetPlace | undefined;
  /** So many are left out first; its cost grows with them. */
  readonly offset?: number | undefined;
  readonly limit: number;
}

export interface ChangesetTotals {
  readonly host: string;
  readonly state: StoredChangesetState;
  readonly changesets: number;
  readonly followed: number;
  readonly failing: number;
  /** Syncs an hour that their rhythms ask for together. */
  readonly syncsPerHour: number;
}

export interface StoredChangesetSource {
  readonly name: string;
  readonly host: string;
  readonly listedAtMs: number | null;
  readonly etag: string | null;
  readonly changesets: number;
  readonly lastError: ErrorRecord | null;
}

export interface EventPage {
  /** Goes on behind this event. */
  readonly after?: Pick<StoredEvent, 'atMs' | 'order' | 'id'> | undefined;
  readonly limit: number;
}

export interface ChangesetStore {
  byKey(key: string): Promise<StoredChangeset | undefined>;
  /** Those of the keys that are known, by key. */
  byKeys(keys: readonly string[]): Promise<ReadonlyMap<string, StoredChangeset>>;
  byAddress(address: ChangesetAddress): Promise<StoredChangeset | undefined>;
  /** Those of the addresses that are known, in no certain order. */
  byAddresses(addresses: readonly ChangesetAddress[]): Promise<StoredChangeset[]>;
  /**
   * Followed ones of a host that a commit heads. Where there are none, those open ones that one of the branches heads:
   * their new head is not known yet. `HEADED_AT_MOST` of them.
   */
  byHead(head: ChangesetHead): Promise<StoredChangeset[]>;
  /** Those that fit. The cost of a page does not grow with what lies before its place. */
  list(filter: ChangesetFilter, page: Page): Promise<StoredChangeset[]>;
  /** Events in their order; all of them unless a page is given. */
  events(id: number, page?: EventPage): Promise<StoredEvent[]>;
  /** Figures by host and state; their cost does not grow with the number of changesets. */
  /** How many fit, on all pages. */
  count(filter: ChangesetFilter): Promise<number>;
  totals(): Promise<ChangesetTotals[]>;

  /**
   * Adds events; those already there are passed over. May be called for parts of what happened. @returns those that
   * were new
   */
  addEvents(id: number, events: readonly StoredEvent[]): Promise<StoredEvent[]>;
  /**
   * Makes the lives that are not known, some at once, until none is left or `signal` aborts: after an upgrade, and where
   * an older station has written. May be called by several at once.
   */
  makeLives(signal?: AbortSignal): Promise<void>;
  /** A sync that failed, and when. */
  recordFailure(id: number, error: ErrorRecord, nowMs: number): Promise<void>;

  sources(): Promise<StoredChangesetSource[]>;
  /** Makes sure of a source. */
  ensureSource(name: string, host: string): Promise<void>;
  /** Forgets a source; what it brought is not touched. */
  dropSource(name: string): Promise<void>;
  recordSourceFailure(name: string, error: ErrorRecord): Promise<void>;

  readonly webhooks: WebhookStore;
  readonly budgets: BudgetStore;
}

export interface SourceListing {
  readonly listedAtMs: number;
  readonly etag: string | undefined;
  readonly changesets: number;
}

export interface WebhookTotals {
  readonly host: string;
  readonly repository: string;
  readonly received: number;
  readonly lastAtMs: number | null;
  /** Changes that polls saw and no webhook had announced. */
  readonly missed: number;
  /** Of those, how many since the last webhook. */
  readonly missedSince: number;
}

export interface WebhookStore {
  /**
   * Whether a webhook of that id was received (`recordWebhook`); ids of the last `REMEMBERED_DELIVERIES` are
   * remembered.
   */
  isKnown(host: string, deliveryId: string): Promise<boolean>;
  /** Counts a change that a poll saw and no webhook had announced. */
  countMissed(host: string, repository: string): Promise<void>;
  /** By repository, most missed first. */
  totals(limit: number): Promise<WebhookTotals[]>;
}

export interface ReceivedWebhook {
  readonly host: string;
  /** Undefined: it did nothing, and is counted without being remembered. */
  readonly deliveryId: string | undefined;
  readonly event: string;
  readonly repository: string | undefined;
  readonly receivedAtMs: number;
}

/** So many ids of deliveries are remembered: some days of a busy host. */
export const REMEMBERED_DELIVERIES = 100_000;

/** One credential's budget of one resource with one host, as it is reckoned with, shown and stored. */
export interface StoredBudget {
  readonly host: string;
  /** Its identity, which holds no secret. */
  readonly credential: string;
  /** REST calls, GraphQL points. */
  readonly resource: string;
  /** Calls or points a window, as the host says; undefined: it does not. */
  readonly limit: number | undefined;
  /** What was left of them by the latest answer, less what is on its way. */
  readonly remaining: number | undefined;
  readonly resetAtMs: number | undefined;
  /** No call before: Retry-After, a secondary limit. */
  readonly pausedUntilMs: number | undefined;
  /** The host does not accept the credential; it is tried again then. Undefined: it does. */
  readonly refusedUntilMs: number | undefined;
  /** Length of the host's window: a minute, an hour or a day, as far as resets have shown. */
  readonly windowMs: number | undefined;
  /** Minutes since the epoch and what was spent in each, oldest first, for the last hour. */
  readonly spent: readonly MinuteCount[];
}

/** A minute since the epoch, and how much of something was in it. */
export type MinuteCount = readonly [minute: number, count: number];

/** What the forecast of a host's calls has learned. */
export interface StoredForecast {
  readonly host: string;
  /** What its intervals are multiplied by. */
  readonly stretch: number;
  /** Calls or points a sync, by resource. */
  readonly costs: Readonly<Record<string, number>>;
  /** Syncs of the last hour. */
  readonly syncs: readonly MinuteCount[];
}

export interface BudgetStore {
  list(): Promise<StoredBudget[]>;
  /** Stores all that there is of the hosts that are named: what is not among it any more is forgotten. */
  save(budgets: readonly StoredBudget[]): Promise<void>;
  forecasts(): Promise<StoredForecast[]>;
  /** Stores the forecasts of these hosts; others stay as they are. */
  saveForecasts(forecasts: readonly StoredForecast[]): Promise<void>;
}

/** Syncs in a million hours, as a whole number, so that sums of them stay exact; 0 for none. */
export function loadOf(intervalMs: number | null): number {
  return intervalMs === null || intervalMs <= 0 ? 0 : Math.round(3.6e12 / intervalMs);
}
