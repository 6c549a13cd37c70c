import type { AuthorCommits, DatedScope, PersonCommits, Questions, Scope } from '../../../store/questions.ts';
import { readInteger, readIntegerOrNull, readText } from '../../../store/rows/columns.ts';
import { readNumbers } from '../../../store/rows/numbers.ts';
import { personKey } from '../../../store/rows/people.ts';
import type { Database } from '../../database.ts';
import { datedDays, exceptBots, IN_SCOPE, REPOSITORIES, scopeParams } from './scope.ts';

/** Questions about who wrote what. */
export function peopleQuestions(
  database: Database,
): Pick<Questions, 'topAuthors' | 'commitsByPerson' | 'daysByPerson'> {
  return {
    async topAuthors(scope, limit) {
      return topAuthors(database, scope, limit);
    },
    async commitsByPerson(scope) {
      return commitsByPerson(database, scope);
    },
    async daysByPerson(scope) {
      return database.read(() => daysByPerson(database, scope));
    },
  };
}

/** The first or last day that is believed. */
function dayThatIs(end: 'min' | 'max'): string {
  return `${end}(CASE WHEN day >= ?5 AND day < ?6 THEN day END)`;
}

/** The commit of one day by one person that is first or last; a day is a small range of the index. */
function commitOf(end: 'min' | 'max', day: string): string {
  return `(SELECT ${end}(committed_at) FROM commits INDEXED BY commits_by_time
    WHERE repository_id IN ${REPOSITORIES}
      AND committed_at >= ${day} * 86400 AND committed_at < (${day} + 1) * 86400
      AND author_id IN (SELECT id FROM identities WHERE person_id = top.id))`;
}

function topAuthors(database: Database, scope: DatedScope, limit: number): AuthorCommits[] {
  const sql = `
    SELECT name, email, commits, added, removed, ${commitOf('min', 'first_day')} AS first_commit_at,
           ${commitOf('max', 'last_day')} AS last_commit_at
      FROM (SELECT people.id, people.name, people.email, sum(counted.commits) AS commits, sum(added) AS added,
                   sum(removed) AS removed, min(first_day) AS first_day, max(last_day) AS last_day
              FROM (SELECT author_id, sum(commits) AS commits, sum(added) AS added, sum(removed) AS removed,
                           ${dayThatIs('min')} AS first_day, ${dayThatIs('max')} AS last_day
                      FROM author_days WHERE ${IN_SCOPE} ${exceptBots(scope)}
                     GROUP BY repository_id, author_id) AS counted
              JOIN identities ON identities.id = author_id
              JOIN people ON people.id = person_id
             GROUP BY people.id ORDER BY commits DESC, people.name, people.email LIMIT ?4) AS top`;
  return database.all(sql, ...scopeParams(scope), limit, ...datedDays(scope)).map(row => ({
    name: readText(row, 'name'),
    email: readText(row, 'email'),
    commits: readInteger(row, 'commits'),
    added: readInteger(row, 'added'),
    removed: readInteger(row, 'removed'),
    firstCommitAt: readIntegerOrNull(row, 'first_commit_at'),
    lastCommitAt: readIntegerOrNull(row, 'last_commit_at'),
  }));
}

function commitsByPerson(database: Database, scope: Scope): PersonCommits[] {
  const sql = `
    SELECT people.name, people.email, sum(counted.commits) AS commits
      FROM (SELECT author_id, sum(commits) AS commits FROM author_days
             WHERE ${IN_SCOPE} ${exceptBots(scope)} GROUP BY repository_id, author_id) AS counted
      JOIN identities ON identities.id = author_id
      JOIN people ON people.id = person_id
     GROUP BY people.id ORDER BY commits DESC, people.name, people.email`;
  return database.all(sql, ...scopeParams(scope)).map(row => ({
    name: readText(row, 'name'),
    email: readText(row, 'email'),
    commits: readInteger(row, 'commits'),
  }));
}

function daysByPerson(database: Database, scope: Scope): number[][] {
  // A text an author: a row a day would cost ten times as much to hand over.
  const sql = `
    SELECT person_id AS person, people.email, days FROM (
      SELECT author_id, group_concat(day) AS days FROM author_days
       WHERE repository_id IN ${REPOSITORIES} ${exceptBots(scope)}
       GROUP BY repository_id, author_id)
    JOIN identities ON identities.id = author_id JOIN people ON people.id = person_id`;
  const people = new Map<string, number[]>();
  const merged = new Set<number[]>();
  for (const row of database.statement(sql).all(JSON.stringify(scope.repositoryIds))) {
    const person = personKey(Number(row.person), String(row.email));
    const known = people.get(person);
    if (known) merged.add(known);
    people.set(person, readNumbers(String(row.days), known));
  }
  // One author's days come in order, by the key of the table.
  for (const days of merged) days.sort((one, other) => one - other);
  return [...people.values()];
}
