import type { DatedScope, Questions, Scope } from '../keep/store/questions.ts';
import { activityByPeriod, isPlausibleDay, mergeShare, type PeriodActivity, withAges } from './activity.ts';
import { busFactor } from './bus-factor.ts';
import { DAY_SECONDS, isoDate, type Period } from './calendar.ts';
import { contributorsByPeriod } from './contributors.ts';
import { punchCard } from './punch-card.ts';

/** What is asked of an insight; each takes of it what it needs. */
export interface Question extends Scope {
  readonly by: Period;
  readonly limit: number;
  readonly nowMs: number;
}

export type Value = string | number | null;
export type InsightRow = Readonly<Record<string, Value>>;

/** `date` is `2026-11-22`, `time` ISO 8601; `integer` and `number` are numbers. */
export type ColumnType = 'text' | 'integer' | 'number' | 'date' | 'time';

/** Which columns span a grid, and which one fills it. */
export interface InsightGrid {
  /** Counts from 1. */
  readonly down: string;
  readonly across: string;
  readonly value: string;
  /** What the lines are called, from the first. */
  readonly lineNames: readonly string[];
}

/** An insight under its name for the API and the command line: rows of the same columns. */
export interface Insight {
  readonly name: string;
  /** What it is about, in a line. */
  readonly about: string;
  /** The field of the API's answer that holds the rows. */
  readonly key: string;
  /** Whether its rows are per day, week or month. */
  readonly byPeriod: boolean;
  /** It is about what commits change, so that it falls short where that has not been read (`unreadChurn`). */
  readonly ofChurn?: boolean;
  /** Rows where nothing else is said; absent where it has no limit. */
  readonly limit?: number;
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** Where people see more in a grid than in a line a row. */
  readonly grid?: InsightGrid;
  rows(questions: Questions, question: Question): Promise<InsightRow[]>;
}

const PERIOD = { start: 'date', commits: 'integer' } as const;
const AUTHORS_LIMIT = 20;

/** Every insight, in the order in which they are listed. */
export const INSIGHTS: readonly Insight[] = [
  {
    name: 'commits',
    about: 'commits per day, week or month',
    key: 'periods',
    byPeriod: true,
    columns: PERIOD,
    rows: (questions, question) =>
      byPeriod(questions, question, ({ start, commits }) => ({ start: isoDate(start), commits })),
  },
  {
    name: 'churn',
    about: 'files touched, lines added and removed per day, week or month',
    key: 'periods',
    byPeriod: true,
    ofChurn: true,
    columns: { start: 'date', files: 'integer', added: 'integer', removed: 'integer' },
    rows: (questions, question) =>
      byPeriod(questions, question, ({ start, files, added, removed }) => ({
        start: isoDate(start),
        files,
        added,
        removed,
      })),
  },
  {
    name: 'contributors',
    about: 'active, new, returning and lost people per day, week or month',
    key: 'periods',
    byPeriod: true,
    columns: { start: 'date', active: 'integer', new: 'integer', returning: 'integer', lost: 'integer' },
    async rows(questions, question) {
      const today = Math.floor(question.nowMs / 1000 / DAY_SECONDS);
      const shown = (day: number): boolean => isShown(day, question);
      const people = (await questions.daysByPerson(question)).map(days => days.filter(shown));
      return contributorsByPeriod(people, question, question.by, today).map(({ start, ...counts }) => ({
        start: isoDate(start),
        ...counts,
      }));
    },
  },
  {
    name: 'authors',
    about: 'people by number of commits',
    key: 'authors',
    byPeriod: false,
    limit: AUTHORS_LIMIT,
    columns: {
      name: 'text',
      email: 'text',
      commits: 'integer',
      added: 'integer',
      removed: 'integer',
      firstCommitAt: 'time',
      lastCommitAt: 'time',
    },
    async rows(questions, question) {
      const authors = await questions.topAuthors(withDatesThatCanBe(question), question.limit);
      return authors.map(({ firstCommitAt, lastCommitAt, ...author }) => ({
        ...author,
        firstCommitAt: isoTimeOrNull(firstCommitAt),
        lastCommitAt: isoTimeOrNull(lastCommitAt),
      }));
    },
  },
  {
    name: 'bus-factor',
    about: 'the fewest people who wrote half of the commits',
    key: 'people',
    byPeriod: false,
    columns: { name: 'text', email: 'text', commits: 'integer', share: 'number' },
    rows: async (questions, question) =>
      busFactor(await questions.commitsByPerson(question)).few.map(one => ({ ...one })),
  },
  {
    name: 'hotspots',
    about: 'files changed most, and by how many people',
    key: 'files',
    byPeriod: false,
    ofChurn: true,
    limit: 20,
    columns: {
      path: 'text',
      changes: 'integer',
      people: 'integer',
      added: 'integer',
      removed: 'integer',
      lastChange: 'date',
      repository: 'text',
    },
    async rows(questions, question) {
      const files = await questions.mostChangedFiles(withDatesThatCanBe(question), question.limit);
      return files.map(({ repository, lastChangeDay, ...file }) => ({
        ...file,
        lastChange: lastChangeDay === null ? null : isoDate(lastChangeDay * DAY_SECONDS),
        repository,
      }));
    },
  },
  {
    name: 'last-commit',
    about: 'time since the last commit to each repository',
    key: 'repositories',
    byPeriod: false,
    columns: { repository: 'text', lastCommitAt: 'time', ageMs: 'integer' },
    async rows(questions, question) {
      const last = withAges(await questions.lastCommits(onDaysThatCanBe(question)), question.nowMs);
      return last.map(({ repository, lastCommitAt, ageMs }) => ({
        repository,
        lastCommitAt: isoTimeOrNull(lastCommitAt),
        ageMs,
      }));
    },
  },
  {
    name: 'merge-share',
    about: 'how many of the commits are merges, per day, week or month',
    key: 'periods',
    byPeriod: true,
    columns: { ...PERIOD, merges: 'integer', share: 'number' },
    rows: (questions, question) =>
      byPeriod(questions, question, activity => ({
        start: isoDate(activity.start),
        commits: activity.commits,
        merges: activity.merges,
        share: mergeShare(activity),
      })),
  },
  {
    name: 'punch-card',
    about: "commits by weekday and hour, in the author's own time",
    key: 'hours',
    byPeriod: false,
    columns: { weekday: 'integer', hour: 'integer', commits: 'integer' },
    grid: {
      down: 'weekday',
      across: 'hour',
      value: 'commits',
      lineNames: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
    },
    rows: async (questions, question) =>
      punchCard(await questions.commitsByHourOfWeek(onDaysThatCanBe(question))).map(hour => ({ ...hour })),
  },
];

async function byPeriod(
  questions: Questions,
  question: Question,
  row: (activity: PeriodActivity) => InsightRow,
): Promise<InsightRow[]> {
  const days = (await questions.activityByDay(question)).filter(({ day }) => isShown(day, question));
  return activityByPeriod(days, question.by).map(row);
}

/** As `isShown`, for questions that are answered without days. */
function onDaysThatCanBe<Q extends Question>(question: Q): Q {
  const { sinceDay = 1, untilDay = Math.floor(question.nowMs / 1000 / DAY_SECONDS) + 2 } = question;
  return { ...question, sinceDay, untilDay };
}

/** Commits on other days count, but their dates are no first or last one. */
function withDatesThatCanBe<Q extends Question>(question: Q): Q & DatedScope {
  const { sinceDay, untilDay } = onDaysThatCanBe(question);
  return { ...question, datedSinceDay: sinceDay, datedUntilDay: untilDay };
}

/** Days that cannot be are left out, unless somebody asks about them. */
function isShown(day: number, { sinceDay, untilDay, nowMs }: Question): boolean {
  return isPlausibleDay(day, nowMs) || (day <= 0 ? sinceDay !== undefined : untilDay !== undefined);
}

function isoTimeOrNull(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString();
}
