import { exceptBots, IN_SCOPE, type InsightDatabase, type Scope, scopeParams } from './insight-database.ts';

export interface AuthorCommits {
  /** As the mailmap, or a merge by hand, has it. */
  readonly name: string;
  readonly email: string;
  readonly commits: number;
  /** Lines of the commits whose churn has been read. */
  readonly added: number;
  readonly removed: number;
  /** Seconds since the epoch; within the scope. */
  readonly firstCommitAt: number;
  readonly lastCommitAt: number;
}

/** The commit of one day by one person that is first or last; a day is a small range of the index. */
function commitOf(end: 'min' | 'max', day: string): string {
  return `(SELECT ${end}(committed_at) FROM commits INDEXED BY commits_by_time
    WHERE repository_id IN (SELECT value FROM json_each(?1))
      AND committed_at >= ${day} * 86400 AND committed_at < (${day} + 1) * 86400
      AND author_id IN (SELECT id FROM identities WHERE person_id = top.id))`;
}

/**
 * Authors by number of commits, most first: the order and figures of `git shortlog -sne --all`. An author is
 * a distinct name and e-mail after the mailmap, unless e-mails were merged by hand.
 */
export async function topAuthors(
  source: InsightDatabase,
  scope: Scope,
  limit: number,
): Promise<AuthorCommits[]> {
  const rows = await source.query(
    `SELECT name, email, commits, added, removed, ${commitOf('min', 'first_day')} AS first_commit_at,
            ${commitOf('max', 'last_day')} AS last_commit_at
       FROM (SELECT people.id, people.name, people.email, sum(counted.commits) AS commits, sum(added) AS added,
                    sum(removed) AS removed, min(first_day) AS first_day, max(last_day) AS last_day
               FROM (SELECT author_id, sum(commits) AS commits, sum(added) AS added, sum(removed) AS removed,
                            min(day) AS first_day, max(day) AS last_day
                       FROM author_days WHERE ${IN_SCOPE} ${exceptBots(scope)}
                      GROUP BY repository_id, author_id) AS counted
               JOIN identities ON identities.id = author_id
               JOIN people ON people.id = person_id
              GROUP BY people.id ORDER BY commits DESC, people.name, people.email LIMIT ?4) AS top`,
    [...scopeParams(scope), limit],
  );
  return rows.map(row => ({
    name: String(row.name),
    email: String(row.email),
    commits: Number(row.commits),
    added: Number(row.added),
    removed: Number(row.removed),
    firstCommitAt: Number(row.first_commit_at),
    lastCommitAt: Number(row.last_commit_at),
  }));
}
