import type {
  RepositoryChange,
  RepositoryChoice,
  RepositoryFilter,
  RepositoryOrder,
  RepositoryStore,
} from '../../store/repositories.ts';
import type { RemoteCheck, Repository, RepositoryState, TrackingOrigin } from '../../store/types.ts';
import type { Database } from '../database.ts';
import { readInteger, readIntegerOrNull, readText, readTextOrNull, type SqlRow } from '../rows.ts';

/** Column for each field that `update` may change. */
const COLUMNS: Readonly<Record<Exclude<keyof RepositoryChange, 'remoteCheck'>, string>> = {
  state: 'state',
  headRef: 'head_ref',
  objectFormat: 'object_format',
  shallow: 'shallow',
  lastError: 'last_error',
  lastBakedAtMs: 'last_baked_at_ms',
  lastNewsAtMs: 'last_news_at_ms',
  movedTo: 'moved_to',
  movedSeenAtMs: 'moved_seen_at_ms',
};

/** Everything of the row, and who tracks it, one a line. */
const SELECT = `SELECT repositories.*,
  (SELECT group_concat(origin, char(10)) FROM tracking WHERE repository_id = repositories.id) AS tracked_by
  FROM repositories`;

function toRepository(row: SqlRow): Repository {
  return {
    id: readInteger(row, 'id'),
    url: readText(row, 'url'),
    host: readText(row, 'host'),
    tracked: readInteger(row, 'tracked') === 1,
    trackedBy: (readTextOrNull(row, 'tracked_by')?.split('\n') ?? []) as TrackingOrigin[],
    state: readText(row, 'state') as RepositoryState,
    headRef: readTextOrNull(row, 'head_ref'),
    objectFormat: readText(row, 'object_format') === 'sha256' ? 'sha256' : 'sha1',
    shallow: readInteger(row, 'shallow') === 1,
    totals: {
      commits: readInteger(row, 'commits'),
      authors: readInteger(row, 'authors'),
      firstCommitAt: readIntegerOrNull(row, 'first_commit_at'),
      lastCommitAt: readIntegerOrNull(row, 'last_commit_at'),
    },
    lastBakedAtMs: readIntegerOrNull(row, 'last_baked_at_ms'),
    lastNewsAtMs: readIntegerOrNull(row, 'last_news_at_ms'),
    lastError: readTextOrNull(row, 'last_error'),
    remoteCheck: remoteCheckOf(row),
    movedTo: readTextOrNull(row, 'moved_to'),
    movedSeenAtMs: readIntegerOrNull(row, 'moved_seen_at_ms'),
  };
}

function remoteCheckOf(row: SqlRow): RemoteCheck | null {
  const spelling = readTextOrNull(row, 'look_spelling');
  return spelling === null ? null : { spelling, otherRefs: readInteger(row, 'look_other_refs') };
}

type Assignment = readonly [column: string, value: string | number | null];

/** Columns and their new values; a remote check is two columns. */
function assignmentsOf({ remoteCheck, ...change }: RepositoryChange): readonly Assignment[] {
  const plain = Object.entries(change)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]): Assignment => {
      const column = COLUMNS[field as keyof typeof COLUMNS];
      return [column, typeof value === 'boolean' ? Number(value) : value];
    });
  if (remoteCheck === undefined) return plain;
  return [
    ...plain,
    ['look_spelling', remoteCheck?.spelling ?? null],
    ['look_other_refs', remoteCheck?.otherRefs ?? null],
  ];
}

/** What each order goes by, largest first; equal ones by URL. As `placeInList` has it. */
const ORDERS: Readonly<Record<RepositoryOrder, string>> = {
  change: 'coalesce(last_commit_at, 0)',
  commits: 'commits',
  size: 'coalesce(sizes.size, 0)',
  url: '0',
};
/** Materialized, SQLite makes an index of it; json_each alone would be gone through once a row. */
const SIZES = `WITH sizes(url, size) AS MATERIALIZED (
  SELECT value ->> 0, value ->> 1 FROM json_each(?))`;

const CHOICES: Readonly<Record<RepositoryChoice, string>> = {
  tracked: 'tracked = 1',
  untracked: 'tracked = 0',
  failing: "state NOT IN ('ok', 'new')",
};

type Condition = readonly [sql: string, ...values: (string | number)[]];

function conditionsOf({ text, choice }: Pick<RepositoryFilter, 'text' | 'choice'>): Condition[] {
  return [
    ...(choice === undefined ? [] : [[CHOICES[choice]] as const]),
    ...(text === undefined ? [] : [['instr(lower(repositories.url), lower(?)) > 0', text] as const]),
  ];
}

function whereOf(conditions: readonly Condition[]) {
  return {
    where: `WHERE ${['1', ...conditions.map(([sql]) => sql)].join(' AND ')}`,
    values: conditions.flatMap(([, ...values]) => values),
  };
}

function listRepositories(database: Database, filter: RepositoryFilter): Repository[] {
  const { order = 'url', sizes = new Map<string, number>(), after, limit = -1 } = filter;
  const value = ORDERS[order];
  const isBehind: Condition[] = after
    ? [[`(-${value}, repositories.url) > (?, ?)`, -after.value, after.url]]
    : [];
  const { where, values } = whereOf([...conditionsOf(filter), ...isBehind]);
  const end = `${where} ORDER BY ${order === 'url' ? '' : `${value} DESC, `}repositories.url LIMIT ?`;
  const rows =
    order === 'size'
      ? database.all(
          `${SIZES} ${SELECT} LEFT JOIN sizes ON sizes.url = repositories.url ${end}`,
          JSON.stringify([...sizes]),
          ...values,
          limit,
        )
      : database.all(`${SELECT} ${end}`, ...values, limit);
  return rows.map(toRepository);
}

function countRepositories(database: Database, filter: Pick<RepositoryFilter, 'text' | 'choice'>): number {
  const { where, values } = whereOf(conditionsOf(filter));
  return readInteger(
    database.first(`SELECT count(*) AS count FROM repositories ${where}`, ...values) ?? {},
    'count',
  );
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
    async update(id, change) {
      const assignments = assignmentsOf(change);
      if (assignments.length === 0) return;
      const columns = assignments.map(([column]) => `${column} = ?`).join(', ');
      await database.write(() => {
        database
          .statement(`UPDATE repositories SET ${columns} WHERE id = ?`)
          .run(...assignments.map(([, value]) => value), id);
      });
    },
  };
}
