import type { ErrorRecord } from '../../../base/errors.ts';
import type {
  ChangesetTotals,
  MinuteCount,
  StoredBudget,
  StoredChangeset,
  StoredChangesetSource,
  StoredChangesetState,
  StoredCheckState,
  StoredEvent,
  StoredForecast,
  StoredReviewState,
  UnseenParts,
  WebhookTotals,
} from '../changesets.ts';
import {
  readInteger,
  readIntegerOrNull,
  readReal,
  readText,
  readTextOrNull,
  type SqlRow,
} from './columns.ts';

export function errorOf(row: SqlRow): ErrorRecord | null {
  const json = readTextOrNull(row, 'last_error');
  return json === null ? null : (JSON.parse(json) as ErrorRecord);
}

function unseenOf(row: SqlRow): UnseenParts | null {
  const json = readTextOrNull(row, 'unseen');
  return json === null ? null : (JSON.parse(json) as UnseenParts);
}

export function toChangeset(row: SqlRow): StoredChangeset {
  const mergeable = readIntegerOrNull(row, 'mergeable');
  return {
    id: readInteger(row, 'id'),
    host: readText(row, 'host'),
    repository: readText(row, 'repository'),
    number: readInteger(row, 'number'),
    key: readText(row, 'target_key'),
    url: readText(row, 'url'),
    hostId: readTextOrNull(row, 'host_id'),
    followed: readInteger(row, 'followed') === 1,
    followedBy: readText(row, 'followed_by'),
    state: readText(row, 'state') as StoredChangesetState,
    title: readText(row, 'title'),
    author: readTextOrNull(row, 'author'),
    headBranch: readTextOrNull(row, 'head_branch'),
    headCommit: readTextOrNull(row, 'head_commit'),
    headRepository: readTextOrNull(row, 'head_repository'),
    baseBranch: readTextOrNull(row, 'base_branch'),
    baseCommit: readTextOrNull(row, 'base_commit'),
    createdAtMs: readIntegerOrNull(row, 'created_at_ms'),
    updatedAtMs: readIntegerOrNull(row, 'updated_at_ms'),
    mergedAtMs: readIntegerOrNull(row, 'merged_at_ms'),
    closedAtMs: readIntegerOrNull(row, 'closed_at_ms'),
    additions: readIntegerOrNull(row, 'additions'),
    deletions: readIntegerOrNull(row, 'deletions'),
    changedFiles: readIntegerOrNull(row, 'changed_files'),
    labels: JSON.parse(readText(row, 'labels')) as string[],
    reviewState: readText(row, 'review_state') as StoredReviewState,
    checkState: readTextOrNull(row, 'check_state') as StoredCheckState | null,
    mergeable: mergeable === null ? null : mergeable === 1,
    firstSeenAtMs: readInteger(row, 'first_seen_at_ms'),
    lastSyncAtMs: readIntegerOrNull(row, 'last_sync_at_ms'),
    lastChangeAtMs: readIntegerOrNull(row, 'last_change_at_ms'),
    latestEventAtMs: readIntegerOrNull(row, 'latest_event_at_ms'),
    vanishedAtMs: readIntegerOrNull(row, 'vanished_at_ms'),
    lastError: errorOf(row),
    lastFailureAtMs: readIntegerOrNull(row, 'last_failure_at_ms'),
    unseen: unseenOf(row),
  };
}

export function toEvent(row: SqlRow): StoredEvent {
  return {
    id: readText(row, 'host_id'),
    kind: readText(row, 'kind'),
    hostKind: readText(row, 'host_kind'),
    atMs: readInteger(row, 'at_ms'),
    order: readInteger(row, 'place'),
    actor: readTextOrNull(row, 'actor'),
    actorIsBot: readInteger(row, 'actor_is_bot') === 1,
    review: readTextOrNull(row, 'review'),
    commit: readTextOrNull(row, 'commit_hash'),
    checkName: readTextOrNull(row, 'check_name'),
    checkState: readTextOrNull(row, 'check_state'),
    subject: readTextOrNull(row, 'subject'),
  };
}

export function toTotals(row: SqlRow): ChangesetTotals {
  return {
    host: readText(row, 'host'),
    state: readText(row, 'state') as StoredChangesetState,
    changesets: readInteger(row, 'changesets'),
    followed: readInteger(row, 'followed'),
    failing: readInteger(row, 'failing'),
    syncsPerHour: readInteger(row, 'load') / 1e6,
  };
}

export function toSource(row: SqlRow): StoredChangesetSource {
  return {
    name: readText(row, 'name'),
    host: readText(row, 'host'),
    listedAtMs: readIntegerOrNull(row, 'listed_at_ms'),
    etag: readTextOrNull(row, 'etag'),
    changesets: readInteger(row, 'found'),
    lastError: errorOf(row),
  };
}

export function toWebhookTotals(row: SqlRow): WebhookTotals {
  return {
    host: readText(row, 'host'),
    repository: readText(row, 'repository'),
    received: readInteger(row, 'received'),
    lastAtMs: readIntegerOrNull(row, 'last_at_ms'),
    missed: readInteger(row, 'missed'),
    missedSince: readInteger(row, 'missed_since'),
  };
}

export function toBudget(row: SqlRow): StoredBudget {
  return {
    host: readText(row, 'host'),
    credential: readText(row, 'credential'),
    resource: readText(row, 'resource'),
    limit: readIntegerOrNull(row, 'max_calls') ?? undefined,
    remaining: readIntegerOrNull(row, 'remaining') ?? undefined,
    resetAtMs: readIntegerOrNull(row, 'reset_at_ms') ?? undefined,
    pausedUntilMs: readIntegerOrNull(row, 'paused_until_ms') ?? undefined,
    refusedUntilMs: readIntegerOrNull(row, 'refused_until_ms') ?? undefined,
    windowMs: readIntegerOrNull(row, 'window_ms') ?? undefined,
    spent: JSON.parse(readText(row, 'spent')) as MinuteCount[],
  };
}

export function toForecast(row: SqlRow): StoredForecast {
  return {
    host: readText(row, 'host'),
    stretch: readReal(row, 'stretch'),
    costs: JSON.parse(readText(row, 'costs')) as Record<string, number>,
    syncs: JSON.parse(readText(row, 'syncs')) as MinuteCount[],
  };
}
