import type { SqlRow } from '../keep/store/store.ts';
import { exceptBots, type InsightDatabase, type Scope, scopeParams } from './insight-database.ts';
import { readNumbers } from './numbers.ts';

export interface HotSpot {
  /** URL of the repository. */
  readonly repository: string;
  readonly path: string;
  /** Commits that changed the file. */
  readonly changes: number;
  /** How many people they are by. */
  readonly people: number;
  /** Lines. */
  readonly added: number;
  readonly removed: number;
  /** Days since the epoch. */
  readonly lastChangeDay: number;
}

/** Paths looked at in one step after the first, which over the whole history is all that is needed. */
const SHORTEST_STEP = 50;
const LONGEST_STEP = 3_200;

/**
 * Files changed most often, with how many people changed them: where trouble gathers. Only commits whose churn has
 * been read count; a renamed file counts under each of its names.
 *
 * A file has at most as many changes in the scope as ever. So files are looked at in order of all their changes,
 * until the next one has no more of them than the last one wanted has in the scope.
 */
export async function hotSpots(source: InsightDatabase, scope: Scope, limit: number): Promise<HotSpot[]> {
  let found: SqlRow[] = [];
  let after = { changes: Number.MAX_SAFE_INTEGER, id: 0 };
  for (let step = limit; ; step = Math.min(Math.max(step * 2, SHORTEST_STEP), LONGEST_STEP)) {
    const paths = await mostChanged(source, scope, after, step);
    const ids = paths.map(row => Number(row.id));
    found.push(...(await changesOf(source, scope, ids)));
    found.sort((one, other) => Number(other.changes) - Number(one.changes) || compare(one, other));
    found = found.slice(0, limit);
    const last = paths.at(-1);
    if (last === undefined || paths.length < step) break;
    after = { changes: Number(last.changes), id: Number(last.id) };
    if (found.length === limit && Number(found.at(-1)?.changes) >= after.changes) break;
  }
  const people = await peopleOf(
    source,
    scope,
    found.map(row => Number(row.id)),
  );
  return found.map(row => ({
    repository: String(row.repository),
    path: String(row.path),
    changes: Number(row.changes),
    people: people.get(Number(row.id)) ?? 0,
    added: Number(row.added),
    removed: Number(row.removed),
    lastChangeDay: Number(row.last_day),
  }));
}

function compare(one: SqlRow, other: SqlRow): number {
  return String(one.path) < String(other.path) ? -1 : 1;
}

/** The next paths by all their changes, most first. */
function mostChanged(
  source: InsightDatabase,
  { repositoryIds: ids }: Scope,
  after: { readonly changes: number; readonly id: number },
  limit: number,
): Promise<SqlRow[]> {
  // Of one repository the index has them in order; of several they are sorted.
  const [only] = ids;
  const ofThem = ids.length === 1 ? '= ?1' : 'IN (SELECT value FROM json_each(?1))';
  return source.query(
    `SELECT id, changes FROM paths
      WHERE repository_id ${ofThem} AND changes > 0 AND (changes, id) < (?2, ?3)
      ORDER BY changes DESC, id DESC LIMIT ?4`,
    [ids.length === 1 ? (only ?? 0) : JSON.stringify(ids), after.changes, after.id, limit],
  );
}

function changesOf(source: InsightDatabase, scope: Scope, ids: readonly number[]): Promise<SqlRow[]> {
  const [, since = 0, until = 0] = scopeParams(scope);
  return source.query(
    `SELECT paths.id, url AS repository, path, summed.* FROM (
       SELECT path_id, count(*) AS changes, total(added) AS added, total(removed) AS removed, max(day) AS last_day
         FROM json_each(?1) CROSS JOIN file_changes INDEXED BY file_changes_by_path ON path_id = value
        WHERE day >= ?2 AND day < ?3 ${exceptBots(scope)} GROUP BY path_id) AS summed
     JOIN paths ON paths.id = path_id JOIN repositories ON repositories.id = repository_id`,
    [JSON.stringify(ids), since, until],
  );
}

/** How many people changed each file. Who they are is told apart here: SQLite's own DISTINCT takes twice as long. */
async function peopleOf(
  source: InsightDatabase,
  scope: Scope,
  ids: readonly number[],
): Promise<Map<number, number>> {
  const [, since = 0, until = 0] = scopeParams(scope);
  const rows = await source.query(
    `SELECT path_id AS id, group_concat(author_id) AS authors
       FROM json_each(?1) CROSS JOIN file_changes INDEXED BY file_changes_by_path ON path_id = value
      WHERE day >= ?2 AND day < ?3 ${exceptBots(scope)} GROUP BY path_id`,
    [JSON.stringify(ids), since, until],
  );
  const authors = new Map(rows.map(row => [Number(row.id), new Set(readNumbers(String(row.authors)))]));
  const all = [...new Set([...authors.values()].flatMap(some => [...some]))];
  const persons = await source.query(
    'SELECT id, person_id FROM identities WHERE id IN (SELECT value FROM json_each(?))',
    [JSON.stringify(all)],
  );
  const personOf = new Map(persons.map(row => [Number(row.id), Number(row.person_id)]));
  return new Map(
    [...authors].map(([path, some]) => [path, new Set([...some].map(id => personOf.get(id))).size]),
  );
}
