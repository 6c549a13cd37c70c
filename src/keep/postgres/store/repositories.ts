import type { RepositoryChoice, RepositoryFilter, RepositoryStore } from '../../store/repositories.ts';
import { assignmentsOf, toRepository } from '../../store/rows/repositories.ts';
import type { Repository } from '../../store/types.ts';
import type { SqlExecutor } from '../executor.ts';
import type { Parameter } from '../parameters.ts';

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

/** All of it or nothing. What refers to no repository by a foreign key is named here. */
const FORGET = `WITH
  gone AS (DELETE FROM commits WHERE repository_id = $1 RETURNING id),
  messages AS (DELETE FROM commit_messages WHERE commit_id IN (SELECT id FROM gone)),
  authors AS (DELETE FROM co_authors WHERE commit_id IN (SELECT id FROM gone)),
  churn AS (DELETE FROM commit_churn WHERE commit_id IN (SELECT id FROM gone)),
  changed AS (DELETE FROM file_changes WHERE commit_id IN (SELECT id FROM gone)),
  ${['author_days', 'repository_days', 'repository_hours', 'paths', 'identities']
    .map(table => `gone_${table} AS (DELETE FROM ${table} WHERE repository_id = $1)`)
    .join(',\n  ')}
  DELETE FROM repositories WHERE id = $1`;

export function createRepositoryStore(database: SqlExecutor): RepositoryStore {
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
    async forget(id) {
      await database.execute(FORGET, [id]);
    },
  };
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
