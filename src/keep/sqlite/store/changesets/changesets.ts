import type {
  ChangesetAddress,
  ChangesetFilter,
  ChangesetStore,
  ChangesetToFollow,
  Page,
  SyncedChangeset,
} from '../../../store/changesets.ts';
import type { SqlValue } from '../../../store/store.ts';
import { applyChange, SqliteChange } from '../../change.ts';
import type { Database } from '../../database.ts';
import { asRow } from '../../rows.ts';
import { createBudgetStore } from './budgets.ts';
import { eventMethods } from './events.ts';
import { toChangeset, toTotals } from './rows.ts';
import { sourceMethods } from './sources.ts';
import { createWebhookStore } from './webhooks.ts';

const FOLLOW = `
  INSERT INTO changesets (host, repository, number, target_key, url, title, author, followed_by, first_seen_at_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (host, repository, number) DO UPDATE SET
    followed_by = CASE WHEN followed = 1 AND excluded.followed_by <> 'hand' THEN followed_by ELSE excluded.followed_by END,
    followed = 1`;
const SYNCED = `
  UPDATE changesets SET url = ?, host_id = ?, state = ?, title = ?, author = ?, author_is_bot = ?,
    head_branch = ?, head_commit = ?, head_repository = ?, base_branch = ?, base_commit = ?,
    created_at_ms = ?, updated_at_ms = ?, merged_at_ms = ?, closed_at_ms = ?,
    additions = ?, deletions = ?, changed_files = ?, labels = ?, review_state = ?, check_state = ?, mergeable = ?,
    last_sync_at_ms = ?, last_change_at_ms = ?, load = ?, vanished_at_ms = NULL, last_error = NULL WHERE id = ?`;
const BY_ADDRESS = 'SELECT * FROM changesets WHERE host = ? AND repository = ? AND number = ?';

/** Changesets in SQLite. */
export function createChangesetStore(database: Database): ChangesetStore {
  const byAddress = ({ host, repository, number }: ChangesetAddress) => {
    const row = database.statement(BY_ADDRESS).get(host, repository, number);
    return row && toChangeset(asRow(row));
  };
  const setEach = (sql: string, ids: readonly number[], ...values: SqlValue[]): SqliteChange =>
    new SqliteChange(() => {
      const statement = database.statement(sql);
      for (const id of ids) statement.run(...values, id);
    });
  return {
    async byKey(key) {
      return database.read(() => {
        const row = database.statement('SELECT * FROM changesets WHERE target_key = ?').get(key);
        return row && toChangeset(asRow(row));
      });
    },
    async byAddress(address) {
      return database.read(() => byAddress(address));
    },
    async byAddresses(addresses) {
      return database.read(() => addresses.map(byAddress).filter(found => found !== undefined));
    },
    async list(filter, page) {
      return database.read(() => listChangesets(database, filter, page));
    },
    async totals() {
      return database.read(() =>
        database
          .statement('SELECT * FROM changeset_totals WHERE changesets > 0 ORDER BY host, state')
          .all()
          .map(row => toTotals(asRow(row))),
      );
    },
    following: (wanted, source, nowMs) => new SqliteChange(() => follow(database, wanted, source, nowMs)),
    unfollowing: ids => setEach('UPDATE changesets SET followed = 0, load = 0 WHERE id = ?', ids),
    synced: (id, found, load) => new SqliteChange(() => saveSynced(database, id, found, load)),
    vanished: (id, nowMs, load) =>
      setEach(
        `UPDATE changesets SET state = 'deleted', vanished_at_ms = coalesce(vanished_at_ms, ?),
           last_sync_at_ms = ?, load = ?, last_error = NULL WHERE id = ?`,
        [id],
        ...[nowMs, nowMs, load],
      ),
    announcing: (ids, latestEventAtMs) =>
      setEach(
        `UPDATE changesets SET latest_event_at_ms = ?1
         WHERE coalesce(latest_event_at_ms, 0) < ?1 AND id = ?2`,
        ids,
        latestEventAtMs,
      ),
    loading: (id, load) => setEach('UPDATE changesets SET load = ? WHERE id = ?', [id], load),
    recordFailure: (id, error) =>
      database.write(() => {
        const statement = database.statement('UPDATE changesets SET last_error = ? WHERE id = ?');
        statement.run(JSON.stringify(error), id);
      }),
    ...eventMethods(database),
    ...sourceMethods(database),
    together: changes =>
      new SqliteChange(() => {
        for (const change of changes) applyChange(change);
      }),
    webhooks: createWebhookStore(database),
    budgets: createBudgetStore(database),
  };
}

function follow(
  database: Database,
  wanted: readonly ChangesetToFollow[],
  source: string,
  nowMs: number,
): void {
  const statement = database.statement(FOLLOW);
  for (const { host, repository, number, key, url, title = '', author = null } of wanted) {
    statement.run(host, repository, number, key, url, title, author, source, nowMs);
  }
}

function saveSynced(database: Database, id: number, found: SyncedChangeset, load: number): void {
  const { url, hostId, state, title, author, authorIsBot, labels, reviewState, checkState } = found;
  const { headBranch, headCommit, headRepository, baseBranch, baseCommit } = found;
  const { createdAtMs, updatedAtMs, mergedAtMs, closedAtMs, syncedAtMs, lastChangeAtMs } = found;
  const mergeable = found.mergeable === undefined ? null : Number(found.mergeable);
  database
    .statement(SYNCED)
    .run(
      ...[url, hostId, state, title, author ?? null, Number(authorIsBot)],
      ...[headBranch, headCommit ?? null, headRepository ?? null, baseBranch, baseCommit ?? null],
      ...[createdAtMs, updatedAtMs, mergedAtMs ?? null, closedAtMs ?? null],
      ...[found.additions ?? null, found.deletions ?? null, found.changedFiles ?? null],
      ...[JSON.stringify(labels), reviewState, checkState ?? null, mergeable],
      ...[syncedAtMs, lastChangeAtMs, load, id],
    );
  // A repository that was renamed: the row moves along, unless another row stands there already.
  database
    .statement('UPDATE OR IGNORE changesets SET repository = ?1 WHERE id = ?2 AND repository <> ?1')
    .run(found.repository, id);
}

function listChangesets(database: Database, filter: ChangesetFilter, { afterId = 0, order, limit }: Page) {
  const isIdle = order === 'idle';
  const afterIdle =
    '(updated_at_ms, id) > (SELECT coalesce(max(updated_at_ms), 0), coalesce(max(id), 0) FROM changesets WHERE id = ?)';
  const conditions = [isIdle ? afterIdle : 'id > ?'];
  const values: SqlValue[] = [afterId];
  const add = (condition: string, ...added: SqlValue[]): void => {
    conditions.push(condition);
    values.push(...added);
  };
  const { host, repository, states, author, text, failing, followed, followedBy, label } = filter;
  if (host !== undefined) add('host = ?', host);
  if (repository !== undefined) add('repository = ?', repository);
  if (states !== undefined) add(`state IN (${states.map(() => '?').join(', ')})`, ...states);
  if (author !== undefined) add('author = ?', author);
  if (failing !== undefined) add(`last_error IS ${failing ? 'NOT NULL' : 'NULL'}`);
  if (followed !== undefined) add(`followed = ${Number(followed)}`);
  if (followedBy !== undefined) add('followed_by = ?', followedBy);
  if (label !== undefined) add('EXISTS (SELECT 1 FROM json_each(labels) WHERE value = ?)', label);
  if (filter.waitingForReview) add("state = 'open' AND review_state IN ('none', 'requested')");
  if (filter.idleSinceMs !== undefined)
    add("state IN ('open', 'draft') AND updated_at_ms < ?", filter.idleSinceMs);
  if (text !== undefined) {
    const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
    add(`(title LIKE ? ESCAPE '\\' OR url LIKE ? ESCAPE '\\')`, pattern, pattern);
  }
  return database
    .statement(
      `SELECT * FROM changesets WHERE ${conditions.join(' AND ')} ORDER BY ${isIdle ? 'updated_at_ms, id' : 'id'} LIMIT ?`,
    )
    .all(...values, limit)
    .map(row => toChangeset(asRow(row)));
}
