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
  answer: Changeset,
  syncedAtMs: number,
  lastChangeAtMs: number,
): SyncedChangeset {
  return {
    repository: answer.ref.repository,
    url: answer.url,
    hostId: answer.hostId,
    state: answer.state,
    title: answer.title,
    author: answer.author?.login,
    authorIsBot: answer.author?.isBot ?? false,
    headBranch: answer.head.branch,
    headCommit: answer.head.commit,
    headRepository: answer.head.repository,
    baseBranch: answer.base.branch,
    baseCommit: answer.base.commit,
    createdAtMs: answer.createdAtMs,
    updatedAtMs: answer.updatedAtMs,
    mergedAtMs: answer.mergedAtMs,
    closedAtMs: answer.closedAtMs ?? answer.mergedAtMs,
    additions: answer.additions,
    deletions: answer.deletions,
    changedFiles: answer.changedFiles,
    labels: answer.labels,
    reviewState: answer.reviewState,
    checkState: answer.checkState,
    mergeable: answer.mergeable,
    syncedAtMs,
    lastChangeAtMs,
  };
}
