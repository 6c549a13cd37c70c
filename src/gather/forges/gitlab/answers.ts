import { z } from 'zod';

/** The forms of GitLab's answers (REST API v4), as much of them as is read. */

const user = z.object({ username: z.string(), bot: z.boolean().optional() }).nullish();

export const project = z.object({
  id: z.int(),
  path_with_namespace: z.string(),
  web_url: z.string(),
  visibility: z.string().optional(),
  archived: z.boolean().optional(),
  forked_from_project: z.unknown().optional(),
  empty_repo: z.boolean().optional(),
  default_branch: z.string().nullish(),
  last_activity_at: z.string().nullish(),
  statistics: z.object({ repository_size: z.number().optional() }).nullish(),
});

export const mergeRequest = z.object({
  id: z.int(),
  iid: z.int(),
  web_url: z.string(),
  title: z.string(),
  author: user,
  state: z.string(),
  draft: z.boolean().optional(),
  created_at: z.string(),
  updated_at: z.string(),
  merged_at: z.string().nullish(),
  closed_at: z.string().nullish(),
  labels: z.array(z.string()).default([]),
  references: z.object({ full: z.string() }).nullish(),
});

export const mergeRequestDetail = mergeRequest.extend({
  source_branch: z.string(),
  target_branch: z.string(),
  sha: z.string().nullish(),
  diff_refs: z.object({ base_sha: z.string().nullish() }).nullish(),
  source_project_id: z.int().nullish(),
  target_project_id: z.int(),
  changes_count: z.string().nullish(),
  reviewers: z.array(z.object({ username: z.string() })).nullish(),
  detailed_merge_status: z.string().nullish(),
  head_pipeline: z
    .object({ id: z.int(), status: z.string(), updated_at: z.string().nullish(), sha: z.string().nullish() })
    .nullish(),
});

export const approvals = z.object({
  approved_by: z.array(z.object({ user })).default([]),
});

export const note = z.object({
  id: z.int(),
  body: z.string(),
  system: z.boolean(),
  author: user,
  created_at: z.string(),
});

export const labelEvent = z.object({
  id: z.int(),
  action: z.string(),
  created_at: z.string(),
  user,
  label: z.object({ name: z.string() }).nullish(),
});

export const stateEvent = z.object({ id: z.int(), state: z.string(), created_at: z.string(), user });

export const commit = z.object({
  id: z.string(),
  committed_date: z.string(),
  created_at: z.string().nullish(),
});

export const pipeline = z.object({
  id: z.int(),
  sha: z.string(),
  status: z.string(),
  created_at: z.string().nullish(),
  updated_at: z.string().nullish(),
});

export type GitlabUser = z.output<typeof user>;
export type GitlabProject = z.output<typeof project>;
export type GitlabMergeRequest = z.output<typeof mergeRequest>;
export type GitlabDetail = z.output<typeof mergeRequestDetail>;
export type GitlabApprovals = z.output<typeof approvals>;
export type GitlabNote = z.output<typeof note>;
export type GitlabLabelEvent = z.output<typeof labelEvent>;
export type GitlabStateEvent = z.output<typeof stateEvent>;
export type GitlabCommit = z.output<typeof commit>;
export type GitlabPipeline = z.output<typeof pipeline>;
