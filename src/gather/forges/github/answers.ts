import { z } from 'zod';
import { count, flag, listOf, maybe, name, number, readEntries, text, word } from '../http/lenient.ts';

/** The forms of GitHub's answers, as much of them as is read. GraphQL nulls what a token may not see. */

const actor = maybe(z.object({ __typename: text, login: name }));
const named = z.object({ name });
const repositoryName = maybe(z.object({ nameWithOwner: name }));
const total = maybe(z.object({ totalCount: count }));

const pageInfo = maybe(
  z.object({ hasNextPage: flag, endCursor: word, hasPreviousPage: flag, startCursor: word }),
);

/** A connection of GraphQL; undefined where it could not be read. */
function connection<F extends z.ZodType>(node: F) {
  return maybe(z.object({ totalCount: count, pageInfo, nodes: nodesOf(node) }));
}

/** GraphQL nulls a node that it does not show, which is none of a form that is not known. */
function nodesOf<F extends z.ZodType>(node: F) {
  return z
    .unknown()
    .optional()
    .transform(value =>
      readEntries(node, Array.isArray(value) ? value.filter(each => each !== null) : value),
    );
}

export const summary = z.object({
  id: word,
  number,
  url: text,
  title: text,
  isDraft: flag,
  state: text,
  createdAt: text,
  updatedAt: text,
  mergedAt: text,
  closedAt: text,
  author: actor,
});

const timelineItem = z.object({
  __typename: name,
  id: word,
  createdAt: text,
  submittedAt: text,
  state: text,
  author: actor,
  actor,
  commit: maybe(z.object({ oid: name })),
  afterCommit: maybe(z.object({ oid: name })),
  label: maybe(named),
  requestedReviewer: maybe(z.object({ login: word, slug: word })),
  assignee: maybe(z.object({ login: word })),
  currentTitle: text,
  currentRefName: text,
});

export const timeline = connection(timelineItem);

const commit = z.object({
  commit: z.object({
    oid: name,
    committedDate: text,
    author: maybe(z.object({ user: actor })),
  }),
});

export const commits = connection(commit);

const check = z.object({
  __typename: text,
  id: word,
  name: text,
  status: text,
  conclusion: text,
  startedAt: text,
  completedAt: text,
  context: text,
  state: text,
  createdAt: text,
  creator: actor,
});

const rollup = z.object({ state: text, contexts: connection(check) });

export const changeset = summary.extend({
  additions: count,
  deletions: count,
  changedFiles: count,
  mergeable: text,
  reviewDecision: text,
  headRefName: word,
  headRefOid: word,
  headRepository: repositoryName,
  baseRefName: word,
  baseRefOid: word,
  labels: connection(named),
  reviewRequests: total,
  reviews: total,
  latestOpinionatedReviews: connection(z.object({ state: text })),
  recentCommits: commits,
  lastCommit: connection(
    z.object({ commit: z.object({ oid: word, statusCheckRollup: z.unknown().optional() }) }),
  ),
  timelineItems: timeline,
});

/** Of `lastCommit`: null where no check has run, or it may not be seen. */
export const statusCheckRollup = maybe(rollup);

export const restPull = z.object({
  node_id: word,
  number,
  html_url: text,
  title: text,
  draft: flag,
  state: text,
  created_at: text,
  updated_at: text,
  merged_at: text,
  closed_at: text,
  user: maybe(z.object({ login: name, type: text })),
  base: maybe(z.object({ repo: maybe(z.object({ full_name: name })) })),
});

export const restRepository = z.object({
  node_id: word,
  full_name: name,
  html_url: text,
  private: flag,
  archived: flag,
  fork: flag,
  default_branch: word,
  pushed_at: text,
  size: count,
});

const repository = z.object({
  id: word,
  nameWithOwner: name,
  url: text,
  isPrivate: flag,
  isArchived: flag,
  isFork: flag,
  isEmpty: flag,
  diskUsage: count,
  pushedAt: text,
  defaultBranchRef: maybe(named),
});

export const repositoryPage = z.object({
  repositoryOwner: z.object({ repositories: connection(repository) }).nullable(),
});

export const searchPage = z.object({
  search: z.object({
    issueCount: count,
    pageInfo,
    nodes: z.unknown().optional(),
  }),
});

/** Of `searchPage`; issues that are no pull requests are listed as nothing but their kind. */
export const searchedPull = summary.extend({ repository: repositoryName });

export const graphqlBody = z.object({
  data: maybe(z.record(z.string(), z.unknown())),
  errors: listOf(
    z.object({
      type: text,
      message: z.string().catch(''),
      path: maybe(z.array(z.union([z.string(), z.number()]))),
      locations: listOf(z.object({ line: z.number(), column: z.number() })),
    }),
  ),
});

export const rateLimit = z.object({
  rateLimit: maybe(
    z.object({ cost: z.number(), limit: z.number(), remaining: z.number(), resetAt: z.string() }),
  ),
});

export type GithubActor = z.output<typeof actor>;
export type GithubSummary = z.output<typeof summary>;
export type GithubChangeset = z.output<typeof changeset>;
export type GithubTimelineItem = z.output<typeof timelineItem>;
export type GithubCommit = z.output<typeof commit>;
export type GithubCheck = z.output<typeof check>;
export type GithubRepository = z.output<typeof repository>;
export type GithubRestPull = z.output<typeof restPull>;
export type GithubRestRepository = z.output<typeof restRepository>;
export type GraphqlError = NonNullable<z.output<typeof graphqlBody>['errors']>[number];
