import type { Scope } from '../../../store/questions.ts';
import { changedPathsOf, fileChangeColumns, joinedNumbers } from '../../../store/rows/changes.ts';
import { readInteger, readText } from '../../../store/rows/columns.ts';
import type { ChangeSource, FileChangeColumns } from '../../../store/touched/change-source.ts';
import type { SqlExecutor } from '../../executor.ts';
import { HOUR_OF_WEEK } from './commits.ts';
import { exceptBots, REPOSITORIES, scopeParams } from './scope.ts';

/** `ChangeSource` on Postgres. Numbers come as texts: a row each would cost ten times as much to hand over. */
export function changeSource(database: SqlExecutor): ChangeSource {
  return {
    async pathsLike(repositoryIds, patterns) {
      const sql = `
        SELECT ${joined('id', 'ids')}, ${joined('changes', 'changes')}, json_agg(path)::text AS paths FROM paths
         WHERE repository_id = ${REPOSITORIES} AND changes > 0
           AND path LIKE ANY ($2::text[]) AND lower(path) LIKE ANY ($3::text[])`;
      const lower = patterns.map(pattern => pattern.toLowerCase());
      return changedPathsOf(await database.first(sql, [repositoryIds, patterns.map(inAnyCase), lower]));
    },
    changesOf: (pathIds, scope, withLines) => changesOf(database, pathIds, scope, withLines),
    async authors(ids) {
      const sql = `
        SELECT identities.id, repository_id, person_id, people.name, people.email
          FROM identities JOIN people ON people.id = person_id WHERE identities.id = ANY ($1::bigint[])`;
      return new Map(
        (await database.query(sql, [ids])).map(row => [
          readInteger(row, 'id'),
          {
            repositoryId: readInteger(row, 'repository_id'),
            personId: readInteger(row, 'person_id'),
            name: readText(row, 'name'),
            email: readText(row, 'email'),
          },
        ]),
      );
    },
    async commitTimes(ids) {
      const sql = 'SELECT id, committed_at FROM commits WHERE id = ANY ($1::bigint[])';
      const rows = await database.query(sql, [ids]);
      return new Map(rows.map(row => [readInteger(row, 'id'), readInteger(row, 'committed_at')]));
    },
    async hoursOfWeek(pathIds, scope) {
      // An array, which the index sorts and follows from its beginning to its end, each commit once.
      const sql = `
        SELECT ${joined(HOUR_OF_WEEK, 'hours')} FROM commits
         WHERE id = ANY (ARRAY(SELECT commit_id ${fromChanges(scope)}))`;
      const [, since, until] = scopeParams(scope);
      return joinedNumbers((await database.first(sql, [pathIds, since, until]))?.hours);
    },
    async repositoryUrls(ids) {
      const rows = await database.query(`SELECT id, url FROM repositories WHERE id = ${REPOSITORIES}`, [ids]);
      return new Map(rows.map(row => [readInteger(row, 'id'), readText(row, 'url')]));
    },
  };
}

/**
 * A pattern of LIKE for all that one is like whatever the case of letters, and for more: any character for each letter.
 * ILIKE makes both texts anew for each path, which takes six times as long as LIKE; so LIKE leaves few to look at closer.
 */
function inAnyCase(pattern: string): string {
  return pattern.replace(/[a-z]/gi, '_');
}

/** The numbers of a column as one text. */
function joined(column: string, name: string): string {
  return `array_to_string(array_agg(${column}), ',') AS ${name}`;
}

/**
 * Changes of paths; parameters are their ids, and the days from `scopeParams`. Ids in a list, rather than a condition on
 * an array, spare the planner a guess for each of them.
 */
function fromChanges(scope: Scope): string {
  return `FROM unnest($1::bigint[]) AS meant (id) JOIN file_changes ON path_id = meant.id
           WHERE day >= $2 AND day < $3 ${exceptBots(scope)}`;
}

async function changesOf(
  database: SqlExecutor,
  pathIds: readonly number[],
  scope: Scope,
  withLines: boolean,
): Promise<FileChangeColumns> {
  const [, since, until] = scopeParams(scope);
  const lines = withLines
    ? `, ${joined('coalesce(added, 0)', 'added')}, ${joined('coalesce(removed, 0)', 'removed')}`
    : '';
  const sql = `
    SELECT ${joined('commit_id', 'commits')}, ${joined('day', 'days')}, ${joined('author_id', 'authors')} ${lines}
      ${fromChanges(scope)}`;
  const row = await database.first(sql, [pathIds, since, until]);
  return fileChangeColumns(row);
}
