import type { ChangesetAddress, ChangesetFilter, ChangesetStore, Page } from '../../../store/changesets.ts';
import type { Database } from '../../database.ts';
import type { SqlValue } from '../../rows.ts';
import { createBudgetStore } from './budgets.ts';
import { eventMethods } from './events.ts';
import { toChangeset, toTotals } from './rows.ts';
import { sourceMethods } from './sources.ts';
import { createWebhookStore } from './webhooks.ts';

const BY_KEY = 'SELECT * FROM changesets WHERE target_key = ?';
const BY_ADDRESS = 'SELECT * FROM changesets WHERE host = ? AND repository = ? AND number = ?';

/** Changesets in SQLite. */
export function createChangesetStore(database: Database): ChangesetStore {
  const byAddress = ({ host, repository, number }: ChangesetAddress) => {
    const row = database.first(BY_ADDRESS, host, repository, number);
    return row && toChangeset(row);
  };
  const byKey = (key: string) => {
    const row = database.first(BY_KEY, key);
    return row && toChangeset(row);
  };
  return {
    async byKey(key) {
      return database.read(() => byKey(key));
    },
    async byKeys(keys) {
      return database.read(() => {
        const known = keys.map(byKey).filter(changeset => changeset !== undefined);
        return new Map(known.map(changeset => [changeset.key, changeset]));
      });
    },
    async byAddress(address) {
      return database.read(() => byAddress(address));
    },
    async byAddresses(addresses) {
      return database.read(() => addresses.map(byAddress).filter(changeset => changeset !== undefined));
    },
    async list(filter, page) {
      return listChangesets(database, filter, page);
    },
    async totals() {
      return database
        .all('SELECT * FROM changeset_totals WHERE changesets > 0 ORDER BY host, state')
        .map(toTotals);
    },
    recordFailure: (id, error) =>
      database.write(() => {
        const statement = database.statement('UPDATE changesets SET last_error = ? WHERE id = ?');
        statement.run(JSON.stringify(error), id);
      }),
    ...eventMethods(database),
    ...sourceMethods(database),
    webhooks: createWebhookStore(database),
    budgets: createBudgetStore(database),
  };
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
    .all(
      `SELECT * FROM changesets WHERE ${conditions.join(' AND ')} ORDER BY ${isIdle ? 'updated_at_ms, id' : 'id'} LIMIT ?`,
      ...values,
      limit,
    )
    .map(toChangeset);
}
