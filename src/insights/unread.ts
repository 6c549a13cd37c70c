import type { InsightDatabase } from './insight-database.ts';

/** A repository with commits of which it is not known what they changed. */
export interface UnreadChurn {
  /** URL. */
  readonly repository: string;
  /** `begun`: of some of them it is. */
  readonly state: 'none' | 'begun';
}

/** Which of these repositories have commits whose churn has not been read, by URL: figures of theirs fall short. */
export async function unreadChurn(
  source: InsightDatabase,
  repositoryIds: readonly number[],
): Promise<UnreadChurn[]> {
  const rows = await source.query(
    `SELECT url, EXISTS (SELECT 1 FROM paths WHERE repository_id = repositories.id AND changes > 0) AS begun
       FROM repositories WHERE id IN (SELECT value FROM json_each(?))
        AND EXISTS (SELECT 1 FROM commits INDEXED BY commits_by_time
                     WHERE repository_id = repositories.id AND id > churned_to
                       AND NOT EXISTS (SELECT 1 FROM commit_churn WHERE commit_id = commits.id))
      ORDER BY url`,
    [JSON.stringify(repositoryIds)],
  );
  return rows.map(({ url, begun }) => ({ repository: String(url), state: begun === 1 ? 'begun' : 'none' }));
}
