import { Globs } from '../../../base/globs.ts';
import type {
  AuthorCommits,
  DatedScope,
  DayActivity,
  HourCommits,
  LastCommitTime,
  Questions,
  Scope,
} from '../questions.ts';
import { personKey } from '../rows/people.ts';
import type { ChangedPath, ChangeSource, FileChangeColumns } from './change-source.ts';
import { firstOccurrences } from './distinct.ts';
import { likePatterns } from './patterns.ts';

/** The questions that are answered from changes of files where the scope names paths. */
export type PathQuestions = Pick<
  Questions,
  | 'activityByDay'
  | 'topAuthors'
  | 'commitsByPerson'
  | 'daysByPerson'
  | 'commitsByHourOfWeek'
  | 'lastCommits'
  | 'countPaths'
>;

const HOURS_OF_WEEK = 168;

/**
 * The questions of a scope with paths, for every database alike: each asks for the changes of the files that are meant, and
 * counts every commit among them once. Roll-ups know no files, so that what is asked costs by the changes it is about.
 */
export function pathQuestions(source: ChangeSource): PathQuestions {
  return {
    async countPaths(scope) {
      return (await pathsMeant(source, scope)).length;
    },
    async activityByDay(scope) {
      return activityByDay(await changesIn(source, scope, true));
    },
    async topAuthors(scope, limit) {
      return topAuthors(source, scope, limit);
    },
    async commitsByPerson(scope) {
      const people = await peopleOf(source, await changesIn(source, scope, false));
      return people.map(({ name, email, commits }) => ({ name, email, commits }));
    },
    async daysByPerson(scope) {
      const whole = { ...scope, sinceDay: undefined, untilDay: undefined };
      return daysByPerson(source, await changesIn(source, whole, false));
    },
    async commitsByHourOfWeek(scope) {
      return commitsByHourOfWeek(await source.hoursOfWeek(await pathIdsMeant(source, scope), scope));
    },
    async lastCommits(scope) {
      return lastCommits(source, scope);
    },
  };
}

/** Questions of history: as `path` answers them where the scope has paths, and otherwise as `whole` does. */
export function withPaths<Whole extends Omit<PathQuestions, 'countPaths'>>(
  path: PathQuestions,
  whole: Whole,
): Whole & PathQuestions {
  return {
    ...whole,
    countPaths: path.countPaths,
    activityByDay: scope => (hasPaths(scope) ? path : whole).activityByDay(scope),
    topAuthors: (scope, limit) => (hasPaths(scope) ? path : whole).topAuthors(scope, limit),
    commitsByPerson: scope => (hasPaths(scope) ? path : whole).commitsByPerson(scope),
    daysByPerson: scope => (hasPaths(scope) ? path : whole).daysByPerson(scope),
    commitsByHourOfWeek: scope => (hasPaths(scope) ? path : whole).commitsByHourOfWeek(scope),
    lastCommits: scope => (hasPaths(scope) ? path : whole).lastCommits(scope),
  };
}

/** Whether a scope is about some files only. Pure. */
export function hasPaths({ paths }: Scope): boolean {
  return paths !== undefined && paths.length > 0;
}

/** The paths that a scope means, those changed most first, and the later ones of those as often. */
export async function pathsMeant(
  source: Pick<ChangeSource, 'pathsLike'>,
  { repositoryIds, paths = [] }: Scope,
): Promise<ChangedPath[]> {
  if (paths.length === 0) return [];
  const globs = new Globs(paths);
  const like = await source.pathsLike(repositoryIds, likePatterns(paths));
  return like
    .filter(({ path }) => globs.meanWithin(path))
    .sort((one, other) => other.changes - one.changes || other.id - one.id);
}

async function changesIn(source: ChangeSource, scope: Scope, withLines: boolean): Promise<FileChangeColumns> {
  return source.changesOf(await pathIdsMeant(source, scope), scope, withLines);
}

async function pathIdsMeant(source: ChangeSource, scope: Scope): Promise<number[]> {
  return (await pathsMeant(source, scope)).map(({ id }) => id);
}

/** Merges are none: they change nothing by themselves. */
function activityByDay({ commitIds, days, added, removed }: FileChangeColumns): DayActivity[] {
  const sums = new Map<number, { commits: number; files: number; added: number; removed: number }>();
  const isFirst = firstOccurrences(commitIds);
  for (const [index, day] of days.entries()) {
    const sum = sums.get(day) ?? { commits: 0, files: 0, added: 0, removed: 0 };
    if (sum.files === 0) sums.set(day, sum);
    sum.commits += isFirst[index] as number;
    sum.files += 1;
    sum.added += added[index] as number;
    sum.removed += removed[index] as number;
  }
  return [...sums].sort(([one], [other]) => one - other).map(([day, sum]) => ({ day, merges: 0, ...sum }));
}

/** What somebody did to the files. */
interface PersonChanges {
  readonly name: string;
  readonly email: string;
  commits: number;
  added: number;
  removed: number;
  /** Commits of the first and of the last day that is believed. */
  readonly first: DayCommits;
  readonly last: DayCommits;
}

interface DayCommits {
  day: number;
  ids: number[];
}

/** Everybody, most commits first, then by name and e-mail. */
async function peopleOf(
  source: ChangeSource,
  columns: FileChangeColumns,
  { datedSinceDay = 0, datedUntilDay = Number.POSITIVE_INFINITY }: Partial<DatedScope> = {},
): Promise<PersonChanges[]> {
  const { commitIds, days, authorIds, added, removed } = columns;
  const authors = await source.authors([...new Set(authorIds)]);
  const people = new Map<number, PersonChanges>();
  const ofAuthor = new Map<number, PersonChanges>();
  for (const [author, { personId, name, email }] of authors) {
    const person = people.get(personId) ?? {
      name,
      email,
      commits: 0,
      added: 0,
      removed: 0,
      first: { day: Number.POSITIVE_INFINITY, ids: [] },
      last: { day: Number.NEGATIVE_INFINITY, ids: [] },
    };
    people.set(personId, person);
    ofAuthor.set(author, person);
  }
  const isFirst = firstOccurrences(commitIds);
  for (const [index, author] of authorIds.entries()) {
    const person = ofAuthor.get(author);
    if (!person) continue;
    person.added += added[index] ?? 0;
    person.removed += removed[index] ?? 0;
    if (isFirst[index] === 0) continue;
    person.commits += 1;
    const [id, day] = [commitIds[index] as number, days[index] as number];
    if (day < datedSinceDay || day >= datedUntilDay) continue;
    if (day <= person.first.day) addTo(person.first, day, id);
    if (day >= person.last.day) addTo(person.last, day, id);
  }
  return [...people.values()].sort(
    (one, other) =>
      other.commits - one.commits || byText(one.name, other.name) || byText(one.email, other.email),
  );
}

/** One more of the same day, or the first one of a day that counts instead. */
function addTo(end: DayCommits, day: number, id: number): void {
  if (end.day !== day) end.ids = [];
  end.day = day;
  end.ids.push(id);
}

async function topAuthors(source: ChangeSource, scope: DatedScope, limit: number): Promise<AuthorCommits[]> {
  const top = (await peopleOf(source, await changesIn(source, scope, true), scope)).slice(0, limit);
  const times = await source.commitTimes(top.flatMap(({ first, last }) => [...first.ids, ...last.ids]));
  const timesOf = ({ ids }: DayCommits): number[] => ids.flatMap(id => times.get(id) ?? []);
  return top.map(({ name, email, commits, added, removed, first, last }) => ({
    name,
    email,
    commits,
    added,
    removed,
    firstCommitAt: first.ids.length > 0 ? Math.min(...timesOf(first)) : null,
    lastCommitAt: last.ids.length > 0 ? Math.max(...timesOf(last)) : null,
  }));
}

async function daysByPerson(
  source: ChangeSource,
  { commitIds, days, authorIds }: FileChangeColumns,
): Promise<number[][]> {
  const authors = await source.authors([...new Set(authorIds)]);
  const people = new Map<string, number[]>();
  const ofAuthor = new Map<number, number[]>();
  for (const [author, { personId, email }] of authors) {
    const key = personKey(personId, email);
    const known = people.get(key) ?? [];
    people.set(key, known);
    ofAuthor.set(author, known);
  }
  const isFirst = firstOccurrences(commitIds);
  for (const [index, author] of authorIds.entries()) {
    if (isFirst[index] === 1) ofAuthor.get(author)?.push(days[index] as number);
  }
  for (const some of people.values()) some.sort((one, other) => one - other);
  return [...people.values()];
}

function commitsByHourOfWeek(hours: readonly number[]): HourCommits[] {
  const commits = new Array<number>(HOURS_OF_WEEK).fill(0);
  for (const hour of hours) commits[hour] = (commits[hour] ?? 0) + 1;
  return commits.map((count, hourOfWeek) => ({ hourOfWeek, commits: count }));
}

async function lastCommits(source: ChangeSource, scope: Scope): Promise<LastCommitTime[]> {
  const { commitIds, days, authorIds } = await changesIn(source, scope, false);
  const authors = await source.authors([...new Set(authorIds)]);
  const newest = new Map<number, { day: number; readonly ids: Set<number> }>();
  for (const [index, author] of authorIds.entries()) {
    const repositoryId = authors.get(author)?.repositoryId ?? 0;
    const [day, id] = [days[index] as number, commitIds[index] as number];
    const known = newest.get(repositoryId);
    if (!known || known.day < day) newest.set(repositoryId, { day, ids: new Set([id]) });
    else if (known.day === day) known.ids.add(id);
  }
  const times = await source.commitTimes([...newest.values()].flatMap(({ ids }) => [...ids]));
  const urls = await source.repositoryUrls(scope.repositoryIds);
  const last = [...urls].map(([id, repository]) => {
    const some = [...(newest.get(id)?.ids ?? [])].flatMap(commit => times.get(commit) ?? []);
    return { repository, lastCommitAt: some.length > 0 ? Math.max(...some) : null };
  });
  return last.sort(
    (one, other) =>
      (one.lastCommitAt ?? -1) - (other.lastCommitAt ?? -1) || byText(one.repository, other.repository),
  );
}

function byText(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}
