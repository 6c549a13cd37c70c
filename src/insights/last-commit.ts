import { exceptBots, type InsightDatabase, type Scope, scopeParams } from './insight-database.ts';

export interface LastCommit {
  /** URL. */
  readonly repository: string;
  /** Seconds since the epoch; null without commits. */
  readonly lastCommitAt: number | null;
  /** Seconds from then to now; negative where the commit's clock was ahead. */
  readonly ageS: number | null;
}

/** When something was last committed to each repository, longest ago first. */
export async function lastCommits(
  source: InsightDatabase,
  scope: Scope,
  nowMs: number,
): Promise<LastCommit[]> {
  const rows = await source.query(
    `SELECT url, (SELECT committed_at FROM commits INDEXED BY commits_by_time
                   WHERE repository_id = repositories.id AND committed_at >= ?2 * 86400
                     AND committed_at < ?3 * 86400 ${exceptBots(scope)}
                   ORDER BY committed_at DESC LIMIT 1) AS last
       FROM repositories WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY last, url`,
    scopeParams(scope),
  );
  return rows.map(({ url, last }) => {
    const lastCommitAt = last === null || last === undefined ? null : Number(last);
    const ageS = lastCommitAt === null ? null : Math.round(nowMs / 1000 - lastCommitAt);
    return { repository: String(url), lastCommitAt, ageS };
  });
}
