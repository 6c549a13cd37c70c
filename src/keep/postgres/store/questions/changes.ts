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
         WHERE repository_id = ${REPOSITORIES} AND changes > 0 AND path ILIKE ANY ($2::text[])`;
      return changedPathsOf(await database.first(sql, [repositoryIds, patterns]));
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
    async hoursOfWeek(commitIds) {
      const sql = `
        SELECT ${joined(HOUR_OF_WEEK, 'hours')} FROM commits WHERE id = ANY ($1::bigint[])`;
      return joinedNumbers((await database.first(sql, [commitIds]))?.hours);
    },
    async repositoryUrls(ids) {
      const rows = await database.query(`SELECT id, url FROM repositories WHERE id = ${REPOSITORIES}`, [ids]);
      return new Map(rows.map(row => [readInteger(row, 'id'), readText(row, 'url')]));
    },
  };
}

/** The numbers of a column as one text. */
function joined(column: string, name: string): string {
  return `array_to_string(array_agg(${column}), ',') AS ${name}`;
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
      FROM file_changes WHERE path_id = ANY ($1::bigint[]) AND day >= $2 AND day < $3 ${exceptBots(scope)}`;
  const row = await database.first(sql, [pathIds, since, until]);
  return fileChangeColumns(row);
}
