import { z } from 'zod';
import type { ChangesetState } from '../changeset.ts';
import { timeMs } from '../http/read.ts';
import type { ForgeWebhooks, WebhookDelivery } from '../webhook.ts';
import { deliveryIdOf, isHexHmac, readWebhook, webhookHeader, webhookJson } from '../webhook-body.ts';

const repository = z.object({ full_name: z.string(), html_url: z.string() });

const pull = z.object({
  number: z.int(),
  html_url: z.string(),
  title: z.string(),
  state: z.enum(['open', 'closed']),
  draft: z.boolean().optional(),
  merged_at: z.string().nullish(),
  updated_at: z.string().nullish(),
});

const pullEvent = z.object({ action: z.string(), pull_request: pull, repository });

const commentEvent = z.object({
  action: z.string(),
  issue: z.object({
    number: z.int(),
    updated_at: z.string().nullish(),
    pull_request: z.unknown().optional(),
  }),
  repository,
});

const checked = z.object({
  pull_requests: z.array(
    z.object({ number: z.int(), base: z.object({ repo: z.object({ url: z.string() }) }) }),
  ),
  completed_at: z.string().nullish(),
  updated_at: z.string().nullish(),
});

const checkEvent = z.object({
  action: z.string(),
  check_run: checked.optional(),
  check_suite: checked.optional(),
  repository: repository.extend({ url: z.string() }),
});

const pushEvent = z.object({
  ref: z.string(),
  repository: repository.extend({ pushed_at: z.union([z.number(), z.string()]).nullish() }),
});

/** Webhooks of GitHub (docs.github.com, "Validating webhook deliveries", "Webhook events and payloads"). */
export const githubWebhooks: ForgeWebhooks = {
  verify: (headers, rawBody, secret) => {
    const [, hex] =
      /^sha256=([0-9a-f]{64})$/i.exec(webhookHeader(headers, 'x-hub-signature-256') ?? '') ?? [];
    return isHexHmac(hex, rawBody, secret);
  },
  parse: (headers, rawBody, host) => {
    const event = webhookHeader(headers, 'x-github-event') ?? '';
    const base = { deliveryId: deliveryIdOf(webhookHeader(headers, 'x-github-delivery'), rawBody), event };
    const json = webhookJson(headers, rawBody);
    if (event === 'ping') return { ...base, kind: 'ping' };
    if (event === 'push') return parsePush(base, json);
    if (/^pull_request(_review|_review_comment|_review_thread)?$/.test(event))
      return parsePull(base, json, host);
    if (event === 'issue_comment') return parseComment(base, json, host);
    if (event === 'check_run' || event === 'check_suite') return parseChecks(base, json, host);
    return { ...base, kind: 'unknown' };
  },
};

interface Base {
  readonly deliveryId: string;
  readonly event: string;
}

function stateOf({ state, draft, merged_at }: z.output<typeof pull>): ChangesetState {
  if (state === 'open') return draft ? 'draft' : 'open';
  return merged_at ? 'merged' : 'closed';
}

function parsePull(base: Base, json: unknown, host: string): WebhookDelivery {
  const { action, pull_request: told, repository: at } = readWebhook(pullEvent, json, base.event);
  return {
    ...base,
    kind: 'changeset',
    ref: { host, repository: at.full_name, number: told.number },
    others: [],
    action,
    atMs: timeMs(told.updated_at),
    state: stateOf(told),
    title: told.title,
    url: told.html_url,
    repositoryUrl: at.html_url,
  };
}

/** Changesets are issues to GitHub; comments on plain issues are none of ours. */
function parseComment(base: Base, json: unknown, host: string): WebhookDelivery {
  const { action, issue, repository: at } = readWebhook(commentEvent, json, base.event);
  if (!issue.pull_request) return { ...base, kind: 'unknown' };
  return {
    ...base,
    ...UNTOLD,
    kind: 'changeset',
    ref: { host, repository: at.full_name, number: issue.number },
    others: [],
    action,
    atMs: timeMs(issue.updated_at),
    repositoryUrl: at.html_url,
  };
}

const UNTOLD = { state: undefined, title: undefined, url: undefined };

/** Checks name the changesets whose head they ran on, except those from forks. */
function parseChecks(base: Base, json: unknown, host: string): WebhookDelivery {
  const {
    action,
    check_run: run,
    check_suite: suite,
    repository: at,
  } = readWebhook(checkEvent, json, base.event);
  const told = run ?? suite;
  const refs = (told?.pull_requests ?? [])
    .filter(each => each.base.repo.url === at.url)
    .map(({ number }) => ({ host, repository: at.full_name, number }));
  const [ref, ...others] = refs;
  if (ref === undefined) return { ...base, kind: 'unknown' };
  const atMs = timeMs(told?.completed_at ?? told?.updated_at);
  return { ...base, ...UNTOLD, kind: 'changeset', ref, others, action, atMs, repositoryUrl: at.html_url };
}

function parsePush(base: Base, json: unknown): WebhookDelivery {
  const { ref: gitRef, repository: at } = readWebhook(pushEvent, json, base.event);
  const atMs = typeof at.pushed_at === 'number' ? at.pushed_at * 1000 : timeMs(at.pushed_at);
  return { ...base, kind: 'push', repository: at.full_name, repositoryUrl: at.html_url, gitRef, atMs };
}
