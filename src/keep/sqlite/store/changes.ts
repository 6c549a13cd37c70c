import { SluiceError } from '../../../base/errors.ts';
import { type StoreChange, syncedBy } from '../../store/change.ts';
import {
  type ChangesetToFollow,
  REMEMBERED_DELIVERIES,
  type ReceivedWebhook,
  type SyncedChangeset,
} from '../../store/changesets.ts';
import type { Database } from '../database.ts';
import type { SqlValue } from '../values.ts';
import { makeLivesOf } from './changesets/lives.ts';
import { updateRepository } from './repositories.ts';
import { finishRun } from './runs.ts';

const FOLLOW = `
  INSERT INTO changesets (host, repository, number, target_key, url, title, author, followed_by, first_seen_at_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (host, repository, number) DO UPDATE SET
    followed_by = CASE WHEN followed = 1 AND excluded.followed_by <> 'hand' THEN followed_by ELSE excluded.followed_by END,
    followed = 1`;
const UNFOLLOW = 'UPDATE changesets SET followed = 0, load = 0 WHERE id = ?';
const RECORD_SYNC = `
  UPDATE changesets SET url = ?, host_id = ?, state = ?, title = ?, author = ?, author_is_bot = ?,
    head_branch = ?, head_commit = ?, head_repository = ?, base_branch = ?, base_commit = ?,
    created_at_ms = ?, updated_at_ms = ?, merged_at_ms = ?, closed_at_ms = ?,
    additions = ?, deletions = ?, changed_files = ?, labels = ?, review_state = ?, check_state = ?, mergeable = ?,
    last_sync_at_ms = ?, last_change_at_ms = ?, unseen = ?, load = ?, vanished_at_ms = NULL, last_error = NULL,
    last_failure_at_ms = NULL WHERE id = ?`;
/** An event of a day after the sync was told while this machine's clock was ahead. */
const FORGET_WRONG_EVENT = `
  UPDATE changesets SET latest_event_at_ms = NULL WHERE id = ? AND latest_event_at_ms > last_sync_at_ms + 86400000`;
/** A repository that was renamed: the row moves along, unless another row stands there already. */
const MOVE = 'UPDATE OR IGNORE changesets SET repository = ?1 WHERE id = ?2 AND repository <> ?1';
const RECORD_VANISHED = `
  UPDATE changesets SET state = 'deleted', vanished_at_ms = coalesce(vanished_at_ms, ?),
    last_sync_at_ms = ?, load = ?, last_error = NULL, last_failure_at_ms = NULL WHERE id = ?`;
const ANNOUNCE_EVENT = `
  UPDATE changesets SET latest_event_at_ms = ?1 WHERE coalesce(latest_event_at_ms, 0) < ?1 AND id = ?2`;
const SET_LOAD = 'UPDATE changesets SET load = ? WHERE id = ?';
const RECORD_LISTING = `
  UPDATE changeset_sources SET listed_at_ms = ?, etag = ?, found = ?, last_error = NULL WHERE name = ?`;
const REMEMBER_DELIVERY =
  'INSERT OR IGNORE INTO webhook_deliveries (host, delivery_id, event, received_at_ms) VALUES (?, ?, ?, ?)';
const FORGET_DELIVERIES = 'DELETE FROM webhook_deliveries WHERE id <= ?';
const COUNT_RECEIVED = `
  INSERT INTO webhook_repositories (host, repository, received, last_at_ms) VALUES (?, ?, 1, ?)
  ON CONFLICT (host, repository) DO UPDATE SET received = received + 1, last_at_ms = excluded.last_at_ms, missed_since = 0`;

/**
 * Makes changes of the store, in their order, within a transaction. Throws `internal` for a kind that it does not know.
 */
export function applyChanges(database: Database, changes: readonly StoreChange[]): void {
  for (const change of changes) applyChange(database, change);
  makeLivesOf(database, syncedBy(changes));
}

function applyChange(database: Database, change: StoreChange): void {
  const forEach = (sql: string, ids: readonly number[], ...values: SqlValue[]): void => {
    const statement = database.statement(sql);
    for (const id of ids) statement.run(...values, id);
  };
  switch (change.kind) {
    case 'follow-changesets':
      follow(database, change.changesets, change.source, change.nowMs);
      break;
    case 'unfollow-changesets':
      forEach(UNFOLLOW, change.ids);
      break;
    case 'record-sync':
      saveSync(database, change.id, change.changeset, change.load);
      break;
    case 'record-vanished':
      forEach(RECORD_VANISHED, [change.id], change.nowMs, change.nowMs, change.load);
      break;
    case 'announce-event':
      forEach(ANNOUNCE_EVENT, change.ids, change.latestEventAtMs);
      break;
    case 'set-load':
      forEach(SET_LOAD, [change.id], change.load);
      break;
    case 'record-listing': {
      const { listedAtMs, etag, changesets } = change.listing;
      database.statement(RECORD_LISTING).run(listedAtMs, etag ?? null, changesets, change.source);
      break;
    }
    case 'record-webhook':
      rememberWebhook(database, change.webhook);
      break;
    case 'change-repository':
      updateRepository(database, change.id, change.change);
      break;
    case 'end-run':
      finishRun(database, change.id, change.end, change.nowMs);
      break;
    default:
      throw new SluiceError(
        'internal',
        `the store knows no such change: ${JSON.stringify(change satisfies never)}`,
      );
  }
}

function follow(
  database: Database,
  changesets: readonly ChangesetToFollow[],
  source: string,
  nowMs: number,
): void {
  const statement = database.statement(FOLLOW);
  for (const { host, repository, number, key, url, title = '', author = null } of changesets) {
    statement.run(host, repository, number, key, url, title, author, source, nowMs);
  }
}

function saveSync(database: Database, id: number, changeset: SyncedChangeset, load: number): void {
  const { mergeable, repository } = changeset;
  database
    .statement(RECORD_SYNC)
    .run(
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
      JSON.stringify(changeset.labels),
      changeset.reviewState,
      changeset.checkState ?? null,
      mergeable === undefined ? null : Number(mergeable),
      changeset.syncedAtMs,
      changeset.lastChangeAtMs,
      changeset.unseen === null ? null : JSON.stringify(changeset.unseen),
      load,
      id,
    );
  database.statement(FORGET_WRONG_EVENT).run(id);
  database.statement(MOVE).run(repository, id);
}

function rememberWebhook(database: Database, webhook: ReceivedWebhook): void {
  const { host, deliveryId, event, repository, receivedAtMs } = webhook;
  if (deliveryId !== undefined) {
    const { changes, lastInsertRowid } = database
      .statement(REMEMBER_DELIVERY)
      .run(host, deliveryId, event, receivedAtMs);
    if (changes === 0) return;
    database.statement(FORGET_DELIVERIES).run(Number(lastInsertRowid) - REMEMBERED_DELIVERIES);
  }
  if (repository !== undefined) database.statement(COUNT_RECEIVED).run(host, repository, receivedAtMs);
}
