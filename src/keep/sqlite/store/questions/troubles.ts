import type { Questions, StoreTrouble } from '../../../store/questions.ts';
import { readInteger, readIntegerOrNull, readTextOrNull } from '../../../store/rows/columns.ts';
import type { Database } from '../../database.ts';

/** Since when a repository has not been read: since its last bake, or since it is tracked. */
const SINCE = `coalesce(last_baked_at_ms,
    (SELECT min(since_ms) FROM tracking WHERE repository_id = repositories.id))`;
/** With the columns of one aggregate, SQLite takes the others from the row that has the maximum. */
const REPOSITORIES = `
  SELECT state AS stage, NULL AS code, url AS subject, url || ': ' || coalesce(last_error, '') AS example, count(*) AS count,
         max(${SINCE}) AS last_at
  FROM repositories WHERE state NOT IN ('ok', 'new') GROUP BY state`;
const CHANGESETS = `
  SELECT NULL AS stage, url AS subject, json_extract(last_error, '$.code') AS code, json_extract(last_error, '$.message') AS example,
         count(*) AS count, max(last_sync_at_ms) AS last_at
  FROM changesets WHERE last_error IS NOT NULL AND (SELECT sum(failing) FROM changeset_totals) > 0 GROUP BY code`;

/** Questions about what is stuck. */
export function troubleQuestions(
  database: Database,
): Pick<Questions, 'troubledRepositories' | 'failingChangesets'> {
  const troubles = (sql: string): StoreTrouble[] =>
    database.all(sql).map(row => ({
      stage: readTextOrNull(row, 'stage'),
      code: readTextOrNull(row, 'code'),
      subject: readTextOrNull(row, 'subject'),
      count: readInteger(row, 'count'),
      example: readTextOrNull(row, 'example') ?? '',
      lastAtMs: readIntegerOrNull(row, 'last_at'),
    }));
  return {
    troubledRepositories: async () => troubles(REPOSITORIES),
    failingChangesets: async () => troubles(CHANGESETS),
  };
}
