import { BOTS, type InsightDatabase, type Scope, scopeParams } from './insight-database.ts';

export interface PunchCardHour {
  /** 1 Monday to 7 Sunday (ISO 8601). */
  readonly weekday: number;
  /** 0 to 23. */
  readonly hour: number;
  readonly commits: number;
}

const HOURS_OF_WEEK = 168;

/** Days that the roll-up has together: four weeks. */
const BLOCK_DAYS = 28;
const HOUR = '((authored_at + authored_zone * 60 + 259200) % 604800 + 604800) % 604800 / 3600 AS hour';
const REPOSITORIES = '(SELECT value FROM json_each(?1))';

const WHOLE_BLOCKS = `
  SELECT hour_of_week AS hour, sum(commits) AS commits FROM repository_hours
   WHERE repository_id IN ${REPOSITORIES} AND four_weeks >= ?2 AND four_weeks < ?3 GROUP BY hour_of_week`;
/** The days at the ends, commit by commit. */
const SINGLE_DAYS = `
  SELECT ${HOUR}, count(*) AS commits FROM commits INDEXED BY commits_by_time
   WHERE repository_id IN ${REPOSITORIES} AND committed_at >= ?2 * 86400 AND committed_at < ?3 * 86400
   GROUP BY hour`;
/** The roll-up knows no authors: what programs did is looked up by the days on which they did something. */
const OF_BOTS = `
  SELECT ${HOUR}, count(*) AS commits
    FROM author_days AS days CROSS JOIN commits INDEXED BY commits_by_time
      ON commits.repository_id = days.repository_id AND commits.author_id = days.author_id
     AND committed_at >= day * 86400 AND committed_at < (day + 1) * 86400
   WHERE days.repository_id IN ${REPOSITORIES} AND day >= ?2 AND day < ?3 AND days.author_id IN (${BOTS})
   GROUP BY hour`;

/** Commits by weekday and hour, in each author's own time: all 168 hours of a week, Monday first. */
export async function punchCard(source: InsightDatabase, scope: Scope): Promise<PunchCardHour[]> {
  const commits = new Array<number>(HOURS_OF_WEEK).fill(0);
  const [ids = '', since = 0, until = 0] = scopeParams(scope);
  const add = async (sql: string, from: number, to: number, sign = 1): Promise<void> => {
    if (from >= to) return;
    for (const row of await source.query(sql, [ids, from, to])) {
      const hour = Number(row.hour);
      commits[hour] = (commits[hour] ?? 0) + sign * Number(row.commits);
    }
  };
  const firstBlock = Math.ceil(Number(since) / BLOCK_DAYS);
  const afterBlocks = Math.max(firstBlock, Math.floor(Number(until) / BLOCK_DAYS));
  await add(SINGLE_DAYS, Number(since), Math.min(firstBlock * BLOCK_DAYS, Number(until)));
  await add(WHOLE_BLOCKS, firstBlock, afterBlocks);
  await add(SINGLE_DAYS, Math.max(afterBlocks * BLOCK_DAYS, Number(since)), Number(until));
  if (scope.withoutBots) await add(OF_BOTS, Number(since), Number(until), -1);
  return commits.map((count, hour) => ({
    weekday: Math.floor(hour / 24) + 1,
    hour: hour % 24,
    commits: count,
  }));
}
