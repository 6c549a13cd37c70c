import { exceptBots, IN_SCOPE, type InsightDatabase, type Scope, scopeParams } from './insight-database.ts';

export interface BusFactor {
  /** The fewest people who together wrote half of the commits or more; 0 without commits. */
  readonly factor: number;
  readonly commits: number;
  /** Everybody who wrote one. */
  readonly people: number;
  /** Those few, most commits first; `share` of all commits, 0 to 1. */
  readonly few: readonly {
    readonly name: string;
    readonly email: string;
    readonly commits: number;
    readonly share: number;
  }[];
}

/** How many people would have to leave until half of what was written is by people who are gone. */
export async function busFactor(source: InsightDatabase, scope: Scope): Promise<BusFactor> {
  const rows = await source.query(
    `SELECT people.name, people.email, sum(counted.commits) AS commits
       FROM (SELECT author_id, sum(commits) AS commits FROM author_days
              WHERE ${IN_SCOPE} ${exceptBots(scope)} GROUP BY repository_id, author_id) AS counted
       JOIN identities ON identities.id = author_id
       JOIN people ON people.id = person_id
      GROUP BY people.id ORDER BY commits DESC, people.name, people.email`,
    scopeParams(scope),
  );
  const commits = rows.reduce((sum, row) => sum + Number(row.commits), 0);
  const few: BusFactor['few'][number][] = [];
  let theirs = 0;
  for (const row of rows) {
    if (theirs * 2 >= commits) break;
    const own = Number(row.commits);
    theirs += own;
    few.push({ name: String(row.name), email: String(row.email), commits: own, share: own / commits });
  }
  return { factor: few.length, commits, people: rows.length, few };
}
