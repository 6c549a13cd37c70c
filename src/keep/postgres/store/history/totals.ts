import { readInteger, readIntegerOrNull } from '../../../store/rows/columns.ts';
import type { RepositoryTotals } from '../../../store/types.ts';
import type { SqlExecutor } from '../../executor.ts';

const TOTALS = `
  UPDATE repositories SET commits = counted.commits, authors = counted.authors
    FROM (SELECT coalesce(sum(commits), 0) AS commits,
                 count(DISTINCT (mapped_name, mapped_email)) FILTER (WHERE commits > 0) AS authors
            FROM identities WHERE repository_id = $1) AS counted
   WHERE id = $1
  RETURNING repositories.commits, repositories.authors, first_commit_at, last_commit_at`;
/** Dates that can be (see `isPlausibleDay` in insights/activity.ts); where a repository has none, those that are there. */
const DATES = `
  UPDATE repositories SET
    first_commit_at = coalesce(
      (SELECT min(committed_at) FROM commits WHERE repository_id = $1 AND committed_at BETWEEN 86400 AND $2),
      (SELECT min(committed_at) FROM commits WHERE repository_id = $1)),
    last_commit_at = coalesce(
      (SELECT max(committed_at) FROM commits WHERE repository_id = $1 AND committed_at BETWEEN 86400 AND $2),
      (SELECT max(committed_at) FROM commits WHERE repository_id = $1))
   WHERE id = $1`;
const DAY_SECONDS = 86_400;

/**
 * Computes a repository's totals, stores them with it and answers with them; within a transaction, all commits
 * counted. Its cost grows with the number of people, not of commits.
 * @param nowMs tells which dates cannot be yet; undefined where no commit has come or gone, so that the dates stay
 */
export async function renewTotals(
  transaction: SqlExecutor,
  repositoryId: number,
  nowMs: number | undefined,
): Promise<RepositoryTotals> {
  if (nowMs !== undefined) {
    const endOfTomorrow = (Math.floor(nowMs / 1000 / DAY_SECONDS) + 2) * DAY_SECONDS - 1;
    await transaction.execute(DATES, [repositoryId, endOfTomorrow]);
  }
  const row = (await transaction.first(TOTALS, [repositoryId])) ?? {};
  return {
    commits: readInteger(row, 'commits'),
    authors: readInteger(row, 'authors'),
    firstCommitAt: readIntegerOrNull(row, 'first_commit_at'),
    lastCommitAt: readIntegerOrNull(row, 'last_commit_at'),
  };
}
