import type { RepositoryTotals } from '../../../store/types.ts';
import type { Database } from '../../database.ts';

const TOTALS = `
  SELECT (SELECT coalesce(sum(commits), 0) FROM identities WHERE repository_id = ?1) AS commits,
         (SELECT count(*) FROM (SELECT DISTINCT mapped_name, mapped_email FROM identities
                                WHERE repository_id = ?1 AND commits > 0)) AS authors,
         (SELECT min(committed_at) FROM commits WHERE repository_id = ?1) AS first,
         (SELECT max(committed_at) FROM commits WHERE repository_id = ?1) AS last`;
const STORE_TOTALS = `
  UPDATE repositories SET commits = ?, authors = ?, first_commit_at = ?, last_commit_at = ? WHERE id = ?`;

/**
 * Computes a repository's totals, stores them with it and answers with them; within a transaction, all commits
 * settled. Its cost grows with the number of people, not of commits.
 */
export function renewTotals(database: Database, repositoryId: number): RepositoryTotals {
  const row = database.statement(TOTALS).get(repositoryId);
  const totals: RepositoryTotals = {
    commits: Number(row?.commits),
    authors: Number(row?.authors),
    firstCommitAt: row?.first == null ? null : Number(row.first),
    lastCommitAt: row?.last == null ? null : Number(row.last),
  };
  database
    .statement(STORE_TOTALS)
    .run(totals.commits, totals.authors, totals.firstCommitAt, totals.lastCommitAt, repositoryId);
  return totals;
}
