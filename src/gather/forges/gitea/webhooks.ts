import { z } from 'zod';
import { type HttpHeaders, headerOf } from '../../../base/http-headers.ts';
import { text } from '../http/lenient.ts';
import { timeMs } from '../http/read.ts';
import {
  aboutChangeset,
  commentHook,
  hookRepository,
  parseCommit,
  parsePull,
  urlsOf,
} from '../pull-webhooks.ts';
import type { ForgeWebhooks, WebhookBase, WebhookDelivery } from '../webhook.ts';
import { deliveryIdOf, isHexHmac, readWebhook, webhookJson } from '../webhook-body.ts';

const pushHook = z.object({ ref: text, repository: hookRepository.extend({ updated_at: text }) });

/** Forgejo sends Gitea's headers beside its own; old versions of both sent Gogs's. */
const BRANDS = ['gitea', 'forgejo', 'gogs'];

function brandedHeader(headers: HttpHeaders, name: string): string | undefined {
  return BRANDS.map(brand => headerOf(headers, `x-${brand}-${name}`)).find(value => value !== undefined);
}

function signatureIn(headers: HttpHeaders): string | undefined {
  const signature = brandedHeader(headers, 'signature');
  return /^[0-9a-f]{64}$/i.test(signature ?? '') ? signature : undefined;
}

/** Webhooks of Gitea and Forgejo (docs.gitea.com, "Webhooks"). */
export const giteaWebhooks: ForgeWebhooks = {
  mayVerify: headers => signatureIn(headers) !== undefined,
  verify: (headers, rawBody, secret) => isHexHmac(signatureIn(headers), rawBody, secret),
  parse: (headers, rawBody, host) => {
    const event = brandedHeader(headers, 'event') ?? '';
    const base = { deliveryId: deliveryIdOf(brandedHeader(headers, 'delivery'), event, rawBody), event };
    const json = webhookJson(headers, rawBody);
    if (event === 'push') return parsePush(base, json);
    if (event === 'issue_comment' || event === 'pull_request_comment') return parseComment(base, json, host);
    if (event === 'status' || event === 'workflow_run' || event === 'workflow_job')
      return parseCommit(base, json);
    if (event.startsWith('pull_request')) return parsePull(base, json, host);
    return { ...base, kind: 'unknown' };
  },
};

function parseComment(base: WebhookBase, json: unknown, host: string): WebhookDelivery {
  const { action, is_pull: isPull, issue, repository } = readWebhook(commentHook, json, base.event);
  if (!isPull && base.event !== 'pull_request_comment') return { ...base, kind: 'unknown' };
  return {
    ...aboutChangeset(base, host, repository, issue.number, action),
    atMs: timeMs(issue.updated_at),
  };
}

function parsePush(base: WebhookBase, json: unknown): WebhookDelivery {
  const { ref: gitRef = '', repository: at } = readWebhook(pushHook, json, base.event);
  const atMs = timeMs(at.updated_at);
  const repositoryUrls = urlsOf(at);
  return { ...base, kind: 'push', repository: at.full_name, repositoryUrls, gitRef, atMs };
}
