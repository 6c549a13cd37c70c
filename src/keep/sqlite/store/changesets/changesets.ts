import {
  type ChangesetAddress,
  type ChangesetFilter,
  type ChangesetHead,
  type ChangesetOrder,
  type ChangesetStore,
  HEADED_AT_MOST,
  type Page,
  type StoredChangeset,
} from '../../../store/changesets.ts';
import { toChangeset, toTotals } from '../../../store/rows/changesets.ts';
import { readInteger } from '../../../store/rows/columns.ts';
import type { Database } from '../../database.ts';
import type { SqlValue } from '../../values.ts';
import { createBudgetStore } from './budgets.ts';
import { eventMethods } from './events.ts';
import { makeLives } from './lives.ts';
import { sourceMethods } from './sources.ts';
import { createWebhookStore } from './webhooks.ts';

const BY_KEY = 'SELECT * FROM changesets WHERE target_key = ?';
const BY_ADDRESS = 'SELECT * FROM changesets WHERE host = ? AND repository = ? AND number = ?';

const RECORD_FAILURE = 'UPDATE changesets SET last_error = ?, last_failure_at_ms = ? WHERE id = ?';
/** Of the repository that told of the commit, or with a branch there, or with one of which that is not known. */
const BY_COMMIT = `
  SELECT * FROM changesets WHERE followed = 1 AND head_commit = ?1 AND host = ?2
    AND (repository = ?3 OR coalesce(head_repository, ?3) = ?3 COLLATE NOCASE) LIMIT ${HEADED_AT_MOST}`;
/** A fork's branch of the same name as the base's is not it, unless it is said to be the fork's. */
const BY_BRANCH = `
  SELECT * FROM changesets WHERE followed = 1 AND host = ?1 AND repository = ?2 AND head_branch = ?3
    AND state IN ('open', 'draft')
    AND (coalesce(head_repository, repository) = coalesce(?4, repository) COLLATE NOCASE
      OR (?4 IS NULL AND head_branch <> base_branch)) LIMIT ${HEADED_AT_MOST}`;

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
    async byHead(head) {
      return database.read(() => byHead(database, head));
    },
    async list(filter, page) {
      return listChangesets(database, filter, page);
    },
    async count(filter) {
      const { sql, values } = conditionsOf(filter);
      const source = sourceOf(filter);
      const row = database.first(`SELECT count(*) AS changesets FROM ${source} WHERE ${sql}`, ...values);
      return row ? readInteger(row, 'changesets') : 0;
    },
    async totals() {
      return database
        .all('SELECT * FROM changeset_totals WHERE changesets > 0 ORDER BY host, state')
        .map(toTotals);
    },
    recordFailure: (id, error, nowMs) =>
      database.write(() => {
        database.statement(RECORD_FAILURE).run(JSON.stringify(error), nowMs, id);
      }),
    makeLives: signal => makeLives(database, signal),
    ...eventMethods(database),
    ...sourceMethods(database),
    webhooks: createWebhookStore(database),
    budgets: createBudgetStore(database),
  };
}

function byHead(
  database: Database,
  { host, repository, commit, branches }: ChangesetHead,
): StoredChangeset[] {
  const headed = database.all(BY_COMMIT, commit, host, repository);
  if (headed.length > 0) return headed.map(toChangeset);
  const found = new Map<number, StoredChangeset>();
  for (const { name, repository: branchOf } of branches) {
    const rows = database.all(BY_BRANCH, host, repository, name, branchOf ?? null);
    for (const changeset of rows.map(toChangeset)) found.set(changeset.id, changeset);
  }
  return [...found.values()].slice(0, HEADED_AT_MOST);
}

/** What each order goes by, as its index has it; equal ones by id. As `changesetPlace` has it. */
const ORDERS: Readonly<Record<ChangesetOrder, string>> = {
  id: 'id',
  idle: 'coalesce(updated_at_ms, 0)',
  opened: 'coalesce(created_at_ms, 0)',
};

/**
 * Where a filter is looked for. SQLite knows nothing of how many rows fit, and looks up one row after the other by an
 * index where going through all of them once, or through an index that has all that is asked, takes a tenth of that.
 */
function sourceOf(filter: ChangesetFilter): string {
  const { states, waitingForReview, idleSinceMs, followed, host, repository, followedBy } = filter;
  if (filter.failing) return 'changesets INDEXED BY changesets_failing';
  const isByTextAlone = [filter.label, filter.failing, host, repository, followedBy].every(
    given => given === undefined,
  );
  if (filter.text !== undefined && isByTextAlone) return 'changesets INDEXED BY changesets_by_text';
  if ([filter.text, filter.label, filter.author, filter.failing].some(given => given !== undefined))
    return 'changesets NOT INDEXED';
  if ([host, repository, followedBy].some(given => given !== undefined)) return 'changesets';
  const isOfState = [states, waitingForReview, idleSinceMs, followed].some(given => given !== undefined);
  return isOfState ? 'changesets INDEXED BY changesets_by_state' : 'changesets';
}

/** Ids first, which the indexes have: whatever is passed over is not read. */
function listChangesets(database: Database, filter: ChangesetFilter, page: Page) {
  const { after, order = 'id', reverse = false, offset = 0, limit } = page;
  const { sql, values } = conditionsOf(filter);
  const isById = order === 'id';
  const isBehind = reverse ? '<' : '>';
  const behind = isById ? `id ${isBehind} ?` : `(${ORDERS[order]}, id) ${isBehind} (?, ?)`;
  const direction = reverse ? ' DESC' : '';
  const keys = isById ? ['id'] : [ORDERS[order], 'id'];
  const by = keys.map(key => key + direction).join(', ');
  // By id a page is found without those before it; by time only where nothing else is asked.
  const source = isById ? 'changesets' : sourceOf(filter);
  const isSorted = isById || sql === ALL;
  const unsorted = keys.map(key => `+${key}${direction}`).join(', ');
  return database
    .all(
      `SELECT * FROM changesets WHERE id IN (
         SELECT id FROM ${source} WHERE ${after ? behind : ALL} AND ${sql}
         ORDER BY ${isSorted ? by : unsorted} LIMIT ? OFFSET ?
       ) ORDER BY ${by}`,
      ...(after ? (isById ? [after.id] : [after.value, after.id]) : []),
      ...values,
      limit,
      offset,
    )
    .map(toChangeset);
}

/** Of a filter that asks for nothing. */
const ALL = '1';

/** What a filter asks for, with its values in order. */
function conditionsOf(filter: ChangesetFilter): {
  readonly sql: string;
  readonly values: readonly SqlValue[];
} {
  const conditions = [ALL];
  const values: SqlValue[] = [];
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
    add("state IN ('open', 'draft') AND coalesce(updated_at_ms, 0) BETWEEN 1 AND ?", filter.idleSinceMs - 1);
  if (text !== undefined) {
    const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
    add(`(title LIKE ? ESCAPE '\\' OR url LIKE ? ESCAPE '\\')`, pattern, pattern);
  }
  return { sql: conditions.join(' AND '), values };
}
