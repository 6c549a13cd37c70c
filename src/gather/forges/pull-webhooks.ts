import { z } from 'zod';
import { flag, listOf, maybe, name, number, text, word } from './http/lenient.ts';
import { timeMs } from './http/read.ts';
import type { ChangesetDelivery, CommitDelivery, WebhookBase, WebhookDelivery } from './webhook.ts';
import { readWebhook } from './webhook-body.ts';

/** Webhooks in the form that GitHub has given them, and Gitea and Forgejo have taken over. */

/** The repository that a webhook is about. */
export const hookRepository = z.object({
  full_name: name,
  html_url: text,
  clone_url: text,
  ssh_url: text,
  git_url: text,
});

/** Addresses of the repository, as far as a body names them. */
export function urlsOf(repository: z.output<typeof hookRepository>): readonly string[] {
  const { html_url: html, clone_url: clone, ssh_url: ssh, git_url: git } = repository;
  return [html, clone, ssh, git].filter(url => url !== undefined);
}

const pullHook = z.object({
  action: text,
  pull_request: z.object({
    number,
    html_url: text,
    title: text,
    state: text,
    draft: flag,
    merged: flag,
    merged_at: text,
    updated_at: text,
  }),
  repository: hookRepository,
});

/** A comment on an issue or a pull request; which of them it is, hosts say in ways of their own. */
export const commentHook = z.object({
  action: text,
  is_pull: flag,
  issue: z.object({ number, updated_at: text, pull_request: z.unknown().optional() }),
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
    state: pull.state === 'open' ? open : pull.state === 'closed' ? ended : undefined,
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
  action: string | undefined,
): ChangesetDelivery {
  return {
    ...base,
    kind: 'changeset',
    ref: { host, repository, number },
    alsoConcerns: [],
    action: action ?? 'unknown',
    atMs: undefined,
    state: undefined,
    title: undefined,
    url: undefined,
    repositoryUrl,
  };
}

const ranOnCommit = maybe(
  z.object({
    head_sha: name,
    head_branch: word,
    head_repository: maybe(z.object({ full_name: name })),
    updated_at: text,
    completed_at: text,
  }),
);

/** A check, a status or a run of a workflow, of a commit. */
const commitHook = z.object({
  sha: word,
  branches: listOf(z.object({ name })),
  updated_at: text,
  workflow_run: ranOnCommit,
  workflow_job: ranOnCommit,
  repository: hookRepository,
});

/** Commit statuses, and runs of workflows and their jobs. @throws SluiceError `body_invalid` */
export function parseCommit(base: WebhookBase, json: unknown): WebhookDelivery {
  const hook = readWebhook(commitHook, json, base.event);
  const repository = hook.repository.full_name;
  const ran = hook.workflow_run ?? hook.workflow_job;
  if (ran) {
    const atMs = timeMs(ran.completed_at ?? ran.updated_at);
    const at = { repository, commit: ran.head_sha, branch: ran.head_branch, atMs };
    return aboutCommit(base, { ...at, branchOf: ran.head_repository?.full_name });
  }
  if (hook.sha === undefined) return { ...base, kind: 'unknown' };
  const branches = hook.branches.map(({ name }) => ({ name, repository }));
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
