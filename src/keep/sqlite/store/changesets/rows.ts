import type { ErrorRecord } from '../../../../base/errors.ts';
import type {
  ChangesetTotals,
  StoredChangeset,
  StoredChangesetSource,
  StoredChangesetState,
  StoredCheckState,
  StoredEvent,
  StoredReviewState,
  WebhookTotals,
} from '../../../store/changesets.ts';
import { integer, integerOrNull, type SqlRow, text, textOrNull } from '../../rows.ts';

export function errorOf(row: SqlRow): ErrorRecord | null {
  const json = textOrNull(row, 'last_error');
  return json === null ? null : (JSON.parse(json) as ErrorRecord);
}

export function toChangeset(row: SqlRow): StoredChangeset {
  const mergeable = integerOrNull(row, 'mergeable');
  return {
    id: integer(row, 'id'),
    host: text(row, 'host'),
    repository: text(row, 'repository'),
    number: integer(row, 'number'),
    key: text(row, 'target_key'),
    url: text(row, 'url'),
    hostId: textOrNull(row, 'host_id'),
    followed: integer(row, 'followed') === 1,
    followedBy: text(row, 'followed_by'),
    state: text(row, 'state') as StoredChangesetState,
    title: text(row, 'title'),
    author: textOrNull(row, 'author'),
    headBranch: textOrNull(row, 'head_branch'),
    headCommit: textOrNull(row, 'head_commit'),
    headRepository: textOrNull(row, 'head_repository'),
    baseBranch: textOrNull(row, 'base_branch'),
    baseCommit: textOrNull(row, 'base_commit'),
    createdAtMs: integerOrNull(row, 'created_at_ms'),
    updatedAtMs: integerOrNull(row, 'updated_at_ms'),
    mergedAtMs: integerOrNull(row, 'merged_at_ms'),
    closedAtMs: integerOrNull(row, 'closed_at_ms'),
    additions: integerOrNull(row, 'additions'),
    deletions: integerOrNull(row, 'deletions'),
    changedFiles: integerOrNull(row, 'changed_files'),
    labels: JSON.parse(text(row, 'labels')) as string[],
    reviewState: text(row, 'review_state') as StoredReviewState,
    checkState: textOrNull(row, 'check_state') as StoredCheckState | null,
    mergeable: mergeable === null ? null : mergeable === 1,
    firstSeenAtMs: integer(row, 'first_seen_at_ms'),
    lastSyncAtMs: integerOrNull(row, 'last_sync_at_ms'),
    lastChangeAtMs: integerOrNull(row, 'last_change_at_ms'),
    latestEventAtMs: integerOrNull(row, 'latest_event_at_ms'),
    vanishedAtMs: integerOrNull(row, 'vanished_at_ms'),
    lastError: errorOf(row),
  };
}

export function toEvent(row: SqlRow): StoredEvent {
  return {
    id: text(row, 'host_id'),
    kind: text(row, 'kind'),
    hostKind: text(row, 'host_kind'),
    atMs: integer(row, 'at_ms'),
    order: integer(row, 'place'),
    actor: textOrNull(row, 'actor'),
    actorIsBot: integer(row, 'actor_is_bot') === 1,
    review: textOrNull(row, 'review'),
    commit: textOrNull(row, 'commit_hash'),
    checkName: textOrNull(row, 'check_name'),
    checkState: textOrNull(row, 'check_state'),
    subject: textOrNull(row, 'subject'),
  };
}

export function toTotals(row: SqlRow): ChangesetTotals {
  return {
    host: text(row, 'host'),
    state: text(row, 'state') as StoredChangesetState,
    changesets: integer(row, 'changesets'),
    followed: integer(row, 'followed'),
    failing: integer(row, 'failing'),
    syncsPerHour: integer(row, 'load') / 1e6,
  };
}

export function toSource(row: SqlRow): StoredChangesetSource {
  return {
    name: text(row, 'name'),
    host: text(row, 'host'),
    listedAtMs: integerOrNull(row, 'listed_at_ms'),
    etag: textOrNull(row, 'etag'),
    changesets: integer(row, 'found'),
    lastError: errorOf(row),
  };
}

export function toWebhookTotals(row: SqlRow): WebhookTotals {
  return {
    host: text(row, 'host'),
    repository: text(row, 'repository'),
    received: integer(row, 'received'),
    lastAtMs: integerOrNull(row, 'last_at_ms'),
    missed: integer(row, 'missed'),
    missedSince: integer(row, 'missed_since'),
  };
}
