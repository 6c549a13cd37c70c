import { z } from 'zod';
import { timeMs } from './http/read.ts';
import type { ChangesetDelivery, WebhookBase, WebhookDelivery } from './webhook.ts';
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
