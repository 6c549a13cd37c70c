import type { Scope } from '../../../store/questions.ts';
import { changedPathsOf, fileChangeColumns, joinedNumbers } from '../../../store/rows/changes.ts';
import { readInteger, readText } from '../../../store/rows/columns.ts';
import type { ChangeSource, FileChangeColumns } from '../../../store/touched/change-source.ts';
import { distinct } from '../../../store/touched/distinct.ts';
import type { Database } from '../../database.ts';
import { HOUR_OF_WEEK } from './commits.ts';
import { exceptBots, REPOSITORIES, scopeParams } from './scope.ts';

/** `ChangeSource` on SQLite. Numbers come as texts: a row each would cost ten times as much to hand over. */
export function changeSource(database: Database): ChangeSource {
  return {
    async pathsLike(repositoryIds, patterns) {
      const sql = `
        SELECT group_concat(id) AS ids, group_concat(changes) AS changes, json_group_array(path) AS paths
          FROM paths WHERE repository_id IN ${REPOSITORIES} AND changes > 0
           AND (${patterns.map(() => 'path LIKE ?').join(' OR ')})`;
      return changedPathsOf(database.first(sql, JSON.stringify(repositoryIds), ...patterns));
    },
    async changesOf(pathIds, scope, withLines) {
      return changesOf(database, pathIds, scope, withLines);
    },
    async authors(ids) {
      const sql = `
        SELECT identities.id, repository_id, person_id, people.name, people.email
          FROM identities JOIN people ON people.id = person_id
         WHERE identities.id IN (SELECT value FROM json_each(?))`;
      return new Map(
        database.all(sql, JSON.stringify(ids)).map(row => [
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
      const sql = 'SELECT id, committed_at FROM commits WHERE id IN (SELECT value FROM json_each(?))';
      const rows = database.all(sql, JSON.stringify(ids));
      return new Map(rows.map(row => [readInteger(row, 'id'), readInteger(row, 'committed_at')]));
    },
    async hoursOfWeek(pathIds, scope) {
      const { commitIds } = changesOf(database, pathIds, scope, false);
      const sql = `
        SELECT group_concat(${HOUR_OF_WEEK}) AS hours FROM json_each(?) CROSS JOIN commits ON commits.id = value`;
      return joinedNumbers(database.first(sql, JSON.stringify(distinct(commitIds)))?.hours);
    },
    async repositoryUrls(ids) {
      const rows = database.all(
        `SELECT id, url FROM repositories WHERE id IN ${REPOSITORIES}`,
        JSON.stringify(ids),
      );
      return new Map(rows.map(row => [readInteger(row, 'id'), readText(row, 'url')]));
    },
  };
}

function changesOf(
  database: Database,
  pathIds: readonly number[],
  scope: Scope,
  withLines: boolean,
): FileChangeColumns {
  const [, since, until] = scopeParams(scope);
  const lines = withLines
    ? ', group_concat(coalesce(added, 0)) AS added, group_concat(coalesce(removed, 0)) AS removed'
    : '';
  const sql = `
    SELECT group_concat(commit_id) AS commits, group_concat(day) AS days, group_concat(author_id) AS authors ${lines}
      FROM json_each(?1) CROSS JOIN file_changes INDEXED BY file_changes_by_path ON path_id = value
     WHERE day >= ?2 AND day < ?3 ${exceptBots(scope)}`;
  const row = database.first(sql, JSON.stringify(pathIds), since, until);
  return fileChangeColumns(row);
}
