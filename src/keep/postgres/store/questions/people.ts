import type { AuthorCommits, DatedScope, PersonCommits, Questions, Scope } from '../../../store/questions.ts';
import { readInteger, readIntegerOrNull, readText } from '../../../store/rows/columns.ts';
import { readNumbers } from '../../../store/rows/numbers.ts';
import { personKey } from '../../../store/rows/people.ts';
import type { SqlExecutor } from '../../executor.ts';
import { datedDays, IN_SCOPE, REPOSITORIES, scopeParams } from './scope.ts';

/** Questions about who wrote what. */
export function peopleQuestions(
  database: SqlExecutor,
): Pick<Questions, 'topAuthors' | 'commitsByPerson' | 'daysByPerson'> {
  return {
    topAuthors: (scope, limit) => topAuthors(database, scope, limit),
    commitsByPerson: scope => commitsByPerson(database, scope),
    daysByPerson: scope => daysByPerson(database, scope),
  };
}

/**
 * A condition on people, for joins: programs are left out once each author's days are summed up, and not day by day, of
 * which there are many times as many.
 */
function areMeant({ withoutBots }: Scope): string {
  return withoutBots ? 'AND people.bot = 0' : '';
}

/** The first or last day that is believed. */
function dayThatIs(end: 'min' | 'max'): string {
  return `${end}(day) FILTER (WHERE day >= $5 AND day < $6)`;
}

/** The commit of one day by one person that is first or last; a day is a small range of the index. */
function commitOf(end: 'min' | 'max', day: string): string {
  return `(SELECT ${end}(committed_at) FROM commits
    WHERE repository_id = ${REPOSITORIES}
      AND committed_at >= ${day}::bigint * 86400 AND committed_at < (${day}::bigint + 1) * 86400
      AND author_id IN (SELECT id FROM identities WHERE person_id = top.id))`;
}

async function topAuthors(database: SqlExecutor, scope: DatedScope, limit: number): Promise<AuthorCommits[]> {
  const sql = `
    SELECT name, email, commits, added, removed, ${commitOf('min', 'first_day')} AS first_commit_at,
           ${commitOf('max', 'last_day')} AS last_commit_at
      FROM (SELECT people.id, people.name, people.email, sum(counted.commits) AS commits, sum(added) AS added,
                   sum(removed) AS removed, min(first_day) AS first_day, max(last_day) AS last_day
              FROM (SELECT author_id, sum(commits) AS commits, sum(added) AS added, sum(removed) AS removed,
                           ${dayThatIs('min')} AS first_day, ${dayThatIs('max')} AS last_day
                      FROM author_days WHERE ${IN_SCOPE} GROUP BY author_id) AS counted
              JOIN identities ON identities.id = author_id
              JOIN people ON people.id = person_id ${areMeant(scope)}
             GROUP BY people.id ORDER BY commits DESC, people.name, people.email LIMIT $4) AS top
     ORDER BY commits DESC, name, email`;
  const rows = await database.query(sql, [...scopeParams(scope), limit, ...datedDays(scope)]);
  return rows.map(row => ({
    name: readText(row, 'name'),
    email: readText(row, 'email'),
    commits: readInteger(row, 'commits'),
    added: readInteger(row, 'added'),
    removed: readInteger(row, 'removed'),
    firstCommitAt: readIntegerOrNull(row, 'first_commit_at'),
    lastCommitAt: readIntegerOrNull(row, 'last_commit_at'),
  }));
}

async function commitsByPerson(database: SqlExecutor, scope: Scope): Promise<PersonCommits[]> {
  const sql = `
    SELECT people.name, people.email, sum(counted.commits) AS commits
      FROM (SELECT author_id, sum(commits) AS commits FROM author_days
             WHERE ${IN_SCOPE} GROUP BY author_id) AS counted
      JOIN identities ON identities.id = author_id
      JOIN people ON people.id = person_id ${areMeant(scope)}
     GROUP BY people.id ORDER BY commits DESC, people.name, people.email`;
  return (await database.query(sql, scopeParams(scope))).map(row => ({
    name: readText(row, 'name'),
    email: readText(row, 'email'),
    commits: readInteger(row, 'commits'),
  }));
}

async function daysByPerson(database: SqlExecutor, scope: Scope): Promise<number[][]> {
  // A text an author, read along the key: a row a day would cost ten times as much to hand over, and an array a person a
  // sort of all of them.
  const sql = `
    SELECT person_id, people.email, days FROM (
      SELECT author_id, array_to_string(array_agg(day), ',') AS days FROM author_days
       WHERE repository_id = ${REPOSITORIES} GROUP BY repository_id, author_id) AS of_one
    JOIN identities ON identities.id = author_id JOIN people ON people.id = person_id ${areMeant(scope)}`;
  const people = new Map<string, number[]>();
  for (const row of await database.query(sql, [scope.repositoryIds])) {
    const person = personKey(readInteger(row, 'person_id'), readText(row, 'email'));
    people.set(person, readNumbers(readText(row, 'days'), people.get(person)));
  }
  for (const days of people.values()) days.sort((one, other) => one - other);
  return [...people.values()];
}
