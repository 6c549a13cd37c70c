import { z } from 'zod';
import { type HttpHeaders, headerOf } from '../../../base/http-headers.ts';
import { listOf, maybe, name, number, text, word } from '../http/lenient.ts';
import { timeMs } from '../http/read.ts';
import {
  aboutChangeset,
  aboutCommit,
  commentHook,
  hookRepository,
  parseCommit,
  parsePull,
  urlsOf,
} from '../pull-webhooks.ts';
import type { ForgeWebhooks, WebhookBase, WebhookDelivery } from '../webhook.ts';
import { deliveryIdOf, isHexHmac, readWebhook, webhookJson } from '../webhook-body.ts';

const checked = maybe(
  z.object({
    head_sha: name,
    head_branch: word,
    check_suite: maybe(z.object({ head_branch: word })),
    pull_requests: listOf(z.object({ number, base: z.object({ repo: z.object({ url: name }) }) })),
    completed_at: text,
    updated_at: text,
  }),
);

const checkHook = z.object({
  action: text,
  check_run: checked,
  check_suite: checked,
  repository: hookRepository.extend({ url: text }),
});

const pushHook = z.object({
  ref: text,
  repository: hookRepository.extend({ pushed_at: maybe(z.union([z.number(), z.string()])) }),
});

function signatureIn(headers: HttpHeaders): string | undefined {
  return /^sha256=([0-9a-f]{64})$/i.exec(headerOf(headers, 'x-hub-signature-256') ?? '')?.[1];
}

/** Webhooks of GitHub (docs.github.com, "Validating webhook deliveries", "Webhook events and payloads"). */
export const githubWebhooks: ForgeWebhooks = {
  mayVerify: headers => signatureIn(headers) !== undefined,
  verify: (headers, rawBody, secret) => isHexHmac(signatureIn(headers), rawBody, secret),
  parse: (headers, rawBody, host) => {
    const event = headerOf(headers, 'x-github-event') ?? '';
    const base = { deliveryId: deliveryIdOf(headerOf(headers, 'x-github-delivery'), event, rawBody), event };
    const json = webhookJson(headers, rawBody);
    if (event === 'ping') return { ...base, kind: 'ping' };
    if (event === 'push') return parsePush(base, json);
    if (/^pull_request(_review|_review_comment|_review_thread)?$/.test(event))
      return parsePull(base, json, host);
    if (event === 'issue_comment') return parseComment(base, json, host);
    if (event === 'check_run' || event === 'check_suite') return parseChecks(base, json, host);
    if (event === 'status' || event === 'workflow_run' || event === 'workflow_job')
      return parseCommit(base, json);
    return { ...base, kind: 'unknown' };
  },
};

/** Changesets are issues to GitHub; comments on plain issues are nothing that is followed. */
function parseComment(base: WebhookBase, json: unknown, host: string): WebhookDelivery {
  const { action, issue, repository } = readWebhook(commentHook, json, base.event);
  if (!issue.pull_request) return { ...base, kind: 'unknown' };
  const about = aboutChangeset(base, host, repository, issue.number, action);
  return { ...about, atMs: timeMs(issue.updated_at) };
}

/** Checks name the changesets whose head they ran on, except those from forks: these are found by that head. */
function parseChecks(base: WebhookBase, json: unknown, host: string): WebhookDelivery {
  const { action, check_run: run, check_suite: suite, repository } = readWebhook(checkHook, json, base.event);
  const check = run ?? suite;
  const [first, ...others] = (check?.pull_requests ?? [])
    .filter(each => each.base.repo.url === repository.url)
    .map(({ number }) => aboutChangeset(base, host, repository, number, action));
  if (check === undefined) return { ...base, kind: 'unknown' };
  const atMs = timeMs(check.completed_at ?? check.updated_at);
  if (first === undefined) {
    const branch = check.head_branch ?? check.check_suite?.head_branch;
    const about = {
      repository: repository.full_name,
      commit: check.head_sha,
      branch,
      branchOf: undefined,
      atMs,
    };
    return aboutCommit(base, about);
  }
  return { ...first, alsoConcerns: others.map(({ ref }) => ref), atMs };
}

function parsePush(base: WebhookBase, json: unknown): WebhookDelivery {
  const { ref: gitRef = '', repository: at } = readWebhook(pushHook, json, base.event);
  const atMs = typeof at.pushed_at === 'number' ? at.pushed_at * 1000 : timeMs(at.pushed_at);
  const repositoryUrls = urlsOf(at);
  return { ...base, kind: 'push', repository: at.full_name, repositoryUrls, gitRef, atMs };
}
