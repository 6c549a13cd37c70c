import type { Database } from './database.ts';

const HOUR_OF_WEEK = '((authored_at + authored_zone * 60 + 259200) % 604800 + 604800) % 604800 / 3600';
// Other repositories may have written between: their commits in this range of ids are passed over.
const NEW_COMMITS = 'FROM commits NOT INDEXED WHERE repository_id = ?1 AND id >= ?2';
const STATEMENTS = [
  `INSERT INTO author_days (repository_id, author_id, day, commits, merges)
   SELECT ?1, author_id, committed_at / 86400 AS day, count(*), sum(parent_count > 1)
   ${NEW_COMMITS} GROUP BY author_id, day
   ON CONFLICT DO UPDATE SET commits = commits + excluded.commits, merges = merges + excluded.merges`,
  `INSERT INTO repository_days (repository_id, day, commits, merges)
   SELECT ?1, committed_at / 86400 AS day, count(*), sum(parent_count > 1)
   ${NEW_COMMITS} GROUP BY day
   ON CONFLICT DO UPDATE SET commits = commits + excluded.commits, merges = merges + excluded.merges`,
  `INSERT INTO repository_hours (repository_id, four_weeks, hour_of_week, commits)
   SELECT ?1, committed_at / 2419200 AS four_weeks, ${HOUR_OF_WEEK} AS hour, count(*)
   ${NEW_COMMITS} GROUP BY four_weeks, hour
   ON CONFLICT DO UPDATE SET commits = commits + excluded.commits`,
];

/**
 * Counts commits of a repository into the daily roll-ups: those from an id on, which must not be in them yet. Within
 * the transaction that stores them. What is deleted is taken out by the trigger `commits_removed`.
 */
export function rollUp(database: Database, repositoryId: number, fromId: number): void {
  for (const sql of STATEMENTS) database.statement(sql).run(repositoryId, fromId);
}
