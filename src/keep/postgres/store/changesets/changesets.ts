import { portableJson } from '../../../../base/text.ts';
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
import type { TransactionalExecutor } from '../../executor.ts';
import type { Parameter } from '../../parameters.ts';
import { createBudgetStore } from './budgets.ts';
import { eventMethods } from './events.ts';
import { makeLives } from './lives.ts';
import { sourceMethods } from './sources.ts';
import { createWebhookStore } from './webhooks.ts';

const BY_KEYS = 'SELECT * FROM changesets WHERE target_key = ANY($1)';
const BY_ADDRESSES = `
  SELECT changesets.* FROM unnest($1::text[], $2::text[], $3::bigint[]) AS given (host, repository, number)
    JOIN changesets ON changesets.host = given.host AND lower(changesets.repository) = lower(given.repository COLLATE "C")
     AND changesets.number = given.number`;
const RECORD_FAILURE = 'UPDATE changesets SET last_error = $1, last_failure_at_ms = $2 WHERE id = $3';
/** Of the repository that told of the commit, or with a branch there, or with one of which that is not known. */
const BY_COMMIT = `
  SELECT * FROM changesets WHERE followed = 1 AND head_commit = $1 AND host = $2
    AND (lower(repository) = lower($3 COLLATE "C")
      OR lower(coalesce(head_repository, $3)) = lower($3 COLLATE "C")) ORDER BY id LIMIT ${HEADED_AT_MOST}`;
/** A fork's branch of the same name as the base's is not it, unless it is said to be the fork's. */
const BY_BRANCH = `
  SELECT * FROM changesets WHERE followed = 1 AND host = $1 AND lower(repository) = lower($2 COLLATE "C")
    AND text_key(head_branch) = text_key($3) AND state IN ('open', 'draft')
    AND (lower(coalesce(head_repository, repository)) = lower(coalesce($4, repository))
      OR ($4::text IS NULL AND head_branch <> base_branch)) ORDER BY id LIMIT ${HEADED_AT_MOST}`;

/** Changesets in Postgres. */
export function createChangesetStore(database: TransactionalExecutor): ChangesetStore {
  const byKeys = async (keys: readonly string[]): Promise<StoredChangeset[]> =>
    (await database.query(BY_KEYS, [keys])).map(toChangeset);
  const byAddresses = async (addresses: readonly ChangesetAddress[]): Promise<StoredChangeset[]> => {
    const rows = await database.query(BY_ADDRESSES, [
      addresses.map(({ host }) => host),
      addresses.map(({ repository }) => repository),
      addresses.map(({ number }) => number),
    ]);
    return rows.map(toChangeset);
  };
  return {
    async byKey(key) {
      return (await byKeys([key]))[0];
    },
    async byKeys(keys) {
      return new Map((await byKeys(keys)).map(changeset => [changeset.key, changeset]));
    },
    async byAddress(address) {
      return (await byAddresses([address]))[0];
    },
    byAddresses,
    byHead: head => byHead(database, head),
    list: (filter, page) => listChangesets(database, filter, page),
    async count(filter) {
      const values: Parameter[] = [];
      const sql = conditionsOf(filter, values);
      const row = await database.first(`SELECT count(*) AS changesets FROM changesets WHERE ${sql}`, values);
      return row ? readInteger(row, 'changesets') : 0;
    },
    async totals() {
      const sql = 'SELECT * FROM changeset_totals WHERE changesets > 0 ORDER BY host, state';
      return (await database.query(sql)).map(toTotals);
    },
    async recordFailure(id, error, nowMs) {
      await database.execute(RECORD_FAILURE, [portableJson(error), nowMs, id]);
    },
    makeLives: signal => makeLives(database, signal),
    ...eventMethods(database),
    ...sourceMethods(database),
    webhooks: createWebhookStore(database),
    budgets: createBudgetStore(database),
  };
}

async function byHead(
  database: TransactionalExecutor,
  { host, repository, commit, branches }: ChangesetHead,
): Promise<StoredChangeset[]> {
  const headed = await database.query(BY_COMMIT, [commit, host, repository]);
  if (headed.length > 0) return headed.map(toChangeset);
  const found = new Map<number, StoredChangeset>();
  for (const { name, repository: branchOf } of branches) {
    const rows = await database.query(BY_BRANCH, [host, repository, name, branchOf ?? null]);
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

/** Ids first, which the indexes have: whatever is passed over is not read. */
async function listChangesets(
  database: TransactionalExecutor,
  filter: ChangesetFilter,
  page: Page,
): Promise<StoredChangeset[]> {
  const { after, order = 'id', reverse = false, offset = 0, limit } = page;
  const values: Parameter[] = [limit, offset];
  const isById = order === 'id';
  const isBehind = reverse ? '<' : '>';
  if (after) values.push(after.id, ...(isById ? [] : [after.value]));
  const behind = isById ? `id ${isBehind} $3` : `(${ORDERS[order]}, id) ${isBehind} ($4, $3)`;
  const sql = conditionsOf(filter, values);
  const direction = reverse ? ' DESC' : '';
  const by = [...(isById ? [] : [ORDERS[order]]), 'id'].map(key => key + direction).join(', ');
  const rows = await database.query(
    `SELECT * FROM changesets WHERE id IN (
       SELECT id FROM changesets WHERE ${after ? behind : 'true'} AND ${sql} ORDER BY ${by} LIMIT $1 OFFSET $2
     ) ORDER BY ${by}`,
    values,
  );
  return rows.map(toChangeset);
}

/** What a filter asks for; its values go behind the others. */
function conditionsOf(filter: ChangesetFilter, values: Parameter[]): string {
  const conditions = ['true'];
  /** `?` is the value. */
  const add = (condition: string, value?: Parameter): void => {
    if (value !== undefined) values.push(value);
    conditions.push(condition.replaceAll('?', `$${values.length}`));
  };
  const { host, repository, states, author, text, failing, followed, followedBy, label } = filter;
  if (host !== undefined) add('host = ?', host);
  if (repository !== undefined) add('lower(repository) = lower(? COLLATE "C")', repository);
  if (states !== undefined) add('state = ANY(?)', states);
  if (author !== undefined) add('author = ?', author);
  if (failing !== undefined) add(`last_error IS ${failing ? 'NOT NULL' : 'NULL'}`);
  if (followed !== undefined) add(`followed = ${Number(followed)}`);
  if (followedBy !== undefined) add('followed_by = ?', followedBy);
  if (label !== undefined) add('labels::jsonb @> ?::jsonb', portableJson([label]));
  if (filter.waitingForReview) add("state = 'open' AND review_state IN ('none', 'requested')");
  if (filter.idleSinceMs !== undefined)
    add("state IN ('open', 'draft') AND updated_at_ms < ?", filter.idleSinceMs);
  if (text !== undefined) add('(title ILIKE ? OR url ILIKE ?)', `%${text.replace(/[\\%_]/g, '\\$&')}%`);
  return conditions.join(' AND ');
}
