import type {
  DayActivity,
  HourCommits,
  LastCommitTime,
  Questions,
  Scope,
  UnreadChurn,
} from '../../../store/questions.ts';
import { readInteger, readIntegerOrNull, readText } from '../../../store/rows/columns.ts';
import type { SqlExecutor } from '../../executor.ts';
import { BOTS, exceptBots, IN_SCOPE, REPOSITORIES, scopeParams } from './scope.ts';

/** Questions about commits, answered from the roll-ups as far as they go. */

const SUMS =
  'sum(commits) AS commits, sum(merges) AS merges, sum(files) AS files, sum(added) AS added, sum(removed) AS removed';
const DAYS = `SELECT day, ${SUMS} FROM repository_days WHERE ${IN_SCOPE} GROUP BY day ORDER BY day`;
/** The roll-up by day knows no authors: what programs did is taken off. */
const DAYS_WITHOUT_BOTS = `
  SELECT day, ${SUMS} FROM (
    SELECT day, commits, merges, files, added, removed FROM repository_days WHERE ${IN_SCOPE}
    UNION ALL
    SELECT day, -commits, -merges, -files, -added, -removed FROM author_days
     WHERE ${IN_SCOPE} AND author_id IN (${BOTS})) AS counted
  GROUP BY day HAVING sum(commits) > 0 ORDER BY day`;

const HOURS_OF_WEEK = 168;
/** Days that the roll-up has together: four weeks. */
const BLOCK_DAYS = 28;
/** The hour of the week of a row of `commits`, in its author's own time. */
export const HOUR_OF_WEEK = '((authored_at + authored_zone * 60 + 259200) % 604800 + 604800) % 604800 / 3600';
const HOUR = `${HOUR_OF_WEEK} AS hour`;
const WHOLE_BLOCKS = `
  SELECT hour_of_week AS hour, sum(commits) AS commits FROM repository_hours
   WHERE repository_id = ${REPOSITORIES} AND four_weeks >= $2 AND four_weeks < $3 GROUP BY hour_of_week`;
/** The days at the ends, commit by commit. */
const SINGLE_DAYS = `
  SELECT ${HOUR}, count(*) AS commits FROM commits
   WHERE repository_id = ${REPOSITORIES} AND committed_at >= $2::bigint * 86400 AND committed_at < $3::bigint * 86400
   GROUP BY hour`;
/**
 * The roll-up knows no authors: what programs did is found in the index by time, which has the author and the hour, and is
 * read alone. By the days on which they did something, as SQLite has it, Postgres goes through all commits of each day.
 */
const OF_BOTS = `
  SELECT ${HOUR}, count(*) AS commits FROM commits
   WHERE repository_id = ${REPOSITORIES} AND committed_at >= $2::bigint * 86400 AND committed_at < $3::bigint * 86400
     AND author_id = ANY (ARRAY(${BOTS}))
   GROUP BY hour`;

const UNREAD_CHURN = `
  SELECT url, EXISTS (SELECT FROM paths WHERE repository_id = repositories.id AND changes > 0) AS begun
    FROM repositories WHERE id = ${REPOSITORIES}
     AND EXISTS (SELECT FROM commits WHERE repository_id = repositories.id AND id > churned_to
                    AND NOT EXISTS (SELECT FROM commit_churn WHERE commit_id = commits.id))
   ORDER BY url`;

type CommitQuestions = Pick<
  Questions,
  'activityByDay' | 'commitsByHourOfWeek' | 'lastCommits' | 'unreadChurn'
>;

export function commitQuestions(database: SqlExecutor): CommitQuestions {
  return {
    activityByDay: scope => activityByDay(database, scope),
    commitsByHourOfWeek: scope => commitsByHourOfWeek(database, scope),
    lastCommits: scope => lastCommits(database, scope),
    unreadChurn: repositoryIds => unreadChurn(database, repositoryIds),
  };
}

async function activityByDay(database: SqlExecutor, scope: Scope): Promise<DayActivity[]> {
  const rows = await database.query(scope.withoutBots ? DAYS_WITHOUT_BOTS : DAYS, scopeParams(scope));
  return rows.map(row => ({
    day: readInteger(row, 'day'),
    commits: readInteger(row, 'commits'),
    merges: readInteger(row, 'merges'),
    files: readInteger(row, 'files'),
    added: readInteger(row, 'added'),
    removed: readInteger(row, 'removed'),
  }));
}

async function commitsByHourOfWeek(database: SqlExecutor, scope: Scope): Promise<HourCommits[]> {
  const commits = new Array<number>(HOURS_OF_WEEK).fill(0);
  const [ids, since, until] = scopeParams(scope);
  const add = async (sql: string, from: number, to: number, sign = 1): Promise<void> => {
    if (from >= to) return;
    for (const row of await database.query(sql, [ids, from, to])) {
      const hour = readInteger(row, 'hour');
      commits[hour] = (commits[hour] ?? 0) + sign * readInteger(row, 'commits');
    }
  };
  const firstBlock = Math.ceil(since / BLOCK_DAYS);
  const afterBlocks = Math.max(firstBlock, Math.floor(until / BLOCK_DAYS));
  await add(SINGLE_DAYS, since, Math.min(firstBlock * BLOCK_DAYS, until));
  await add(WHOLE_BLOCKS, firstBlock, afterBlocks);
  await add(SINGLE_DAYS, Math.max(afterBlocks * BLOCK_DAYS, since), until);
  if (scope.withoutBots) await add(OF_BOTS, since, until, -1);
  return commits.map((count, hourOfWeek) => ({ hourOfWeek, commits: count }));
}

async function lastCommits(database: SqlExecutor, scope: Scope): Promise<LastCommitTime[]> {
  const sql = `
    SELECT url, (SELECT committed_at FROM commits
                  WHERE repository_id = repositories.id AND committed_at >= $2::bigint * 86400
                    AND committed_at < $3::bigint * 86400 ${exceptBots(scope)}
                  ORDER BY committed_at DESC LIMIT 1) AS last
      FROM repositories WHERE id = ${REPOSITORIES} ORDER BY last NULLS FIRST, url`;
  const rows = await database.query(sql, scopeParams(scope));
  return rows.map(row => ({
    repository: readText(row, 'url'),
    lastCommitAt: readIntegerOrNull(row, 'last'),
  }));
}

async function unreadChurn(database: SqlExecutor, repositoryIds: readonly number[]): Promise<UnreadChurn[]> {
  const rows = await database.query(UNREAD_CHURN, [repositoryIds]);
  return rows.map(row => ({
    repository: readText(row, 'url'),
    state: row.begun === true ? ('begun' as const) : ('none' as const),
  }));
}
