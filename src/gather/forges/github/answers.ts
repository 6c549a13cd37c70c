import { z } from 'zod';

/** The forms of GitHub's answers, as much of them as is read. GraphQL nulls what a token may not see. */

const actor = z.object({ __typename: z.string(), login: z.string() }).nullish();

export const pageInfo = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullish() });

export const summary = z.object({
  id: z.string(),
  number: z.int(),
  url: z.string(),
  title: z.string(),
  isDraft: z.boolean(),
  state: z.enum(['OPEN', 'CLOSED', 'MERGED']),
  createdAt: z.string(),
  updatedAt: z.string(),
  author: actor,
});

const timelineItem = z.object({
  __typename: z.string(),
  id: z.string().optional(),
  createdAt: z.string().nullish(),
  submittedAt: z.string().nullish(),
  state: z.string().optional(),
  author: actor,
  actor,
  commit: z.object({ oid: z.string() }).nullish(),
  afterCommit: z.object({ oid: z.string() }).nullish(),
  label: z.object({ name: z.string() }).nullish(),
  requestedReviewer: z.object({ login: z.string().optional(), slug: z.string().optional() }).nullish(),
  assignee: z.object({ login: z.string().optional() }).nullish(),
  currentTitle: z.string().optional(),
  currentRefName: z.string().optional(),
});

export const timeline = z.object({ pageInfo, nodes: z.array(timelineItem.nullable()) });

export const commits = z.object({
  totalCount: z.int(),
  pageInfo: z.object({ hasPreviousPage: z.boolean(), startCursor: z.string().nullish() }),
  nodes: z.array(
    z
      .object({
        commit: z.object({
          oid: z.string(),
          committedDate: z.string(),
          author: z.object({ user: actor }).nullish(),
        }),
      })
      .nullable(),
  ),
});

const check = z.object({
  __typename: z.string(),
  id: z.string().optional(),
  name: z.string().optional(),
  status: z.string().optional(),
  conclusion: z.string().nullish(),
  startedAt: z.string().nullish(),
  completedAt: z.string().nullish(),
  context: z.string().optional(),
  state: z.string().optional(),
  createdAt: z.string().nullish(),
  creator: actor,
});

const rollup = z.object({
  state: z.string(),
  contexts: z.object({ nodes: z.array(check.nullable()).nullish() }).nullish(),
});

export const changeset = summary.extend({
  mergedAt: z.string().nullable(),
  closedAt: z.string().nullable(),
  additions: z.int(),
  deletions: z.int(),
  changedFiles: z.int(),
  mergeable: z.string(),
  reviewDecision: z.string().nullish(),
  headRefName: z.string(),
  headRefOid: z.string(),
  headRepository: z.object({ nameWithOwner: z.string() }).nullish(),
  baseRefName: z.string(),
  baseRefOid: z.string(),
  labels: z.object({ nodes: z.array(z.object({ name: z.string() }).nullable()).nullish() }).nullish(),
  reviewRequests: z.object({ totalCount: z.int() }).nullish(),
  reviews: z.object({ totalCount: z.int() }).nullish(),
  latestOpinionatedReviews: z
    .object({ nodes: z.array(z.object({ state: z.string() }).nullable()).nullish() })
    .nullish(),
  recentCommits: commits,
  lastCommit: z
    .object({
      nodes: z
        .array(
          z.object({ commit: z.object({ oid: z.string(), statusCheckRollup: rollup.nullish() }) }).nullable(),
        )
        .nullish(),
    })
    .nullish(),
  timelineItems: timeline,
});

export const restPull = z.object({
  node_id: z.string(),
  number: z.int(),
  html_url: z.string(),
  title: z.string(),
  draft: z.boolean().optional(),
  state: z.enum(['open', 'closed']),
  created_at: z.string(),
  updated_at: z.string(),
  merged_at: z.string().nullish(),
  user: z.object({ login: z.string(), type: z.string() }).nullish(),
  base: z.object({ repo: z.object({ full_name: z.string() }) }),
});

export const restRepository = z.object({
  node_id: z.string(),
  full_name: z.string(),
  html_url: z.string(),
  private: z.boolean(),
  archived: z.boolean().optional(),
  fork: z.boolean(),
  default_branch: z.string().nullish(),
  pushed_at: z.string().nullish(),
  size: z.int(),
});

export const repositoryPage = z.object({
  repositoryOwner: z
    .object({
      repositories: z.object({
        pageInfo,
        nodes: z.array(
          z
            .object({
              id: z.string(),
              nameWithOwner: z.string(),
              url: z.string(),
              isPrivate: z.boolean(),
              isArchived: z.boolean(),
              isFork: z.boolean(),
              isEmpty: z.boolean(),
              diskUsage: z.int().nullish(),
              pushedAt: z.string().nullish(),
              defaultBranchRef: z.object({ name: z.string() }).nullish(),
            })
            .nullable(),
        ),
      }),
    })
    .nullable(),
});

export const searchPage = z.object({
  search: z.object({
    issueCount: z.int(),
    pageInfo,
    nodes: z.array(
      summary
        .partial()
        .extend({ __typename: z.string(), repository: z.object({ nameWithOwner: z.string() }).optional() })
        .nullable(),
    ),
  }),
});

export const graphqlBody = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z
    .array(
      z.object({
        type: z.string().optional(),
        message: z.string().default(''),
        path: z.array(z.union([z.string(), z.number()])).optional(),
      }),
    )
    .optional(),
});

export const rateLimit = z.object({
  rateLimit: z
    .object({ cost: z.number(), limit: z.number(), remaining: z.number(), resetAt: z.string() })
    .nullish(),
});

export type GithubActor = z.output<typeof actor>;
export type GithubSummary = z.output<typeof summary>;
export type GithubChangeset = z.output<typeof changeset>;
export type GithubTimeline = z.output<typeof timeline>;
export type GithubCommits = z.output<typeof commits>;
export type GraphqlError = NonNullable<z.output<typeof graphqlBody>['errors']>[number];
