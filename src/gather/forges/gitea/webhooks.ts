import { z } from 'zod';
import type { ChangesetState } from '../changeset.ts';
import { timeMs } from '../http/read.ts';
import type { ForgeWebhooks, WebhookDelivery } from '../webhook.ts';
import { deliveryIdOf, isHexHmac, readWebhook, webhookHeader, webhookJson } from '../webhook-body.ts';

const repository = z.object({
  full_name: z.string(),
  html_url: z.string(),
  updated_at: z.string().nullish(),
});

const pullEvent = z.object({
  action: z.string(),
  pull_request: z.object({
    number: z.int(),
    html_url: z.string(),
    title: z.string(),
    state: z.enum(['open', 'closed']),
    draft: z.boolean().optional(),
    merged: z.boolean().optional(),
    updated_at: z.string().nullish(),
  }),
  repository,
});

const commentEvent = z.object({
  action: z.string(),
  is_pull: z.boolean().optional(),
  issue: z.object({ number: z.int(), updated_at: z.string().nullish() }),
  repository,
});

const pushEvent = z.object({ ref: z.string(), repository });

/** Forgejo sends Gitea's headers beside its own; old versions of both sent Gogs's. */
const BRANDS = ['gitea', 'forgejo', 'gogs'];

function branded(headers: Parameters<typeof webhookHeader>[0], name: string): string | undefined {
  return BRANDS.map(brand => webhookHeader(headers, `x-${brand}-${name}`)).find(value => value !== undefined);
}

/** Webhooks of Gitea and Forgejo (docs.gitea.com, "Webhooks"). */
export const giteaWebhooks: ForgeWebhooks = {
  verify: (headers, rawBody, secret) => {
    const signature = branded(headers, 'signature');
    return isHexHmac(/^[0-9a-f]{64}$/i.test(signature ?? '') ? signature : undefined, rawBody, secret);
  },
  parse: (headers, rawBody, host) => {
    const event = branded(headers, 'event') ?? '';
    const base = { deliveryId: deliveryIdOf(branded(headers, 'delivery'), rawBody), event };
    const json = webhookJson(headers, rawBody);
    if (event === 'push') return parsePush(base, json);
    if (event === 'issue_comment' || event === 'pull_request_comment') return parseComment(base, json, host);
    if (event.startsWith('pull_request')) return parsePull(base, json, host);
    return { ...base, kind: 'unknown' };
  },
};

interface Base {
  readonly deliveryId: string;
  readonly event: string;
}

function parsePull(base: Base, json: unknown, host: string): WebhookDelivery {
  const { action, pull_request: told, repository: at } = readWebhook(pullEvent, json, base.event);
  const open: ChangesetState = told.draft ? 'draft' : 'open';
  const ended: ChangesetState = told.merged ? 'merged' : 'closed';
  return {
    ...base,
    kind: 'changeset',
    ref: { host, repository: at.full_name, number: told.number },
    others: [],
    action,
    atMs: timeMs(told.updated_at),
    state: told.state === 'open' ? open : ended,
    title: told.title,
    url: told.html_url,
    repositoryUrl: at.html_url,
  };
}

function parseComment(base: Base, json: unknown, host: string): WebhookDelivery {
  const { action, is_pull: isPull, issue, repository: at } = readWebhook(commentEvent, json, base.event);
  if (!isPull && base.event !== 'pull_request_comment') return { ...base, kind: 'unknown' };
  return {
    ...base,
    kind: 'changeset',
    ref: { host, repository: at.full_name, number: issue.number },
    others: [],
    action,
    atMs: timeMs(issue.updated_at),
    state: undefined,
    title: undefined,
    url: undefined,
    repositoryUrl: at.html_url,
  };
}

function parsePush(base: Base, json: unknown): WebhookDelivery {
  const { ref: gitRef, repository: at } = readWebhook(pushEvent, json, base.event);
  const atMs = timeMs(at.updated_at);
  return { ...base, kind: 'push', repository: at.full_name, repositoryUrl: at.html_url, gitRef, atMs };
}
