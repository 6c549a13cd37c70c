import type { DatedScope, FileChanges, Questions, Scope } from '../../../store/questions.ts';
import { readInteger, readIntegerOrNull, readText, type SqlRow } from '../../../store/rows/columns.ts';
import type { ChangedPath } from '../../../store/touched/change-source.ts';
import { hasPaths, pathsMeant } from '../../../store/touched/path-questions.ts';
import type { SqlExecutor } from '../../executor.ts';
import { changeSource } from './changes.ts';
import { datedDays, exceptBots, scopeParams } from './scope.ts';

/** Paths looked at in one step after the first, which over the whole history is all that is needed. */
const SHORTEST_STEP = 50;
const LONGEST_STEP = 3_200;

/** Where a path stands among all of them. */
type PathRank = Pick<ChangedPath, 'id' | 'changes'>;

export function hotSpotQuestions(database: SqlExecutor): Pick<Questions, 'mostChangedFiles'> {
  return { mostChangedFiles: (scope, limit) => mostChangedFiles(database, scope, limit) };
}

/**
 * A file has at most as many changes in the scope as ever. So files are looked at in order of all their changes,
 * until the next one has no more of them than the last one wanted has in the scope.
 */
async function mostChangedFiles(
  database: SqlExecutor,
  scope: DatedScope,
  limit: number,
): Promise<FileChanges[]> {
  const meant = hasPaths(scope) ? await pathsMeant(changeSource(database), scope) : undefined;
  let most: SqlRow[] = [];
  let looked = 0;
  let after: PathRank = { changes: Number.MAX_SAFE_INTEGER, id: 0 };
  for (let step = limit; ; step = Math.min(Math.max(step * 2, SHORTEST_STEP), LONGEST_STEP)) {
    const paths = meant?.slice(looked, looked + step) ?? (await nextPaths(database, scope, after, step));
    looked += step;
    most.push(
      ...(await changesOf(
        database,
        scope,
        paths.map(({ id }) => id),
      )),
    );
    most.sort(
      (one, other) => readInteger(other, 'changes') - readInteger(one, 'changes') || byPath(one, other),
    );
    most = most.slice(0, limit);
    const last = paths.at(-1);
    if (last === undefined || paths.length < step) break;
    after = last;
    const least = most.at(-1);
    if (most.length === limit && least && readInteger(least, 'changes') >= after.changes) break;
  }
  const people = await peopleOf(database, scope, most.map(idOf));
  return most.map(row => ({
    repository: readText(row, 'repository'),
    path: readText(row, 'path'),
    changes: readInteger(row, 'changes'),
    people: people.get(idOf(row)) ?? 0,
    added: readInteger(row, 'added'),
    removed: readInteger(row, 'removed'),
    lastChangeDay: readIntegerOrNull(row, 'last_day'),
  }));
}

function idOf(row: SqlRow): number {
  return readInteger(row, 'id');
}

function byPath(one: SqlRow, other: SqlRow): number {
  return readText(one, 'path') < readText(other, 'path') ? -1 : 1;
}

/** The next paths by all their changes, most first; the index has those of each repository in that order. */
async function nextPaths(
  database: SqlExecutor,
  { repositoryIds }: Scope,
  after: PathRank,
  limit: number,
): Promise<PathRank[]> {
  const sql = `
    SELECT of_one.* FROM unnest($1::bigint[]) AS one CROSS JOIN LATERAL (
      SELECT id, changes FROM paths
       WHERE repository_id = one AND changes > 0 AND (changes, id) < ($2::bigint, $3::bigint)
       ORDER BY changes DESC, id DESC LIMIT $4) AS of_one
     ORDER BY changes DESC, id DESC LIMIT $4`;
  const rows = await database.query(sql, [repositoryIds, after.changes, after.id, limit]);
  return rows.map(row => ({ id: idOf(row), changes: readInteger(row, 'changes') }));
}

function changesOf(database: SqlExecutor, scope: DatedScope, ids: readonly number[]): Promise<SqlRow[]> {
  const [, since, until] = scopeParams(scope);
  const sql = `
    SELECT paths.id, url AS repository, path, summed.* FROM (
      SELECT path_id, count(*) AS changes, coalesce(sum(added), 0) AS added, coalesce(sum(removed), 0) AS removed,
             max(day) FILTER (WHERE day >= $4 AND day < $5) AS last_day
        FROM file_changes WHERE path_id = ANY($1::bigint[]) AND day >= $2 AND day < $3 ${exceptBots(scope)}
       GROUP BY path_id) AS summed
    JOIN paths ON paths.id = path_id JOIN repositories ON repositories.id = repository_id`;
  return database.query(sql, [ids, since, until, ...datedDays(scope)]);
}

/** How many people changed each file. */
async function peopleOf(
  database: SqlExecutor,
  scope: Scope,
  ids: readonly number[],
): Promise<Map<number, number>> {
  const [, since, until] = scopeParams(scope);
  const sql = `
    SELECT path_id AS id, count(DISTINCT coalesce(nullif(lower(btrim(people.email)), ''), person_id::text)) AS people
      FROM (SELECT DISTINCT path_id, author_id FROM file_changes
             WHERE path_id = ANY($1::bigint[]) AND day >= $2 AND day < $3 ${exceptBots(scope)}) AS changed
      JOIN identities ON identities.id = author_id JOIN people ON people.id = person_id GROUP BY path_id`;
  const rows = await database.query(sql, [ids, since, until]);
  return new Map(rows.map(row => [idOf(row), readInteger(row, 'people')]));
}
