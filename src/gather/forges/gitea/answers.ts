import { z } from 'zod';

/** The forms of Gitea's and Forgejo's answers (modules/structs of Gitea 1.26), as much of them as is read. */

const user = z.object({ login: z.string(), user_type: z.string().optional() }).nullish();

export const repository = z.object({
  id: z.int(),
  full_name: z.string(),
  html_url: z.string(),
  private: z.boolean(),
  archived: z.boolean(),
  fork: z.boolean(),
  empty: z.boolean(),
  default_branch: z.string().nullish(),
  updated_at: z.string().nullish(),
  size: z.int(),
});

const branch = z.object({
  ref: z.string(),
  sha: z.string(),
  repo_id: z.int().optional(),
  repo: z.object({ full_name: z.string() }).nullish(),
});

const item = z.object({
  id: z.int(),
  number: z.int(),
  html_url: z.string(),
  title: z.string(),
  user,
  state: z.enum(['open', 'closed']),
  created_at: z.string(),
  updated_at: z.string(),
});

export const pull = item.extend({
  draft: z.boolean().optional(),
  merged: z.boolean(),
  mergeable: z.boolean(),
  merged_at: z.string().nullish(),
  closed_at: z.string().nullish(),
  additions: z.int().nullish(),
  deletions: z.int().nullish(),
  changed_files: z.int().nullish(),
  review_comments: z.int().optional(),
  labels: z.array(z.object({ name: z.string() })).nullish(),
  requested_reviewers: z.array(z.object({ login: z.string() })).nullish(),
  head: branch,
  base: branch,
});

export const issue = item.extend({
  pull_request: z.object({ merged: z.boolean(), draft: z.boolean().optional() }).nullish(),
  repository: z.object({ id: z.int(), full_name: z.string() }).nullish(),
});

export const review = z.object({
  id: z.int(),
  user,
  state: z.string(),
  dismissed: z.boolean().optional(),
  commit_id: z.string().optional(),
  submitted_at: z.string().nullish(),
});

export const status = z.object({
  state: z.string(),
  total_count: z.int(),
  statuses: z
    .array(
      z.object({
        id: z.int(),
        status: z.string(),
        context: z.string(),
        created_at: z.string(),
        updated_at: z.string(),
        creator: user,
      }),
    )
    .nullish(),
});

export const timelineItem = z.object({
  id: z.int(),
  type: z.string(),
  user,
  body: z.string().nullish(),
  created_at: z.string(),
  old_title: z.string().optional(),
  new_title: z.string().optional(),
  new_ref: z.string().optional(),
  review_id: z.int().optional(),
  label: z.object({ name: z.string() }).nullish(),
  assignee: z.object({ login: z.string() }).nullish(),
  assignee_team: z.object({ name: z.string() }).nullish(),
  removed_assignee: z.boolean().optional(),
});

export const commit = z.object({
  sha: z.string(),
  commit: z.object({ committer: z.object({ date: z.string() }).nullish() }),
  author: user,
});

export type GiteaUser = z.output<typeof user>;
export type GiteaPull = z.output<typeof pull>;
export type GiteaIssue = z.output<typeof issue>;
export type GiteaReview = z.output<typeof review>;
export type GiteaStatus = z.output<typeof status>;
export type GiteaTimelineItem = z.output<typeof timelineItem>;
export type GiteaCommit = z.output<typeof commit>;
export type GiteaRepository = z.output<typeof repository>;
