import type { Questions, StoreTrouble } from '../../../store/questions.ts';
import { readInteger, readIntegerOrNull, readTextOrNull } from '../../../store/rows/columns.ts';
import type { SqlExecutor } from '../../executor.ts';

/** Since when a repository has not been read: since its last bake, or since it is tracked. */
const SINCE = `coalesce(last_baked_at_ms,
    (SELECT min(since_ms) FROM tracking WHERE repository_id = repositories.id))`;
/** Of each kind the newest, with how many there are. */
const REPOSITORIES = `
  SELECT DISTINCT ON (state) state AS stage, NULL AS code, url AS subject, url || ': ' || coalesce(last_error, '') AS example,
         count(*) OVER (PARTITION BY state) AS count, ${SINCE} AS last_at
    FROM repositories WHERE state NOT IN ('ok', 'new') ORDER BY state, last_at DESC NULLS LAST, id`;
const CHANGESETS = `
  SELECT DISTINCT ON (code) NULL AS stage, code, url AS subject, error ->> 'message' AS example,
         count(*) OVER (PARTITION BY code) AS count, last_sync_at_ms AS last_at
    FROM (SELECT id, url, last_sync_at_ms, last_error::json AS error, last_error::json ->> 'code' AS code
            FROM changesets WHERE last_error IS NOT NULL AND (SELECT sum(failing) FROM changeset_totals) > 0) AS failing
   ORDER BY code, last_sync_at_ms DESC NULLS LAST, id`;

/** Questions about what is stuck. */
export function troubleQuestions(
  database: SqlExecutor,
): Pick<Questions, 'troubledRepositories' | 'failingChangesets'> {
  const troubles = async (sql: string): Promise<StoreTrouble[]> =>
    (await database.query(sql)).map(row => ({
      stage: readTextOrNull(row, 'stage'),
      code: readTextOrNull(row, 'code'),
      subject: readTextOrNull(row, 'subject'),
      count: readInteger(row, 'count'),
      example: readTextOrNull(row, 'example') ?? '',
      lastAtMs: readIntegerOrNull(row, 'last_at'),
    }));
  return {
    troubledRepositories: () => troubles(REPOSITORIES),
    failingChangesets: () => troubles(CHANGESETS),
  };
}
