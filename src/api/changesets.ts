import { z } from 'zod';
import { FORGES } from '../gather/forges/definitions.ts';
import { CHANGESET_ORDERS, CHANGESET_STATES } from '../keep/store/changesets.ts';
import {
  Count,
  type Operation,
  pageAnswer,
  pageQuery,
  partQuery,
  reverseQuery,
  Switch,
  Time,
} from './operation.ts';

const about = 'Changesets';

const Filter = {
  host: z.string().min(1).optional(),
  repository: z
    .string()
    .min(1)
    .optional()
    .describe("`owner/name`, or the address of the repository's page less its scheme"),
  state: z
    .string()
    .transform(text => text.split(','))
    .pipe(z.array(z.enum(CHANGESET_STATES)))
    .optional()
    .describe('one, or several with commas between them'),
  review: z.literal('waiting').optional().describe('open, and nobody has reviewed it yet'),
  idleDays: z.coerce
    .number<number>()
    .positive()
    .max(36_500)
    .optional()
    .describe('open or draft, without a change for so many days'),
  author: z.string().min(1).optional(),
  label: z.string().min(1).optional(),
  search: z.string().min(1).optional(),
};
const Url = z.string().min(1).max(2000);
const UrlQuery = z.strictObject({ url: Url });
const Tip = z.object({ branch: z.string().nullable(), commit: z.string().nullable() });

export const Changeset = z
  .object({
    id: z.int(),
    url: z.string(),
    host: z.string(),
    repository: z.string(),
    number: z.int(),
    state: z.enum(CHANGESET_STATES),
    title: z.string(),
    author: z.string().nullable(),
    head: Tip,
    base: Tip,
    createdAt: Time.nullable(),
    updatedAt: Time.nullable(),
    mergedAt: Time.nullable(),
    closedAt: Time.nullable(),
    additions: Count.nullable(),
    deletions: Count.nullable(),
    changedFiles: Count.nullable(),
    labels: z.array(z.string()),
    reviewState: z.enum(['none', 'commented', 'requested', 'approved', 'changes_requested']),
    checkState: z.enum(['none', 'pending', 'success', 'failure']).nullable(),
    mergeable: z.boolean().nullable(),
    followed: z.boolean(),
    followedBy: z.string(),
    lastSyncAt: Time.nullable(),
    latestEventAt: Time.nullable(),
    lastError: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
    unseen: z
      .array(z.object({ part: z.string(), code: z.string(), message: z.string(), hint: z.string() }))
      .nullable()
      .describe('what the last sync could not read of it, though the rest was'),
    next: z
      .object({ dueAt: Time, reason: z.string(), priority: z.enum(['normal', 'high']) })
      .nullable()
      .describe('null: it is not followed'),
  })
  .meta({ id: 'Changeset' });

const Event = z
  .object({
    id: z.string(),
    kind: z.string(),
    hostKind: z.string(),
    happenedAt: Time,
    actor: z.string().nullable(),
    actorIsBot: z.boolean(),
    review: z.string().nullable(),
    commit: z.string().nullable(),
    checkName: z.string().nullable(),
    checkState: z.string().nullable(),
    subject: z.string().nullable(),
  })
  .meta({ id: 'ChangesetEvent' });

export const changesetOperations = {
  listChangesets: {
    about,
    summary: 'Pull and merge requests.',
    query: z.strictObject({
      ...Filter,
      failing: Switch.optional(),
      followed: Switch.optional(),
      order: z
        .enum(CHANGESET_ORDERS)
        .default('id')
        .describe('known for longest, without a change for longest (`idle`), or open for longest first'),
      ...reverseQuery,
      ...partQuery,
      ...pageQuery(100, 1000),
    }),
    status: 200,
    answer: z.object({
      changesets: z.array(Changeset),
      total: Count.describe('of all that fit'),
      ...pageAnswer,
    }),
  },
  getChangeset: { about, summary: 'One by its address.', query: UrlQuery, status: 200, answer: Changeset },
  listChangesetEvents: {
    about,
    summary: 'What happened to one, oldest first.',
    query: z.strictObject({ url: Url, ...pageQuery(1000, 1000) }),
    status: 200,
    answer: z.object({ events: z.array(Event), ...pageAnswer }),
  },
  trackChangesets: {
    about,
    summary: 'Keeps changesets fresh from now on, first in line.',
    body: z.strictObject({ urls: z.array(Url).min(1).max(1000) }),
    status: 201,
    answer: z.object({ changesets: z.array(Changeset) }),
  },
  untrackChangeset: {
    about,
    summary: 'Keeps one fresh no longer.',
    query: UrlQuery,
    status: 200,
    answer: Changeset,
  },
  syncChangesets: {
    about,
    summary: 'Makes changesets due now, by address or by filter.',
    body: z
      .strictObject({
        urls: z.array(Url).min(1).max(1000).optional(),
        filter: z.strictObject({ ...Filter, failing: z.boolean().optional() }).optional(),
        exceptUrls: z.array(Url).max(10_000).optional().describe('not these; with `filter`'),
      })
      .refine(({ urls, filter }) => (urls === undefined) !== (filter === undefined), {
        error: 'give urls or filter, one of the two',
      }),
    status: 202,
    answer: z.object({ raised: Count }),
  },
  receiveWebhook: {
    about,
    summary: 'A webhook of a code host; its signature stands for the token.',
    path: z.object({ kind: z.enum(FORGES.map(({ kind }) => kind)) }),
    status: 202,
    answer: z.object({
      outcome: z.enum(['raised', 'push', 'ping', 'duplicate', 'ignored']),
      changesets: Count.optional(),
      event: z.string().optional(),
    }),
    isOpen: true,
  },
} as const satisfies Record<string, Operation>;
