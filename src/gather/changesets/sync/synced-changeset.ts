import type {
  StoredChangeset,
  StoredEvent,
  SyncedChangeset,
  UnseenParts,
} from '../../../keep/store/changesets.ts';
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
 * What the host has not said, or what could not be read, stays as it was known.
 * @param known as it was before
 * @param syncedAtMs when the sync began, on this machine's clock
 * @param lastChangeAtMs see `changeTimeMs`
 * @param unseen what could not be read of it
 */
export function syncedChangeset(
  answer: Changeset,
  known: StoredChangeset,
  syncedAtMs: number,
  lastChangeAtMs: number,
  unseen: UnseenParts | null,
): SyncedChangeset {
  const headCommit = answer.head.commit ?? known.headCommit ?? undefined;
  // Checks are of one commit: those of another say nothing.
  const knownChecks = headCommit === known.headCommit ? (known.checkState ?? undefined) : undefined;
  return {
    repository: answer.ref.repository,
    url: answer.url,
    hostId: answer.hostId ?? known.hostId ?? undefined,
    state: answer.state,
    title: answer.title ?? known.title,
    author: answer.author?.login,
    authorIsBot: answer.author?.isBot ?? false,
    headBranch: answer.head.branch ?? known.headBranch ?? undefined,
    headCommit,
    headRepository: answer.head.repository,
    baseBranch: answer.base.branch ?? known.baseBranch ?? undefined,
    baseCommit: answer.base.commit ?? known.baseCommit ?? undefined,
    createdAtMs: answer.createdAtMs ?? known.createdAtMs ?? undefined,
    updatedAtMs: updatedAtMs(answer, known) ?? undefined,
    mergedAtMs: answer.mergedAtMs,
    closedAtMs: answer.closedAtMs ?? answer.mergedAtMs,
    additions: answer.additions ?? known.additions ?? undefined,
    deletions: answer.deletions ?? known.deletions ?? undefined,
    changedFiles: answer.changedFiles ?? known.changedFiles ?? undefined,
    labels: answer.labels ?? known.labels,
    reviewState: answer.reviewState ?? known.reviewState,
    checkState: answer.checkState ?? knownChecks,
    mergeable: answer.mergeable,
    syncedAtMs,
    lastChangeAtMs,
    unseen,
  };
}

/** When it last changed, on the host's clock, as far as that is known. */
export function updatedAtMs(
  answer: Pick<Changeset, 'updatedAtMs' | 'createdAtMs'>,
  known: Pick<StoredChangeset, 'updatedAtMs'>,
): number | null {
  return answer.updatedAtMs ?? known.updatedAtMs ?? answer.createdAtMs ?? null;
}
