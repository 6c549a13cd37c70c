import type { DatedScope, FileChanges, Questions, Scope } from '../../../store/questions.ts';
import { readInteger, readIntegerOrNull, readText, type SqlRow } from '../../../store/rows/columns.ts';
import { readNumbers } from '../../../store/rows/numbers.ts';
import { personKey } from '../../../store/rows/people.ts';
import type { ChangedPath } from '../../../store/touched/change-source.ts';
import { hasPaths, pathsMeant } from '../../../store/touched/path-questions.ts';
import type { Database } from '../../database.ts';
import { changeSource } from './changes.ts';
import { datedDays, exceptBots, REPOSITORIES, scopeParams } from './scope.ts';

/** Paths looked at in one step after the first, which over the whole history is all that is needed. */
const SHORTEST_STEP = 50;
const LONGEST_STEP = 3_200;

/** Where a path stands among all of them. */
type PathRank = Pick<ChangedPath, 'id' | 'changes'>;

export function hotSpotQuestions(database: Database): Pick<Questions, 'mostChangedFiles'> {
  return {
    async mostChangedFiles(scope, limit) {
      return mostChangedFiles(database, scope, limit);
    },
  };
}

/**
 * A file has at most as many changes in the scope as ever. So files are looked at in order of all their changes,
 * until the next one has no more of them than the last one wanted has in the scope.
 */
async function mostChangedFiles(
  database: Database,
  scope: DatedScope,
  limit: number,
): Promise<FileChanges[]> {
  const meant = hasPaths(scope) ? await pathsMeant(changeSource(database), scope) : undefined;
  let most: SqlRow[] = [];
  let looked = 0;
  let after: PathRank = { changes: Number.MAX_SAFE_INTEGER, id: 0 };
  for (let step = limit; ; step = Math.min(Math.max(step * 2, SHORTEST_STEP), LONGEST_STEP)) {
    const paths = meant?.slice(looked, looked + step) ?? nextPaths(database, scope, after, step);
    looked += step;
    most.push(
      ...changesOf(
        database,
        scope,
        paths.map(({ id }) => id),
      ),
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
  const people = peopleOf(database, scope, most.map(idOf));
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

/** The next paths by all their changes, most first. */
function nextPaths(
  database: Database,
  { repositoryIds: ids }: Scope,
  after: PathRank,
  limit: number,
): PathRank[] {
  // Of one repository the index has them in order; of several they are sorted.
  const [only] = ids;
  const ofThem = ids.length === 1 ? '= ?1' : `IN ${REPOSITORIES}`;
  const sql = `
    SELECT id, changes FROM paths
     WHERE repository_id ${ofThem} AND changes > 0 AND (changes, id) < (?2, ?3)
     ORDER BY changes DESC, id DESC LIMIT ?4`;
  return database
    .all(sql, ids.length === 1 ? (only ?? 0) : JSON.stringify(ids), after.changes, after.id, limit)
    .map(row => ({ id: idOf(row), changes: readInteger(row, 'changes') }));
}

function changesOf(database: Database, scope: DatedScope, ids: readonly number[]): SqlRow[] {
  const [, since, until] = scopeParams(scope);
  const sql = `
    SELECT paths.id, url AS repository, path, summed.* FROM (
      SELECT path_id, count(*) AS changes, total(added) AS added, total(removed) AS removed,
             max(CASE WHEN day >= ?4 AND day < ?5 THEN day END) AS last_day
        FROM json_each(?1) CROSS JOIN file_changes INDEXED BY file_changes_by_path ON path_id = value
       WHERE day >= ?2 AND day < ?3 ${exceptBots(scope)} GROUP BY path_id) AS summed
    JOIN paths ON paths.id = path_id JOIN repositories ON repositories.id = repository_id`;
  return database.all(sql, JSON.stringify(ids), since, until, ...datedDays(scope));
}

/** How many people changed each file. Who they are is counted here: SQLite's own DISTINCT takes twice as long. */
function peopleOf(database: Database, scope: Scope, ids: readonly number[]): Map<number, number> {
  const [, since, until] = scopeParams(scope);
  const sql = `
    SELECT path_id AS id, group_concat(author_id) AS authors
      FROM json_each(?1) CROSS JOIN file_changes INDEXED BY file_changes_by_path ON path_id = value
     WHERE day >= ?2 AND day < ?3 ${exceptBots(scope)} GROUP BY path_id`;
  const rows = database.all(sql, JSON.stringify(ids), since, until);
  const authors = new Map(rows.map(row => [idOf(row), new Set(readNumbers(readText(row, 'authors')))]));
  const everybody = [...new Set([...authors.values()].flatMap(some => [...some]))];
  const persons = database.all(
    `SELECT identities.id, person_id, people.email FROM identities JOIN people ON people.id = person_id
      WHERE identities.id IN (SELECT value FROM json_each(?))`,
    JSON.stringify(everybody),
  );
  const personOf = new Map(
    persons.map(row => [idOf(row), personKey(readInteger(row, 'person_id'), readText(row, 'email'))]),
  );
  return new Map(
    [...authors].map(([path, some]) => [path, new Set([...some].map(id => personOf.get(id))).size]),
  );
}
