import type { SqlExecutor } from '../../executor.ts';

/** Takes commits out with all that hangs on them, and out of all that counts them. @returns one row, `removed` */
const REMOVE = `
  WITH gone AS (
    DELETE FROM commits WHERE repository_id = $1
       AND hash = ANY (SELECT decode(hash, 'hex') FROM unnest($2::text[]) AS given (hash))
    RETURNING id, author_id, committed_at / 86400 AS day, committed_at / 2419200 AS four_weeks,
      ((authored_at + authored_zone * 60 + 259200) % 604800 + 604800) % 604800 / 3600 AS hour, parent_count),
  churn AS (
    DELETE FROM commit_churn USING gone WHERE commit_id = gone.id RETURNING commit_id, files, added, removed),
  changes AS (DELETE FROM file_changes USING gone WHERE commit_id = gone.id RETURNING path_id),
  messages AS (DELETE FROM commit_messages USING gone WHERE commit_id = gone.id),
  authors AS (DELETE FROM co_authors USING gone WHERE commit_id = gone.id),
  fewer AS (
    UPDATE paths SET changes = paths.changes - taken.changes
      FROM (SELECT path_id, count(*) AS changes FROM changes GROUP BY path_id) AS taken WHERE paths.id = path_id),
  identities AS (
    UPDATE identities SET commits = identities.commits - taken.commits
      FROM (SELECT author_id, count(*) AS commits FROM gone GROUP BY author_id) AS taken WHERE identities.id = author_id),
  sums AS (
    SELECT author_id, day, count(*) AS commits, count(*) FILTER (WHERE parent_count > 1) AS merges,
           coalesce(sum(files), 0) AS files, coalesce(sum(added), 0) AS added, coalesce(sum(removed), 0) AS removed
      FROM gone LEFT JOIN churn ON commit_id = gone.id GROUP BY author_id, day),
  authors_days AS (
    UPDATE author_days AS rolled SET commits = rolled.commits - sums.commits, merges = rolled.merges - sums.merges,
      files = rolled.files - sums.files, added = rolled.added - sums.added, removed = rolled.removed - sums.removed
      FROM sums WHERE repository_id = $1 AND rolled.author_id = sums.author_id AND rolled.day = sums.day),
  days AS (
    UPDATE repository_days AS rolled SET commits = rolled.commits - taken.commits, merges = rolled.merges - taken.merges,
      files = rolled.files - taken.files, added = rolled.added - taken.added, removed = rolled.removed - taken.removed
      FROM (SELECT day, sum(commits) AS commits, sum(merges) AS merges, sum(files) AS files, sum(added) AS added,
                   sum(removed) AS removed FROM sums GROUP BY day) AS taken
     WHERE repository_id = $1 AND rolled.day = taken.day),
  hours AS (
    UPDATE repository_hours AS rolled SET commits = rolled.commits - taken.commits
      FROM (SELECT four_weeks, hour, count(*) AS commits FROM gone GROUP BY four_weeks, hour) AS taken
     WHERE repository_id = $1 AND rolled.four_weeks = taken.four_weeks AND rolled.hour_of_week = taken.hour),
  cursor AS (
    UPDATE repositories SET churned_to = least(churned_to, (SELECT min(id) FROM gone) - 1)
     WHERE id = $1 AND EXISTS (SELECT FROM gone))
  SELECT count(*) AS removed FROM gone`;
const DROP_EMPTY = ['author_days', 'repository_days', 'repository_hours'].map(
  table => `DELETE FROM ${table} WHERE repository_id = $1 AND commits = 0`,
);

/** Within a transaction, all commits of the repository counted. @returns how many were there */
export async function removeCommits(
  transaction: SqlExecutor,
  repositoryId: number,
  hashes: readonly string[],
): Promise<number> {
  const row = await transaction.first(REMOVE, [repositoryId, hashes]);
  const removed = Number(row?.removed);
  if (removed > 0) for (const sql of DROP_EMPTY) await transaction.execute(sql, [repositoryId]);
  return removed;
}
