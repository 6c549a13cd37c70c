import type { ChangesetToFollow, ReceivedWebhook, SourceListing, SyncedChangeset } from './changesets.ts';
import type { RepositoryChange } from './repositories.ts';
import type { EndOfRun } from './runs.ts';

/**
 * A change of the store as data: described where it is decided, and made by the store on its own (`Store.apply`), or
 * in one transaction with a change of the schedule (`WorkQueue.putAll`, `WorkQueue.complete`): both happen or neither
 * does. Each names rows by their id or address and says what they become, so that it never fails for what is wrong
 * with itself, and may be made more than once: rows that are gone are passed over.
 */
export type StoreChange =
  | {
      readonly kind: 'follow-changesets';
      readonly changesets: readonly ChangesetToFollow[];
      readonly source: string;
      readonly nowMs: number;
    }
  | { readonly kind: 'unfollow-changesets'; readonly ids: readonly number[] }
  | {
      readonly kind: 'record-sync';
      readonly id: number;
      readonly changeset: SyncedChangeset;
      readonly load: number;
    }
  | { readonly kind: 'record-vanished'; readonly id: number; readonly nowMs: number; readonly load: number }
  | {
      readonly kind: 'announce-event';
      readonly ids: readonly number[];
      readonly latestEventAtMs: number;
    }
  | { readonly kind: 'set-load'; readonly id: number; readonly load: number }
  | { readonly kind: 'record-listing'; readonly source: string; readonly listing: SourceListing }
  | { readonly kind: 'record-webhook'; readonly webhook: ReceivedWebhook }
  | { readonly kind: 'change-repository'; readonly id: number; readonly change: RepositoryChange }
  | { readonly kind: 'end-run'; readonly id: number; readonly end: EndOfRun; readonly nowMs: number };

/**
 * Has changesets followed, on `source`'s account where they are new or on nobody's; `hand` takes them over from any
 * other. Known ones keep what is known.
 */
export function followChangesets(
  changesets: readonly ChangesetToFollow[],
  source: string,
  nowMs: number,
): StoreChange {
  return { kind: 'follow-changesets', changesets, source, nowMs };
}

/** Has changesets followed no longer; their rows stay. */
export function unfollowChangesets(ids: readonly number[]): StoreChange {
  return { kind: 'unfollow-changesets', ids };
}

/**
 * A sync that succeeded: all that it saw, less events (`ChangesetStore.addEvents`), and the failure before it cleared.
 * @param load how often it is synced from now on, see `loadOf`
 */
export function recordSync(id: number, changeset: SyncedChangeset, load: number): StoreChange {
  return { kind: 'record-sync', id, changeset, load };
}

/** A changeset is gone: marked deleted, since the first time that was seen; all that was known stays. */
export function recordVanished(id: number, nowMs: number, load: number): StoreChange {
  return { kind: 'record-vanished', id, nowMs, load };
}

/** The latest event that a webhook, a listing or a sync told of; an earlier time than the one known changes nothing. */
export function announceEvent(ids: readonly number[], latestEventAtMs: number): StoreChange {
  return { kind: 'announce-event', ids, latestEventAtMs };
}

/** How often a changeset is synced from now on. */
export function setLoad(id: number, load: number): StoreChange {
  return { kind: 'set-load', id, load };
}

/** A listing of a source that succeeded, and the failure before it cleared. */
export function recordListing(source: string, listing: SourceListing): StoreChange {
  return { kind: 'record-listing', source, listing };
}

/**
 * A webhook was received: its id is remembered, beside the last `REMEMBERED_DELIVERIES` of them, and that webhooks
 * arrive for its repository. One whose id is remembered already changes nothing.
 */
export function recordWebhook(webhook: ReceivedWebhook): StoreChange {
  return { kind: 'record-webhook', webhook };
}

/** What a sync has found out of a repository: the fields given and no others. */
export function changeRepository(id: number, change: RepositoryChange): StoreChange {
  return { kind: 'change-repository', id, change };
}

/**
 * Ends a run. One that is done, or has failed, ends with it those that were asked for before it began, which it has
 * answered. One that was interrupted waits again, under its own number.
 */
export function endRun(id: number, end: EndOfRun, nowMs: number): StoreChange {
  return { kind: 'end-run', id, end, nowMs };
}

/** Ids of the changesets whose rows changes are about: their lives may be others afterwards. */
export function syncedBy(changes: readonly StoreChange[]): number[] {
  return changes.flatMap(change =>
    change.kind === 'record-sync' || change.kind === 'record-vanished' ? [change.id] : [],
  );
}
