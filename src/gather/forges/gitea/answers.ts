import { z } from 'zod';
import { count, entriesOf, flag, id, listOf, maybe, name, number, text, word } from '../http/lenient.ts';

/** The forms of Gitea's and Forgejo's answers (modules/structs of Gitea 1.26), as much of them as is read. */

const user = maybe(z.object({ login: name }));
const named = z.object({ name });

export const repository = z.object({
  id: count,
  full_name: name,
  html_url: text,
  private: flag,
  archived: flag,
  fork: flag,
  empty: flag,
  default_branch: word,
  updated_at: text,
  size: count,
});

const branch = maybe(
  z.object({
    ref: word,
    sha: word,
    repo_id: count,
    repo: maybe(z.object({ full_name: name })),
  }),
);

const item = z.object({
  number,
  html_url: text,
  title: text,
  user,
  state: text,
  created_at: text,
  updated_at: text,
});

export const pull = item.extend({
  draft: flag,
  merged: flag,
  mergeable: flag,
  merged_at: text,
  closed_at: text,
  additions: count,
  deletions: count,
  changed_files: count,
  review_comments: count,
  labels: entriesOf(named),
  requested_reviewers: listOf(z.object({ login: text })),
  head: branch,
  base: branch,
});

export const issue = item.extend({
  closed_at: text,
  pull_request: maybe(z.object({ merged: flag, draft: flag, merged_at: text })),
  repository: maybe(z.object({ id: count, full_name: name })),
});

export const review = z.object({
  id,
  user,
  state: text,
  dismissed: flag,
  commit_id: word,
  submitted_at: text,
});

export const status = z
  .object({
    state: text,
    total_count: count,
    statuses: maybe(z.array(z.unknown())),
  })
  .refine(({ state, total_count: total, statuses }) => state ?? total ?? statuses, {
    error: 'has neither a state nor statuses',
  });

/** Of `status.statuses`. */
export const commitStatus = z.object({
  id,
  status: text,
  context: text,
  created_at: text,
  updated_at: text,
  creator: user,
});

export const timelineItem = z.object({
  id,
  type: name,
  user,
  body: text,
  created_at: text,
  old_title: text,
  new_title: text,
  new_ref: text,
  label: maybe(named),
  assignee: user,
  assignee_team: maybe(named),
  removed_assignee: flag,
});

export const commit = z.object({
  sha: name,
  commit: maybe(z.object({ committer: maybe(z.object({ date: text })) })),
  author: user,
});

export type GiteaUser = z.output<typeof user>;
export type GiteaPull = z.output<typeof pull>;
export type GiteaIssue = z.output<typeof issue>;
export type GiteaReview = z.output<typeof review>;
export type GiteaStatus = z.output<typeof status>;
export type GiteaCommitStatus = z.output<typeof commitStatus>;
export type GiteaTimelineItem = z.output<typeof timelineItem>;
export type GiteaCommit = z.output<typeof commit>;
export type GiteaRepository = z.output<typeof repository>;
