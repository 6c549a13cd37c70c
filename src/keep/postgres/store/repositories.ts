import type {
  RepositoryChange,
  RepositoryChoice,
  RepositoryFilter,
  RepositoryOrder,
  RepositoryStore,
} from '../../store/repositories.ts';
import { assignmentsOf, figuresOf, toRepository } from '../../store/rows/repositories.ts';
import type { Repository } from '../../store/types.ts';
import type { SqlExecutor, TransactionalExecutor } from '../executor.ts';
import type { Parameter } from '../parameters.ts';
import { PostgresHistoryWriter } from './history/writer.ts';
import { holdClaim } from './lock.ts';

/** Everything of the row, and who tracks it, one a line. */
const SELECT = `SELECT repositories.*,
  (SELECT string_agg(origin, E'\\n' ORDER BY origin) FROM tracking WHERE repository_id = repositories.id) AS tracked_by
  FROM repositories`;

/** What each order goes by, largest first; equal ones by URL. As `placeInList` has it. */
const ORDERS: Readonly<Record<RepositoryOrder, string>> = {
  change: 'coalesce(last_commit_at, 0)',
  commits: 'commits',
  size: 'coalesce(sizes.size, 0)',
  url: '0',
};

const CHOICES: Readonly<Record<RepositoryChoice, string>> = {
  tracked: 'tracked = 1',
  untracked: 'tracked = 0',
  failing: "state NOT IN ('ok', 'new')",
};

const FIGURES = `
  SELECT count(*) AS known, count(*) FILTER (WHERE ${CHOICES.tracked}) AS tracked,
         count(*) FILTER (WHERE ${CHOICES.failing}) AS failing, coalesce(sum(commits), 0)::bigint AS commits
  FROM repositories`;

const REMOVED_AT_ONCE = 1000;
/** Of a history without commits, what has no foreign key. */
const REST = ['identities', 'paths', 'author_days', 'repository_days', 'repository_hours'];

/** See `RepositoryStore.update`; within the caller's transaction, where that is one. */
export async function updateRepository(
  executor: SqlExecutor,
  id: number,
  change: RepositoryChange,
): Promise<void> {
  const assignments = assignmentsOf(change);
  if (assignments.length === 0) return;
  const columns = assignments.map(([column], at) => `${column} = $${at + 2}`).join(', ');
  await executor.execute(`UPDATE repositories SET ${columns} WHERE id = $1`, [
    id,
    ...assignments.map(([, value]) => value),
  ]);
}

export function createRepositoryStore(database: TransactionalExecutor): RepositoryStore {
  const find = async (where: string, ...values: Parameter[]): Promise<Repository[]> =>
    (await database.query(`${SELECT} WHERE ${where}`, values)).map(toRepository);

  const ensureMany: RepositoryStore['ensureMany'] = async addresses => {
    const urls = addresses.map(({ url }) => url);
    const known = async (): Promise<Map<string, Repository>> =>
      new Map((await find('url = ANY($1)', urls)).map(each => [each.url, each]));
    let byUrl = await known();
    if (urls.some(url => !byUrl.has(url))) {
      await database.execute(
        `INSERT INTO repositories (url, host)
         SELECT DISTINCT ON (url) * FROM unnest($1::text[], $2::text[]) AS given (url, host) ORDER BY url
         ON CONFLICT DO NOTHING`,
        [urls, addresses.map(({ host }) => host)],
      );
      byUrl = await known();
    }
    return urls.map(url => byUrl.get(url) as Repository);
  };

  return {
    async ensure(url, host) {
      const [repository] = await ensureMany([{ url, host }]);
      return repository as Repository;
    },
    ensureMany,
    async byUrl(url) {
      return (await find('url = $1', url))[0];
    },
    async byId(id) {
      return (await find('id = $1', id))[0];
    },
    async getMany(ids) {
      const known = await find('id = ANY($1::bigint[])', ids);
      return new Map(known.map(repository => [repository.id, repository]));
    },
    alike: url => find('lower(url) = lower($1 COLLATE "C") OR lower(moved_to) = lower($1 COLLATE "C")', url),
    list: filter => listRepositories(database, filter ?? {}),
    count: filter => countRepositories(database, filter ?? {}),
    async figures() {
      return figuresOf((await database.first(FIGURES)) ?? {});
    },
    update: (id, change, claim) =>
      claim === undefined
        ? updateRepository(database, id, change)
        : database.transaction(async transaction => {
            await holdClaim(transaction, claim);
            await updateRepository(transaction, id, change);
          }),
    forget: id => forget(database, id),
  };
}

/** As the history's only writer, so that whoever is still at it finds its claim lost. */
async function forget(database: TransactionalExecutor, id: number): Promise<void> {
  if (!(await database.first('SELECT FROM repositories WHERE id = $1', [id]))) return;
  const writer = new PostgresHistoryWriter(database, id);
  // Without its cursor a bake reads all of it again.
  await writer.begin(new Map());
  await writer.finish(0);
  for (let some: string[] = []; ; some = []) {
    for await (const hash of writer.hashes()) if (some.push(hash) === REMOVED_AT_ONCE) break;
    if (some.length === 0) break;
    await writer.remove(some);
  }
  await database.transaction(async transaction => {
    for (const table of REST)
      await transaction.execute(`DELETE FROM ${table} WHERE repository_id = $1`, [id]);
    await transaction.execute('DELETE FROM repositories WHERE id = $1', [id]);
  });
}

/** The conditions of a filter; their values go to the end of `values`. */
function conditionsOf(
  { text, choice }: Pick<RepositoryFilter, 'text' | 'choice'>,
  values: Parameter[],
): string[] {
  const conditions = [choice === undefined ? 'true' : CHOICES[choice]];
  if (text === undefined) return conditions;
  values.push(text);
  return [...conditions, `strpos(lower(repositories.url), lower($${values.length} COLLATE "C")) > 0`];
}

/** Ids first, which the indexes have: whatever is passed over is not read. */
async function listRepositories(database: SqlExecutor, filter: RepositoryFilter): Promise<Repository[]> {
  const { order = 'url', reverse = false, sizes = new Map<string, number>() } = filter;
  const { after, offset = 0, limit = null } = filter;
  const values: Parameter[] = [limit, offset];
  const conditions = conditionsOf(filter, values);
  const value = ORDERS[order];
  if (after) {
    values.push(-after.value, after.url);
    const place = `($${values.length - 1}, $${values.length})`;
    conditions.push(`(-(${value})::bigint, repositories.url) ${reverse ? '<' : '>'} ${place}`);
  }
  if (order === 'size') values.push([...sizes.keys()], [...sizes.values()]);
  const join =
    order === 'size'
      ? `LEFT JOIN unnest($${values.length - 1}::text[], $${values.length}::bigint[]) AS sizes (url, size)
           ON sizes.url = repositories.url`
      : '';
  const byUrl = `repositories.url ${reverse ? 'DESC' : 'ASC'}`;
  const by = order === 'url' ? byUrl : `${value} ${reverse ? 'ASC' : 'DESC'}, ${byUrl}`;
  const sql = `${SELECT} ${join} WHERE repositories.id IN (
      SELECT repositories.id FROM repositories ${join}
      WHERE ${conditions.join(' AND ')} ORDER BY ${by} LIMIT $1 OFFSET $2
    ) ORDER BY ${by}`;
  return (await database.query(sql, values)).map(toRepository);
}

async function countRepositories(
  database: SqlExecutor,
  filter: Pick<RepositoryFilter, 'text' | 'choice'>,
): Promise<number> {
  const values: Parameter[] = [];
  const where = conditionsOf(filter, values).join(' AND ');
  const row = await database.first(`SELECT count(*) AS count FROM repositories WHERE ${where}`, values);
  return Number(row?.count);
}
