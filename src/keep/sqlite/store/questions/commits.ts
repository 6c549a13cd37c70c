import type {
  DayActivity,
  HourCommits,
  LastCommitTime,
  Questions,
  Scope,
  UnreadChurn,
} from '../../../store/questions.ts';
import { readInteger, readIntegerOrNull, readText } from '../../../store/rows/columns.ts';
import type { Database } from '../../database.ts';
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
     WHERE ${IN_SCOPE} AND author_id IN (${BOTS}))
  GROUP BY day HAVING sum(commits) > 0 ORDER BY day`;

const HOURS_OF_WEEK = 168;
/** Days that the roll-up has together: four weeks. */
const BLOCK_DAYS = 28;
/** The hour of the week of a row of `commits`, in its author's own time. */
export const HOUR_OF_WEEK = '((authored_at + authored_zone * 60 + 259200) % 604800 + 604800) % 604800 / 3600';
const HOUR = `${HOUR_OF_WEEK} AS hour`;
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

const UNREAD_CHURN = `
  SELECT url, EXISTS (SELECT 1 FROM paths WHERE repository_id = repositories.id AND changes > 0) AS begun
    FROM repositories WHERE id IN ${REPOSITORIES}
     AND EXISTS (SELECT 1 FROM commits INDEXED BY commits_by_time
                  WHERE repository_id = repositories.id AND id > churned_to
                    AND NOT EXISTS (SELECT 1 FROM commit_churn WHERE commit_id = commits.id))
   ORDER BY url`;

type CommitQuestions = Pick<
  Questions,
  'activityByDay' | 'commitsByHourOfWeek' | 'lastCommits' | 'unreadChurn'
>;

export function commitQuestions(database: Database): CommitQuestions {
  return {
    async activityByDay(scope) {
      return database.read(() => activityByDay(database, scope));
    },
    async commitsByHourOfWeek(scope) {
      return database.read(() => commitsByHourOfWeek(database, scope));
    },
    async lastCommits(scope) {
      return database.read(() => lastCommits(database, scope));
    },
    async unreadChurn(repositoryIds) {
      return database.read(() => unreadChurn(database, repositoryIds));
    },
  };
}

function activityByDay(database: Database, scope: Scope): DayActivity[] {
  return database.all(scope.withoutBots ? DAYS_WITHOUT_BOTS : DAYS, ...scopeParams(scope)).map(row => ({
    day: readInteger(row, 'day'),
    commits: readInteger(row, 'commits'),
    merges: readInteger(row, 'merges'),
    files: readInteger(row, 'files'),
    added: readInteger(row, 'added'),
    removed: readInteger(row, 'removed'),
  }));
}

function commitsByHourOfWeek(database: Database, scope: Scope): HourCommits[] {
  const commits = new Array<number>(HOURS_OF_WEEK).fill(0);
  const [ids, since, until] = scopeParams(scope);
  const add = (sql: string, from: number, to: number, sign = 1): void => {
    if (from >= to) return;
    for (const row of database.statement(sql).all(ids, from, to)) {
      const hour = Number(row.hour);
      commits[hour] = (commits[hour] ?? 0) + sign * Number(row.commits);
    }
  };
  const firstBlock = Math.ceil(since / BLOCK_DAYS);
  const afterBlocks = Math.max(firstBlock, Math.floor(until / BLOCK_DAYS));
  add(SINGLE_DAYS, since, Math.min(firstBlock * BLOCK_DAYS, until));
  add(WHOLE_BLOCKS, firstBlock, afterBlocks);
  add(SINGLE_DAYS, Math.max(afterBlocks * BLOCK_DAYS, since), until);
  if (scope.withoutBots) add(OF_BOTS, since, until, -1);
  return commits.map((count, hourOfWeek) => ({ hourOfWeek, commits: count }));
}

function lastCommits(database: Database, scope: Scope): LastCommitTime[] {
  const sql = `
    SELECT url, (SELECT committed_at FROM commits INDEXED BY commits_by_time
                  WHERE repository_id = repositories.id AND committed_at >= ?2 * 86400
                    AND committed_at < ?3 * 86400 ${exceptBots(scope)}
                  ORDER BY committed_at DESC LIMIT 1) AS last
      FROM repositories WHERE id IN ${REPOSITORIES} ORDER BY last, url`;
  return database
    .all(sql, ...scopeParams(scope))
    .map(row => ({ repository: readText(row, 'url'), lastCommitAt: readIntegerOrNull(row, 'last') }));
}

function unreadChurn(database: Database, repositoryIds: readonly number[]): UnreadChurn[] {
  return database.all(UNREAD_CHURN, JSON.stringify(repositoryIds)).map(row => ({
    repository: readText(row, 'url'),
    state: readInteger(row, 'begun') === 1 ? ('begun' as const) : ('none' as const),
  }));
}
