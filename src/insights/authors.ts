import { type Scope, type Source, scopeConditions } from './source.ts';

export interface AuthorCommits {
  /** As the mailmap has it. */
  readonly name: string;
  readonly email: string;
  readonly commits: number;
  readonly firstCommitAt: number;
  readonly lastCommitAt: number;
}

/**
 * Authors by number of commits, most first: the order and figures of `git shortlog -sne --all`. An author is
 * a distinct name and e-mail after the mailmap.
 */
export async function topAuthors(source: Source, scope: Scope, limit: number): Promise<AuthorCommits[]> {
  if (scope.repositoryIds.length === 0) return [];
  const { sql, params } = scopeConditions(scope);
  const rows = await source.query(
    `SELECT mapped_name AS name, mapped_email AS email, sum(counted.commits) AS commits,
            min(first_commit_at) AS first_commit_at, max(last_commit_at) AS last_commit_at
       FROM (SELECT author_id, count(*) AS commits, min(committed_at) AS first_commit_at,
                    max(committed_at) AS last_commit_at
               FROM commits WHERE ${sql} GROUP BY author_id) AS counted
       JOIN identities ON identities.id = counted.author_id
      GROUP BY mapped_name, mapped_email
      ORDER BY commits DESC, name, email LIMIT ?`,
    [...params, limit],
  );
  return rows.map(row => ({
    name: String(row.name),
    email: String(row.email),
    commits: Number(row.commits),
    firstCommitAt: Number(row.first_commit_at),
    lastCommitAt: Number(row.last_commit_at),
  }));
}
