import type { StoredEvent, SyncedChangeset } from '../../../keep/store/changesets.ts';
import type { Changeset, ChangesetEvent } from '../../forges/changeset.ts';

/** From what a forge answers to what the store keeps. Pure. */

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

/**
 * @param syncedAtMs when the sync began, on this machine's clock
 * @param lastChangeAtMs see `changeTimeMs`
 */
export function syncedChangeset(
  changeset: Changeset,
  syncedAtMs: number,
  lastChangeAtMs: number,
): SyncedChangeset {
  return {
    repository: changeset.ref.repository,
    url: changeset.url,
    hostId: changeset.hostId,
    state: changeset.state,
    title: changeset.title,
    author: changeset.author?.login,
    authorIsBot: changeset.author?.isBot ?? false,
    headBranch: changeset.head.branch,
    headCommit: changeset.head.commit,
    headRepository: changeset.head.repository,
    baseBranch: changeset.base.branch,
    baseCommit: changeset.base.commit,
    createdAtMs: changeset.createdAtMs,
    updatedAtMs: changeset.updatedAtMs,
    mergedAtMs: changeset.mergedAtMs,
    closedAtMs: changeset.closedAtMs ?? changeset.mergedAtMs,
    additions: changeset.additions,
    deletions: changeset.deletions,
    changedFiles: changeset.changedFiles,
    labels: changeset.labels,
    reviewState: changeset.reviewState,
    checkState: changeset.checkState,
    mergeable: changeset.mergeable,
    syncedAtMs,
    lastChangeAtMs,
  };
}
