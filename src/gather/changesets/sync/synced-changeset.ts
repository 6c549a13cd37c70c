import type { StoredChangeset, StoredEvent, SyncedChangeset } from '../../../keep/store/changesets.ts';
import type { Changeset, ChangesetEvent } from '../../forges/changeset.ts';

/** From what a forge tells to what is kept, and what follows from it about times. Pure. */

export function storedEvent(event: ChangesetEvent): StoredEvent {
  return {
    id: event.id,
    kind: event.kind,
    hostKind: event.hostKind,
    atMs: event.atMs,
    order: event.order,
    actor: event.actor?.login ?? null,
    actorIsBot: event.actor?.isBot ?? false,
    review: event.review ?? null,
    commit: event.commit ?? null,
    checkName: event.check?.name ?? null,
    checkState: event.check?.state ?? null,
    subject: event.subject ?? null,
  };
}

export function syncedFrom(found: Changeset, syncedAtMs: number, lastChangeAtMs: number): SyncedChangeset {
  return {
    repository: found.ref.repository,
    url: found.url,
    hostId: found.hostId,
    state: found.state,
    title: found.title,
    author: found.author?.login,
    authorIsBot: found.author?.isBot ?? false,
    headBranch: found.head.branch,
    headCommit: found.head.commit,
    headRepository: found.head.repository,
    baseBranch: found.base.branch,
    baseCommit: found.base.commit,
    createdAtMs: found.createdAtMs,
    updatedAtMs: found.updatedAtMs,
    mergedAtMs: found.mergedAtMs,
    closedAtMs: found.closedAtMs ?? found.mergedAtMs,
    additions: found.additions,
    deletions: found.deletions,
    changedFiles: found.changedFiles,
    labels: found.labels,
    reviewState: found.reviewState,
    checkState: found.checkState,
    mergeable: found.mergeable,
    syncedAtMs,
    lastChangeAtMs,
  };
}

/**
 * When it last changed, on this machine's clock. A host whose clock is ahead may tell a time that is still to
 * come: it counts as the moment at which it was first seen, so that it does not keep the changeset at the
 * fastest rhythm until that time has come.
 */
export function changeTimeMs(
  known: Pick<StoredChangeset, 'updatedAtMs' | 'lastChangeAtMs'>,
  updatedAtMs: number,
  skewMs: number,
  nowMs: number,
): number {
  if (known.updatedAtMs === updatedAtMs && known.lastChangeAtMs !== null) return known.lastChangeAtMs;
  return Math.min(updatedAtMs - skewMs, nowMs);
}

/** A webhook may take this long to arrive, and its clock differ a little. */
const WEBHOOK_GRACE_MS = 2 * 60_000;

/** S9: a poll has found a change that happened a while ago and that no webhook told of. */
export function isUnannounced(
  known: Pick<StoredChangeset, 'lastSyncAtMs' | 'lastChangeAtMs' | 'latestEventAtMs'>,
  lastChangeAtMs: number,
  nowMs: number,
): boolean {
  if (known.lastSyncAtMs === null || known.lastChangeAtMs === null) return false;
  if (lastChangeAtMs <= known.lastChangeAtMs) return false;
  if (lastChangeAtMs > nowMs - WEBHOOK_GRACE_MS) return false;
  return (known.latestEventAtMs ?? 0) < lastChangeAtMs - WEBHOOK_GRACE_MS;
}
