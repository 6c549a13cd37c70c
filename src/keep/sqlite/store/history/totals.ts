import type { RepositoryTotals } from '../../../store/types.ts';
import type { Database } from '../../database.ts';

const TOTALS = `
  SELECT (SELECT coalesce(sum(commits), 0) FROM identities WHERE repository_id = ?1) AS commits,
         (SELECT count(*) FROM (SELECT DISTINCT mapped_name, mapped_email FROM identities
                                WHERE repository_id = ?1 AND commits > 0)) AS authors,
         first_commit_at AS first, last_commit_at AS last
    FROM repositories WHERE id = ?1`;
/** Dates that can be (see `isPlausibleDay` in insights/activity.ts); where a repository has none, those that are there. */
const DATES = `
  UPDATE repositories SET
    first_commit_at = coalesce(
      (SELECT min(committed_at) FROM commits WHERE repository_id = ?1 AND committed_at BETWEEN 86400 AND ?2),
      (SELECT min(committed_at) FROM commits WHERE repository_id = ?1)),
    last_commit_at = coalesce(
      (SELECT max(committed_at) FROM commits WHERE repository_id = ?1 AND committed_at BETWEEN 86400 AND ?2),
      (SELECT max(committed_at) FROM commits WHERE repository_id = ?1))
   WHERE id = ?1`;
const STORE_TOTALS = `
  UPDATE repositories SET commits = ?, authors = ? WHERE id = ?`;
const DAY_SECONDS = 86_400;

/**
 * Computes a repository's totals, stores them with it and answers with them; within a transaction, all commits
 * settled. Its cost grows with the number of people, not of commits.
 * @param nowMs tells which dates cannot be yet; undefined where no commit has come or gone, so that the dates stay
 */
export function renewTotals(
  database: Database,
  repositoryId: number,
  nowMs: number | undefined,
): RepositoryTotals {
  if (nowMs !== undefined) {
    const endOfTomorrow = (Math.floor(nowMs / 1000 / DAY_SECONDS) + 2) * DAY_SECONDS - 1;
    database.statement(DATES).run(repositoryId, endOfTomorrow);
  }
  const row = database.statement(TOTALS).get(repositoryId);
  const totals: RepositoryTotals = {
    commits: Number(row?.commits),
    authors: Number(row?.authors),
    firstCommitAt: row?.first == null ? null : Number(row.first),
    lastCommitAt: row?.last == null ? null : Number(row.last),
  };
  database.statement(STORE_TOTALS).run(totals.commits, totals.authors, repositoryId);
  return totals;
}
