import { z } from 'zod';
import { timeMs } from './http/read.ts';
import type { ChangesetDelivery, CommitDelivery, WebhookBase, WebhookDelivery } from './webhook.ts';
import { readWebhook } from './webhook-body.ts';

/** Webhooks in the form that GitHub has given them, and Gitea and Forgejo have taken over. */

/** The repository that a webhook is about. */
export const hookRepository = z.object({ full_name: z.string(), html_url: z.string() });

const pullHook = z.object({
  action: z.string(),
  pull_request: z.object({
    number: z.int(),
    html_url: z.string(),
    title: z.string(),
    state: z.enum(['open', 'closed']),
    draft: z.boolean().optional(),
    merged: z.boolean().nullish(),
    merged_at: z.string().nullish(),
    updated_at: z.string().nullish(),
  }),
  repository: hookRepository,
});

/** A comment on an issue or a pull request; which of them it is, hosts say in ways of their own. */
export const commentHook = z.object({
  action: z.string(),
  is_pull: z.boolean().optional(),
  issue: z.object({
    number: z.int(),
    updated_at: z.string().nullish(),
    pull_request: z.unknown().optional(),
  }),
  repository: hookRepository,
});

/** @throws SluiceError `body_invalid` */
export function parsePull(base: WebhookBase, json: unknown, host: string): WebhookDelivery {
  const { action, pull_request: pull, repository } = readWebhook(pullHook, json, base.event);
  const open = pull.draft ? 'draft' : 'open';
  const ended = pull.merged || pull.merged_at ? 'merged' : 'closed';
  return {
    ...aboutChangeset(base, host, repository, pull.number, action),
    atMs: timeMs(pull.updated_at),
    state: pull.state === 'open' ? open : ended,
    title: pull.title,
    url: pull.html_url,
  };
}

/** A delivery about a changeset of which no more is said. */
export function aboutChangeset(
  base: WebhookBase,
  host: string,
  { full_name: repository, html_url: repositoryUrl }: z.output<typeof hookRepository>,
  number: number,
  action: string,
): ChangesetDelivery {
  return {
    ...base,
    kind: 'changeset',
    ref: { host, repository, number },
    alsoConcerns: [],
    action,
    atMs: undefined,
    state: undefined,
    title: undefined,
    url: undefined,
    repositoryUrl,
  };
}

/** A check, a status or a run of a workflow, of a commit. */
export const commitHook = z.object({
  sha: z.string().optional(),
  branches: z.array(z.object({ name: z.string() })).optional(),
  updated_at: z.string().nullish(),
  workflow_run: ranOnCommit().optional(),
  workflow_job: ranOnCommit().optional(),
  repository: hookRepository,
});

function ranOnCommit() {
  return z.object({
    head_sha: z.string(),
    head_branch: z.string().nullish(),
    head_repository: z.object({ full_name: z.string() }).nullish(),
    updated_at: z.string().nullish(),
    completed_at: z.string().nullish(),
  });
}

/** Commit statuses, and runs of workflows and their jobs. @throws SluiceError `body_invalid` */
export function parseCommit(base: WebhookBase, json: unknown): WebhookDelivery {
  const hook = readWebhook(commitHook, json, base.event);
  const repository = hook.repository.full_name;
  const ran = hook.workflow_run ?? hook.workflow_job;
  if (ran) {
    const atMs = timeMs(ran.completed_at ?? ran.updated_at);
    const at = { repository, commit: ran.head_sha, branch: ran.head_branch ?? undefined, atMs };
    return aboutCommit(base, { ...at, branchOf: ran.head_repository?.full_name });
  }
  if (hook.sha === undefined) return { ...base, kind: 'unknown' };
  const branches = (hook.branches ?? []).map(({ name }) => ({ name, repository }));
  return { ...base, kind: 'commit', repository, commit: hook.sha, branches, atMs: timeMs(hook.updated_at) };
}

/** A delivery about a commit and the one branch that it is the tip of, where that is known. */
export function aboutCommit(
  base: WebhookBase,
  about: {
    readonly repository: string;
    readonly commit: string;
    readonly branch: string | undefined;
    readonly branchOf: string | undefined;
    readonly atMs: number | undefined;
  },
): CommitDelivery {
  const { repository, commit, branch, branchOf, atMs } = about;
  const branches = branch === undefined ? [] : [{ name: branch, repository: branchOf }];
  return { ...base, kind: 'commit', repository, commit, branches, atMs };
}
