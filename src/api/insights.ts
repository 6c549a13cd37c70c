import { z } from 'zod';
import { PERIODS } from '../insights/calendar.ts';
import { INSIGHTS } from '../insights/catalogue.ts';
import { STALE_AFTER_DAYS } from '../insights/changesets/question.ts';
import { Count, Day, Milliseconds, type Operation, Share, Time } from './operation.ts';

const about = 'Insights';

const InsightQuery = z.strictObject({
  repo: z
    .array(z.string().min(1))
    .optional()
    .describe('over these repositories; over all where none is given'),
  path: z
    .array(z.string().min(1))
    .optional()
    .describe(
      'only commits that changed files which one of these globs means, and these files; a name means files and folders anywhere, a path with a slash one from the top of the repository; `*` and `?` stop at slashes, `**` does not',
    ),
  since: z.string().optional().describe('from this day on, like 2026-01-31'),
  until: z.string().optional().describe('before this day'),
  by: z.enum(PERIODS).default('week'),
  bots: z.enum(['include', 'exclude']).default('include'),
  limit: z.coerce.number<number>().int().min(1).max(1000).optional(),
});

/** An insight that answers with such rows under `key`. */
function insight<Key extends string, Row extends z.core.$ZodLooseShape>(name: string, key: Key, row: Row) {
  return {
    about,
    summary: `${capitalised(INSIGHTS.find(each => each.name === name)?.about ?? name)}.`,
    query: InsightQuery,
    status: 200,
    answer: z.object({
      by: z.enum(PERIODS).optional().describe('where rows are per day, week or month'),
      unread: z
        .array(z.object({ repository: z.string(), state: z.enum(['none', 'begun']) }))
        .optional()
        .describe('repositories whose churn is not or not wholly read, where it matters'),
      pathCount: Count.optional().describe('how many paths that commits ever changed `path` means'),
      ...({ [key]: z.array(z.object(row)) } as { [K in Key]: z.ZodArray<z.ZodObject<Row>> }),
    }),
  } as const;
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

const Scope = {
  host: z.string().min(1).optional(),
  repository: z.string().min(1).optional(),
};
const staleAfterDays = z.coerce.number<number>().int().min(1).max(3650).default(STALE_AFTER_DAYS);
const QueryDay = z.iso.date({ error: 'must be a day like 2026-01-31' });

const measures = {
  count: Count,
  p50: z.int().nullable(),
  p75: z.int().nullable(),
  p90: z.int().nullable(),
};
const Durations = z.object(measures).describe('percentiles, in milliseconds');
/** Of changesets: which, and from when to when. */
const ChangesetWindowQuery = {
  ...Scope,
  since: QueryDay.optional().describe('from this day on, UTC; 90 days before `until` unless given'),
  until: QueryDay.optional().describe('before this day, UTC; up to now unless given'),
  by: z.enum(PERIODS).default('week'),
};
const Counts = { open: Count, draft: Count, waitingForReview: Count, stale: Count };

export const insightOperations = {
  getCommits: insight('commits', 'periods', { start: Day, commits: Count }),
  getChurn: insight('churn', 'periods', { start: Day, files: Count, added: Count, removed: Count }),
  getContributors: insight('contributors', 'periods', {
    start: Day,
    active: Count,
    new: Count,
    returning: Count,
    lost: Count,
  }),
  getAuthors: insight('authors', 'authors', {
    name: z.string(),
    email: z.string(),
    commits: Count,
    added: Count,
    removed: Count,
    firstCommitAt: Time,
    lastCommitAt: Time,
  }),
  getBusFactor: insight('bus-factor', 'people', {
    name: z.string(),
    email: z.string(),
    commits: Count,
    share: Share,
  }),
  getHotspots: insight('hotspots', 'files', {
    path: z.string(),
    changes: Count,
    people: Count,
    added: Count,
    removed: Count,
    lastChange: Day,
    repository: z.string(),
  }),
  getLastCommits: insight('last-commit', 'repositories', {
    repository: z.string(),
    lastCommitAt: Time.nullable(),
    ageMs: Milliseconds.nullable(),
  }),
  getMergeShare: insight('merge-share', 'periods', {
    start: Day,
    commits: Count,
    merges: Count,
    share: Share.nullable(),
  }),
  getPunchCard: insight('punch-card', 'hours', { weekday: z.int(), hour: z.int(), commits: Count }),
  getChangesetReport: {
    about,
    summary: 'How changesets are reviewed and merged.',
    query: z.strictObject({
      ...ChangesetWindowQuery,
      staleAfterDays,
    }),
    status: 200,
    answer: z.object({
      timeToFirstReviewMs: Durations,
      reviewRounds: z.object(measures),
      cycleMs: Durations,
      parts: z.object({
        draftMs: Durations,
        toFirstReviewMs: Durations,
        inReviewMs: Durations,
        waitForMergeMs: Durations,
      }),
      throughput: z.array(z.object({ start: Day, opened: Count, merged: Count, closed: Count })),
      bySize: z.array(z.object({ upToLines: z.int().nullable(), cycleMs: Durations })),
      stale: z.object({
        count: Count,
        oldest: z.array(z.object({ url: z.string(), title: z.string(), idleMs: Milliseconds })),
      }),
    }),
  },
  getCycleTimes: {
    about,
    summary:
      'How long changesets took from their creation to their merge, less time as a draft, as a distribution per day, week or month of the merge.',
    query: z.strictObject(ChangesetWindowQuery),
    status: 200,
    answer: z.object({
      by: z.enum(PERIODS),
      upToMs: z
        .array(Milliseconds.nullable())
        .describe('the classes of the distribution: each goes up to so many milliseconds, the last one on'),
      periods: z
        .array(
          z.object({
            start: Day,
            count: Count.describe('merged in the period'),
            p25: Milliseconds,
            p50: Milliseconds,
            p75: Milliseconds,
            p90: Milliseconds,
            classes: z.array(Count).describe('how many there are in each class'),
          }),
        )
        .describe('those without a merge are left out'),
    }),
  },
  getReviewLoad: {
    about,
    summary:
      'Who reviews how much: reviews by people other than the author, per reviewer and day, week or month.',
    query: z.strictObject({
      ...ChangesetWindowQuery,
      limit: z.coerce.number<number>().int().min(1).max(200).default(20).describe('reviewers listed'),
    }),
    status: 200,
    answer: z.object({
      by: z.enum(PERIODS),
      reviewers: z
        .array(
          z.object({
            reviewer: z.string().describe('as the host calls them'),
            reviews: Count,
            periods: z.array(z.object({ start: Day, reviews: Count })).describe('those without are left out'),
          }),
        )
        .describe('most reviews first'),
      everybody: z.object({ people: Count, reviews: Count }).describe('those who are not listed included'),
    }),
  },
  getOpenChangesets: {
    about,
    summary: 'What is not merged or closed yet, in all and by age.',
    query: z.strictObject({ ...Scope, staleAfterDays }),
    status: 200,
    answer: z.object({ ...Counts, ages: z.array(z.object({ upToDays: z.int().nullable(), ...Counts })) }),
  },
} as const satisfies Record<string, Operation>;
