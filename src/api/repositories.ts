import { z } from 'zod';
import { REPOSITORY_CHOICES, REPOSITORY_ORDERS } from '../keep/store/repositories.ts';
import {
  Bytes,
  Count,
  IdPath,
  Milliseconds,
  type Operation,
  Problem,
  pageAnswer,
  pageQuery,
  partQuery,
  reverseQuery,
  Time,
  Url,
} from './operation.ts';

/** As many as one request may name; a list of more is sent in parts. */
const MAX_URLS = 1000;

const Urls = z
  .strictObject({ url: Url.optional(), urls: z.array(Url).min(1).max(MAX_URLS).optional() })
  .refine(({ url, urls }) => (url === undefined) !== (urls === undefined), { error: 'give url or urls' });
const UrlQuery = z.strictObject({ url: Url });

const RepositoryState = z.enum(['new', 'ok', 'failing', 'unreachable', 'gone', 'private', 'moved']);

export const Repository = z
  .object({
    url: z.string(),
    state: RepositoryState,
    tracked: z.boolean(),
    trackedBy: z.array(z.string()).describe('config, cli, api, or an owner like `owner:github:name`'),
    movedTo: z.string().nullable(),
    headRef: z.string().nullable(),
    shallow: z.boolean(),
    commits: Count,
    authors: Count,
    firstCommitAt: Time.nullable(),
    lastCommitAt: Time.nullable(),
    lastBakedAt: Time.nullable(),
    lastNewsAt: Time.nullable().describe('when a bake last found commits that were not there before'),
    lastError: z.string().nullable(),
  })
  .meta({ id: 'Repository' });

export const Clone = z
  .object({
    url: z.string(),
    onDisk: z.boolean(),
    bytes: Bytes,
    kind: z.enum(['lean', 'full']),
    lastUsedAt: Time.nullable(),
    hits: Count,
    pinned: z.boolean(),
    pinnedBy: z.enum(['configuration', 'hand']).nullable(),
    cold: z.object({ location: z.string(), bytes: Bytes, storedAt: Time }).nullable(),
  })
  .meta({ id: 'Clone' });

const ScheduledRepository = Repository.extend({
  next: z.object({ dueAt: Time, reason: z.string(), failures: Count }).nullable(),
  clone: Clone.omit({ url: true }).nullable(),
}).meta({ id: 'ScheduledRepository' });

const BakeSummary = z.looseObject({
  url: z.string(),
  commits: Count,
  newCommits: Count,
  removedCommits: Count,
  authors: Count,
  firstCommitAt: Time.nullable(),
  lastCommitAt: Time.nullable(),
  durationMs: Milliseconds,
  fetchMs: Milliseconds,
  cache: z.enum(['clone', 'fetch', 'restore']),
  movedTo: z.string().optional(),
  warnings: z.array(z.string()).optional(),
});

export const Run = z
  .object({
    id: z.int(),
    url: z.string(),
    state: z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']),
    reason: z.string(),
    requestedAt: Time.nullable(),
    startedAt: Time.nullable(),
    finishedAt: Time.nullable(),
    summary: BakeSummary.nullable(),
    error: z
      .looseObject({ code: z.string(), message: z.string(), hint: z.string(), answer: z.string() })
      .nullable(),
    links: z.object({ self: z.string() }),
  })
  .meta({ id: 'Run' });

const cache = 'Clone cache';
const about = 'Repositories';

export const repositoryOperations = {
  bake: {
    about,
    summary: 'Bakes a repository: 202 with the run, or with `wait` its end.',
    description:
      'Without `wait` the answer comes at once, and `Location` says where the run is seen. With it the answer is 200 with the finished run, or the problem that it failed with, with the run in `run`.',
    body: z.strictObject({
      url: z.string({ error: 'must be the URL of a repository, as text' }).min(1, { error: 'is empty' }),
      wait: z.boolean().default(false),
    }),
    status: 202,
    answer: Run,
    also: { 200: Run },
    problem: Problem.extend({ run: Run.optional() }).meta({ id: 'BakeProblem' }),
  },
  listRuns: {
    about,
    summary: 'Bakes that were asked for, newest first.',
    query: z.strictObject(pageQuery(50, 500)),
    status: 200,
    answer: z.object({ runs: z.array(Run), ...pageAnswer }),
  },
  getRun: {
    about,
    summary: 'One bake.',
    path: IdPath,
    status: 200,
    answer: Run,
  },
  listRepositories: {
    about,
    summary: 'Repositories with their totals, when each is next and why, and its clone.',
    query: z.strictObject({
      search: z.string().optional().describe('somewhere in the address'),
      show: z.enum(REPOSITORY_CHOICES).optional(),
      order: z
        .enum(REPOSITORY_ORDERS)
        .default('change')
        .describe('latest change, largest clone or most commits first, or by address'),
      ...reverseQuery,
      ...partQuery,
      ...pageQuery(100, 1000),
    }),
    status: 200,
    answer: z.object({
      repositories: z.array(ScheduledRepository),
      total: Count.describe('of all that fit'),
      ...pageAnswer,
    }),
  },
  getRepository: {
    about,
    summary: 'One repository by its address.',
    query: UrlQuery,
    status: 200,
    answer: ScheduledRepository,
  },
  trackRepositories: {
    about,
    summary: 'Keeps repositories fresh on the schedule from now on.',
    body: Urls,
    status: 201,
    answer: z.object({ repositories: z.array(Repository) }),
  },
  untrackRepository: {
    about,
    summary: 'Keeps a repository fresh no longer, as far as the API asked for it.',
    query: UrlQuery,
    status: 200,
    answer: Repository.pick({ url: true, tracked: true, trackedBy: true }),
  },
  forgetRepository: {
    about,
    summary:
      'Takes a repository out as if it had never been named: its clone, its history, its place on the schedule. 409 while somebody works in it, or the configuration names it.',
    query: UrlQuery,
    status: 204,
  },
  syncRepositories: {
    about,
    summary: 'Makes tracked repositories due now, first in line: by address, or all in a state.',
    body: z
      .strictObject({ ...Urls.shape, state: RepositoryState.optional() })
      .refine(({ url, urls, state }) => [url, urls, state].filter(one => one !== undefined).length === 1, {
        error: 'give url, urls or state',
      }),
    status: 202,
    answer: z.object({ repositories: z.array(z.object({ url: z.string() })) }),
  },
  getCache: {
    about: cache,
    summary: 'The clones on disk, and the room that they have.',
    status: 200,
    answer: z.object({
      clones: Count,
      usedBytes: Bytes,
      freeBytes: Bytes,
      minFreeBytes: Bytes,
      maxBytes: Bytes.nullable().describe('null: no limit but the disk'),
      evictableBytes: Bytes,
      entries: z.array(Clone),
    }),
  },
  pinClone: {
    about: cache,
    summary: 'Keeps a clone from eviction, or no longer.',
    body: z.strictObject({ url: Url, pinned: z.boolean().default(true) }),
    status: 200,
    answer: z.object({ url: z.string(), pinned: z.boolean() }),
  },
  evictClones: {
    about: cache,
    summary: 'Removes one clone, or as many as free so many bytes.',
    body: z.union([z.strictObject({ url: Url }), z.strictObject({ bytes: z.int().min(1) })]),
    status: 200,
    answer: z.object({ freedBytes: Bytes, evicted: z.array(z.string()) }),
  },
} as const satisfies Record<string, Operation>;
