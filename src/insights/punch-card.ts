import { BOTS, IN_SCOPE, type Scope, type Source, scopeParams } from './source.ts';

export interface PunchCardHour {
  /** 1 Monday to 7 Sunday (ISO 8601). */
  readonly weekday: number;
  /** 0 to 23. */
  readonly hour: number;
  readonly commits: number;
}

const HOURS_OF_WEEK = 168;

const ALL = `
  SELECT hour_of_week AS hour, sum(commits) AS commits FROM repository_hours WHERE ${IN_SCOPE} GROUP BY hour_of_week`;
/** The roll-up knows no authors: what programs did is looked up by the days on which they did something. */
const OF_BOTS = `
  SELECT ((authored_at + authored_zone * 60 + 259200) % 604800 + 604800) % 604800 / 3600 AS hour, count(*) AS commits
    FROM author_days AS days CROSS JOIN commits INDEXED BY commits_by_time
      ON commits.repository_id = days.repository_id AND commits.author_id = days.author_id
     AND committed_at >= day * 86400 AND committed_at < (day + 1) * 86400
   WHERE days.repository_id IN (SELECT value FROM json_each(?1)) AND day >= ?2 AND day < ?3
     AND days.author_id IN (${BOTS})
   GROUP BY hour`;

/** Commits by weekday and hour, in each author's own time: all 168 hours of a week, Monday first. */
export async function punchCard(source: Source, scope: Scope): Promise<PunchCardHour[]> {
  const commits = new Array<number>(HOURS_OF_WEEK).fill(0);
  const add = (hour: number, more: number): void => {
    commits[hour] = (commits[hour] ?? 0) + more;
  };
  for (const row of await source.query(ALL, scopeParams(scope))) add(Number(row.hour), Number(row.commits));
  if (scope.withoutBots) {
    for (const row of await source.query(OF_BOTS, scopeParams(scope)))
      add(Number(row.hour), -Number(row.commits));
  }
  return commits.map((count, hour) => ({
    weekday: Math.floor(hour / 24) + 1,
    hour: hour % 24,
    commits: count,
  }));
}
