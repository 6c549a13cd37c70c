import { z } from 'zod';
import { count, entriesOf, flag, id, listOf, maybe, name, number, text, word } from '../http/lenient.ts';

/** The forms of GitLab's answers (REST API v4), as much of them as is read. */

const user = maybe(z.object({ username: name, bot: flag }));

export const project = z.object({
  id: count,
  path_with_namespace: name,
  web_url: text,
  visibility: text,
  archived: flag,
  forked_from_project: z.unknown().optional(),
  empty_repo: flag,
  default_branch: word,
  last_activity_at: text,
  statistics: maybe(z.object({ repository_size: count })),
});

/** Labels come as text; as objects where they are asked for with details. */
const label = z.union([name, z.object({ name }).transform(({ name }) => name)]);

export const mergeRequest = z.object({
  id: count,
  iid: number,
  web_url: text,
  title: text,
  author: user,
  state: text,
  draft: flag,
  // As it was called before GitLab 14.
  work_in_progress: flag,
  created_at: text,
  updated_at: text,
  merged_at: text,
  closed_at: text,
  labels: entriesOf(label),
  references: maybe(z.object({ full: name })),
});

export const mergeRequestDetail = mergeRequest.extend({
  source_branch: word,
  target_branch: word,
  sha: word,
  diff_refs: maybe(z.object({ base_sha: word })),
  source_project_id: count,
  target_project_id: count,
  changes_count: maybe(z.union([z.string(), z.number().transform(String)])),
  reviewers: listOf(z.object({ username: text })),
  detailed_merge_status: text,
  // Told apart from null: there is none.
  head_pipeline: z.unknown().optional(),
});

export const headPipeline = maybe(z.object({ status: name }));

export const approvals = z.object({ approved_by: z.array(z.unknown()) });

export const note = z.object({
  id,
  body: text,
  system: flag,
  author: user,
  created_at: text,
});

export const labelEvent = z.object({
  id,
  action: text,
  created_at: text,
  user,
  label: maybe(z.object({ name })),
});

export const stateEvent = z.object({ id, state: text, created_at: text, user });

export const commit = z.object({ id: name, committed_date: text, created_at: text });

export const pipeline = z.object({
  id,
  sha: word,
  status: name,
  created_at: text,
  updated_at: text,
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
