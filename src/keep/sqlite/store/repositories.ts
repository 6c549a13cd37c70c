import type {
  RepositoryChange,
  RepositoryChoice,
  RepositoryFilter,
  RepositoryOrder,
  RepositoryStore,
} from '../../store/repositories.ts';
import { readInteger } from '../../store/rows/columns.ts';
import { assignmentsOf, figuresOf, toRepository } from '../../store/rows/repositories.ts';
import type { Repository } from '../../store/types.ts';
import type { Database } from '../database.ts';
import { writeUnder } from './claim.ts';

/** Everything of the row, and who tracks it, one a line. */
const SELECT = `SELECT repositories.*,
  (SELECT group_concat(origin, char(10)) FROM tracking WHERE repository_id = repositories.id) AS tracked_by
  FROM repositories`;

/** What each order goes by, as its index has it, largest first; equal ones by URL. As `placeInList` has it. */
const ORDERS: Readonly<Record<Exclude<RepositoryOrder, 'size'>, string>> = {
  change: 'coalesce(last_commit_at, 0)',
  commits: 'commits',
  url: '0',
};
const SIZES = `WITH sizes(url, size) AS MATERIALIZED (
  SELECT value ->> 0, value ->> 1 FROM json_each(?))`;

const CHOICES: Readonly<Record<RepositoryChoice, string>> = {
  tracked: 'tracked = 1',
  untracked: 'tracked = 0',
  failing: "state NOT IN ('ok', 'new')",
};

const FIGURES = `
  SELECT count(*) AS known, coalesce(sum(tracked), 0) AS tracked,
         coalesce(sum(${CHOICES.failing}), 0) AS failing, coalesce(sum(commits), 0) AS commits FROM repositories`;

type Condition = readonly [sql: string, ...values: (string | number)[]];

function conditionsOf({ text, choice }: Pick<RepositoryFilter, 'text' | 'choice'>): Condition[] {
  return [
    ...(choice === undefined ? [] : [[CHOICES[choice]] as const]),
    ...(text === undefined ? [] : [["repositories.url LIKE ? ESCAPE '\\'", `%${literal(text)}%`] as const]),
  ];
}

/** Text in which nothing stands for anything else. Pure. */
function literal(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

function whereOf(conditions: readonly Condition[]) {
  return {
    where: `WHERE ${['1', ...conditions.map(([sql]) => sql)].join(' AND ')}`,
    values: conditions.flatMap(([, ...values]) => values),
  };
}

/** Ids first, which the indexes have: whatever is passed over is not read. */
function listRepositories(database: Database, filter: RepositoryFilter): Repository[] {
  const { order = 'url', reverse = false, after, offset = 0, limit = -1 } = filter;
  const { given, rows, value } = order === 'size' ? sized(filter) : valued(filter, ORDERS[order]);
  const behind = after ? `(-${value}, url) ${reverse ? '<' : '>'} (?, ?)` : '1';
  const [largest, first] = reverse ? ['ASC', 'DESC'] : ['DESC', 'ASC'];
  const by = order === 'url' ? `url ${first}` : `${value} ${largest}, url ${first}`;
  const sql = `${order === 'size' ? `${SIZES},` : 'WITH'} page (id, value) AS (
      SELECT id, ${value} FROM ${rows} AND ${behind} ORDER BY ${by} LIMIT ? OFFSET ?
    ) ${SELECT} JOIN page ON page.id = repositories.id
    ORDER BY page.value ${largest}, repositories.url ${first}`;
  const place = after ? [-after.value, after.url] : [];
  return database.all(sql, ...given, ...place, limit, offset).map(toRepository);
}

interface ListedRows {
  /** What stands behind FROM, with a condition at its end. */
  readonly rows: string;
  readonly given: readonly (string | number)[];
  /** What the rows are ordered by. */
  readonly value: string;
}

function valued(filter: RepositoryFilter, value: string): ListedRows {
  const { where, values } = whereOf(conditionsOf(filter));
  return { rows: `repositories ${where}`, given: values, value };
}

/** Those with a size are looked up one by one, and the others are what is left: SQLite makes no index for a join. */
function sized(filter: RepositoryFilter): ListedRows {
  const { sizes = new Map<string, number>() } = filter;
  const { where, values } = whereOf(conditionsOf(filter));
  const rows = `(
    SELECT repositories.id, repositories.url, sizes.size FROM sizes
      CROSS JOIN repositories ON repositories.url = sizes.url ${where}
    UNION ALL
    SELECT repositories.id, repositories.url, 0 FROM repositories
      ${where} AND repositories.url NOT IN (SELECT url FROM sizes)
  ) WHERE 1`;
  return { rows, given: [JSON.stringify([...sizes]), ...values, ...values], value: 'size' };
}

function countRepositories(database: Database, filter: Pick<RepositoryFilter, 'text' | 'choice'>): number {
  const { where, values } = whereOf(conditionsOf(filter));
  return readInteger(
    database.first(`SELECT count(*) AS count FROM repositories ${where}`, ...values) ?? {},
    'count',
  );
}

const REMOVED_AT_ONCE = 5_000;
const REMOVE_COMMITS = `DELETE FROM commits WHERE id IN
  (SELECT id FROM commits WHERE repository_id = ? LIMIT ${REMOVED_AT_ONCE})`;

/** See `RepositoryStore.update`; within the caller's transaction. */
export function updateRepository(database: Database, id: number, change: RepositoryChange): void {
  const assignments = assignmentsOf(change);
  if (assignments.length === 0) return;
  const columns = assignments.map(([column]) => `${column} = ?`).join(', ');
  database
    .statement(`UPDATE repositories SET ${columns} WHERE id = ?`)
    .run(...assignments.map(([, value]) => value), id);
}

export function createRepositoryStore(database: Database): RepositoryStore {
  const find = (where: string, value: string | number): Repository | undefined =>
    database.read(() => {
      const row = database.first(`${SELECT} WHERE ${where} = ?`, value);
      return row && toRepository(row);
    });

  const ensureMany: RepositoryStore['ensureMany'] = async addresses => {
    const known = addresses.map(({ url }) => find('url', url)).filter(each => each !== undefined);
    if (known.length === addresses.length) return known;
    return database.write(() => {
      const insert = database.statement('INSERT OR IGNORE INTO repositories (url, host) VALUES (?, ?)');
      return addresses.map(({ url, host }) => {
        insert.run(url, host);
        return toRepository(database.first(`${SELECT} WHERE url = ?`, url) ?? {});
      });
    });
  };

  return {
    async ensure(url, host) {
      const [repository] = await ensureMany([{ url, host }]);
      return repository as Repository;
    },
    ensureMany,
    async byUrl(url) {
      return find('url', url);
    },
    async byId(id) {
      return find('id', id);
    },
    async getMany(ids) {
      const known = ids.map(id => find('id', id)).filter(each => each !== undefined);
      return new Map(known.map(repository => [repository.id, repository]));
    },
    async alike(url) {
      return database
        .all(`${SELECT} WHERE url = ?1 COLLATE NOCASE OR moved_to = ?1 COLLATE NOCASE`, url)
        .map(toRepository);
    },
    async list(filter = {}) {
      return listRepositories(database, filter);
    },
    async count(filter = {}) {
      return countRepositories(database, filter);
    },
    async figures() {
      return figuresOf(database.first(FIGURES) ?? {});
    },
    update: (id, change, claim) => writeUnder(database, claim, () => updateRepository(database, id, change)),
    async forget(id) {
      await database.write(() => {
        // Without its cursor a bake reads all of it again.
        for (const table of ['refs', 'pending_refs'])
          database.statement(`DELETE FROM ${table} WHERE repository_id = ?`).run(id);
        database.statement('UPDATE repositories SET pending_processed = NULL WHERE id = ?').run(id);
      });
      for (let removed = REMOVED_AT_ONCE; removed === REMOVED_AT_ONCE; )
        removed = await database.write(() => Number(database.statement(REMOVE_COMMITS).run(id).changes));
      await database.write(() => {
        database.statement('DELETE FROM repositories WHERE id = ?').run(id);
      });
    },
  };
}
