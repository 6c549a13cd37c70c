import type { RepositoryChoice, RepositoryFilter, RepositoryStore } from '../../store/repositories.ts';
import { assignmentsOf, toRepository } from '../../store/rows/repositories.ts';
import type { Repository } from '../../store/types.ts';
import type { SqlExecutor, TransactionalExecutor } from '../executor.ts';
import type { Parameter } from '../parameters.ts';
import { PostgresHistoryWriter } from './history/writer.ts';

/** Everything of the row, and who tracks it, one a line. */
const SELECT = `SELECT repositories.*,
  (SELECT string_agg(origin, E'\\n' ORDER BY origin) FROM tracking WHERE repository_id = repositories.id) AS tracked_by
  FROM repositories`;

const ORDERS: Readonly<Record<NonNullable<RepositoryFilter['order']>, string>> = {
  change: 'coalesce(last_commit_at, 0) DESC, repositories.url',
  commits: 'commits DESC, repositories.url',
  url: 'repositories.url',
};

const CHOICES: Readonly<Record<RepositoryChoice, string>> = {
  tracked: 'tracked = 1',
  untracked: 'tracked = 0',
  failing: "state NOT IN ('ok', 'new')",
};

const REMOVED_AT_ONCE = 1000;
/** Of a history without commits, what has no foreign key. */
const REST = ['identities', 'paths', 'author_days', 'repository_days', 'repository_hours'];

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
    async update(id, change) {
      const assignments = assignmentsOf(change);
      if (assignments.length === 0) return;
      const columns = assignments.map(([column], at) => `${column} = $${at + 2}`).join(', ');
      await database.execute(`UPDATE repositories SET ${columns} WHERE id = $1`, [
        id,
        ...assignments.map(([, value]) => value),
      ]);
    },
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

async function listRepositories(database: SqlExecutor, filter: RepositoryFilter): Promise<Repository[]> {
  const { text, choice, order = 'url', leading = [], offset = 0, limit = null } = filter;
  const conditions = [choice === undefined ? 'true' : CHOICES[choice]];
  const values: Parameter[] = [limit, offset];
  if (text !== undefined) {
    values.push(text);
    conditions.push(`strpos(lower(repositories.url), lower($${values.length} COLLATE "C")) > 0`);
  }
  const where = `WHERE ${conditions.join(' AND ')}`;
  if (leading.length > 0) values.push(leading);
  const sql =
    leading.length === 0
      ? `${SELECT} ${where} ORDER BY ${ORDERS[order]} LIMIT $1 OFFSET $2`
      : `${SELECT} LEFT JOIN unnest($${values.length}::text[]) WITH ORDINALITY AS first_ones (url, place)
           ON first_ones.url = repositories.url ${where} ORDER BY place NULLS LAST, ${ORDERS[order]} LIMIT $1 OFFSET $2`;
  return (await database.query(sql, values)).map(toRepository);
}
