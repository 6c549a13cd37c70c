import { SluiceError } from '../../../base/errors.ts';
import { portableJson } from '../../../base/text.ts';
import { type StoreChange, syncedBy } from '../../store/change.ts';
import {
  type ChangesetToFollow,
  REMEMBERED_DELIVERIES,
  type ReceivedWebhook,
  type SyncedChangeset,
} from '../../store/changesets.ts';
import type { SqlExecutor } from '../executor.ts';
import { makeLivesOf } from './changesets/lives.ts';
import { updateRepository } from './repositories.ts';
import { finishRun } from './runs.ts';

const FOLLOW = `
  INSERT INTO changesets AS known (host, repository, number, target_key, url, title, author, followed_by, first_seen_at_ms)
  SELECT DISTINCT ON (host, lower(repository), number) *, $8, $9
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[])
      AS given (host, repository, number, target_key, url, title, author)
   ORDER BY host, lower(repository), number
  ON CONFLICT (host, lower(repository), number) DO UPDATE SET
    followed_by = CASE WHEN known.followed = 1 AND excluded.followed_by <> 'hand' THEN known.followed_by
                       ELSE excluded.followed_by END,
    followed = 1`;
const UNFOLLOW = 'UPDATE changesets SET followed = 0, load = 0 WHERE id = ANY($1::bigint[])';
const RECORD_SYNC = `
  UPDATE changesets SET url = $2, host_id = $3, state = $4, title = $5, author = $6, author_is_bot = $7,
    head_branch = $8, head_commit = $9, head_repository = $10, base_branch = $11, base_commit = $12,
    created_at_ms = $13, updated_at_ms = $14, merged_at_ms = $15, closed_at_ms = $16,
    additions = $17, deletions = $18, changed_files = $19, labels = $20, review_state = $21, check_state = $22,
    mergeable = $23, last_sync_at_ms = $24::bigint, last_change_at_ms = $25, unseen = $26, load = $27, vanished_at_ms = NULL,
    last_error = NULL, last_failure_at_ms = NULL,
    -- An event of a day after the sync was told while this machine's clock was ahead.
    latest_event_at_ms = CASE WHEN latest_event_at_ms > $24::bigint + 86400000 THEN NULL ELSE latest_event_at_ms END
   WHERE id = $1`;
/** A repository that was renamed: the row moves along, unless another row stands there already. */
const MOVE = `
  UPDATE changesets AS moved SET repository = $2 WHERE id = $1 AND lower(repository) <> lower($2 COLLATE "C")
    AND NOT EXISTS (SELECT FROM changesets AS other WHERE other.host = moved.host
      AND lower(other.repository) = lower($2 COLLATE "C") AND other.number = moved.number)`;
const RECORD_VANISHED = `
  UPDATE changesets SET state = 'deleted', vanished_at_ms = coalesce(vanished_at_ms, $2),
    last_sync_at_ms = $2, load = $3, last_error = NULL, last_failure_at_ms = NULL WHERE id = $1`;
const ANNOUNCE_EVENT = `
  UPDATE changesets SET latest_event_at_ms = $2
   WHERE coalesce(latest_event_at_ms, 0) < $2 AND id = ANY($1::bigint[])`;
const SET_LOAD = 'UPDATE changesets SET load = $2 WHERE id = $1';
const RECORD_LISTING = `
  UPDATE changeset_sources SET listed_at_ms = $1, etag = $2, found = $3, last_error = NULL WHERE name = $4`;
const REMEMBER_DELIVERY = `
  INSERT INTO webhook_deliveries (host, delivery_id, event, received_at_ms) VALUES ($1, $2, $3, $4)
  ON CONFLICT DO NOTHING RETURNING id`;
const FORGET_DELIVERIES = 'DELETE FROM webhook_deliveries WHERE id <= $1';
const COUNT_RECEIVED = `
  INSERT INTO webhook_repositories AS known (host, repository, received, last_at_ms) VALUES ($1, $2, 1, $3)
  ON CONFLICT (host, lower(repository)) DO UPDATE
    SET received = known.received + 1, last_at_ms = excluded.last_at_ms, missed_since = 0`;

/**
 * Makes changes of the store, in their order, within the caller's transaction, which may be the one in which the
 * schedule changes. Throws `internal` for a kind that it does not know.
 */
export async function applyChanges(transaction: SqlExecutor, changes: readonly StoreChange[]): Promise<void> {
  for (const change of changes) await applyChange(transaction, change);
  const synced = syncedBy(changes);
  if (synced.length > 0) await makeLivesOf(transaction, synced);
}

async function applyChange(transaction: SqlExecutor, change: StoreChange): Promise<void> {
  switch (change.kind) {
    case 'follow-changesets':
      await follow(transaction, change.changesets, change.source, change.nowMs);
      break;
    case 'unfollow-changesets':
      await transaction.execute(UNFOLLOW, [change.ids]);
      break;
    case 'record-sync':
      await saveSync(transaction, change.id, change.changeset, change.load);
      break;
    case 'record-vanished':
      await transaction.execute(RECORD_VANISHED, [change.id, change.nowMs, change.load]);
      break;
    case 'announce-event':
      await transaction.execute(ANNOUNCE_EVENT, [change.ids, change.latestEventAtMs]);
      break;
    case 'set-load':
      await transaction.execute(SET_LOAD, [change.id, change.load]);
      break;
    case 'record-listing': {
      const { listedAtMs, etag, changesets } = change.listing;
      await transaction.execute(RECORD_LISTING, [listedAtMs, etag ?? null, changesets, change.source]);
      break;
    }
    case 'record-webhook':
      await rememberWebhook(transaction, change.webhook);
      break;
    case 'change-repository':
      await updateRepository(transaction, change.id, change.change);
      break;
    case 'end-run':
      await finishRun(transaction, change.id, change.end, change.nowMs);
      break;
    default:
      throw new SluiceError(
        'internal',
        `the store knows no such change: ${JSON.stringify(change satisfies never)}`,
      );
  }
}

async function follow(
  transaction: SqlExecutor,
  changesets: readonly ChangesetToFollow[],
  source: string,
  nowMs: number,
): Promise<void> {
  if (changesets.length === 0) return;
  await transaction.execute(FOLLOW, [
    changesets.map(({ host }) => host),
    changesets.map(({ repository }) => repository),
    changesets.map(({ number }) => number),
    changesets.map(({ key }) => key),
    changesets.map(({ url }) => url),
    changesets.map(({ title = '' }) => title),
    changesets.map(({ author = null }) => author),
    source,
    nowMs,
  ]);
}

async function saveSync(
  transaction: SqlExecutor,
  id: number,
  changeset: SyncedChangeset,
  load: number,
): Promise<void> {
  const { mergeable, repository } = changeset;
  await transaction.execute(RECORD_SYNC, [
    id,
    changeset.url,
    changeset.hostId ?? null,
    changeset.state,
    changeset.title,
    changeset.author ?? null,
    Number(changeset.authorIsBot),
    changeset.headBranch ?? null,
    changeset.headCommit ?? null,
    changeset.headRepository ?? null,
    changeset.baseBranch ?? null,
    changeset.baseCommit ?? null,
    changeset.createdAtMs ?? null,
    changeset.updatedAtMs ?? null,
    changeset.mergedAtMs ?? null,
    changeset.closedAtMs ?? null,
    changeset.additions ?? null,
    changeset.deletions ?? null,
    changeset.changedFiles ?? null,
    portableJson(changeset.labels),
    changeset.reviewState,
    changeset.checkState ?? null,
    mergeable === undefined ? null : Number(mergeable),
    changeset.syncedAtMs,
    changeset.lastChangeAtMs,
    changeset.unseen === null ? null : portableJson(changeset.unseen),
    load,
  ]);
  await transaction.execute(MOVE, [id, repository]);
}

async function rememberWebhook(transaction: SqlExecutor, webhook: ReceivedWebhook): Promise<void> {
  const { host, deliveryId, event, repository, receivedAtMs } = webhook;
  if (deliveryId !== undefined) {
    const row = await transaction.first(REMEMBER_DELIVERY, [host, deliveryId, event, receivedAtMs]);
    if (!row) return;
    await transaction.execute(FORGET_DELIVERIES, [Number(row.id) - REMEMBERED_DELIVERIES]);
  }
  if (repository !== undefined) await transaction.execute(COUNT_RECEIVED, [host, repository, receivedAtMs]);
}
