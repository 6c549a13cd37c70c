import { z } from 'zod';
import { type HttpHeaders, headerOf } from '../../../base/http-headers.ts';
import type { ChangesetState } from '../changeset.ts';
import { flag, listOf, maybe, name, number, text, word } from '../http/lenient.ts';
import { timeMs } from '../http/read.ts';
import { aboutCommit } from '../pull-webhooks.ts';
import type { ForgeWebhooks, WebhookBase, WebhookDelivery } from '../webhook.ts';
import { deliveryIdOf, hmacSha256, readWebhook, sameSecret, webhookJson } from '../webhook-body.ts';

const project = z.object({
  path_with_namespace: name,
  web_url: text,
  git_http_url: text,
  git_ssh_url: text,
});

const mergeRequest = z.object({
  iid: number,
  title: text,
  url: text,
  state: text,
  draft: flag,
  action: text,
  updated_at: text,
});

const mergeRequestEvent = z.object({ project, object_attributes: mergeRequest });

/** Comments and pipelines; `merge_request` is there where they belong to one. */
const relatedEvent = z.object({
  project,
  merge_request: maybe(mergeRequest),
  object_attributes: maybe(z.object({ action: text, status: text, sha: word, ref: word })),
});

/** A job of a pipeline; old versions name no project. */
const jobEvent = z.object({ sha: name, ref: word, project: maybe(project) });

/** `repository_update` of a system hook names refs, the others one. */
const pushEvent = z.object({ ref: word, refs: listOf(name), project });

/** What a delivery is by its own word; system hooks say nothing else in their headers. */
const ownWord = z.object({ object_kind: text, event_name: text });

type Reader = (base: WebhookBase, json: unknown, host: string) => WebhookDelivery;

/** By the body's own word. */
const READERS: Readonly<Record<string, Reader>> = {
  push: parsePush,
  tag_push: parsePush,
  repository_update: parsePush,
  merge_request: parseMergeRequest,
  note: parseRelated,
  pipeline: parseRelated,
  emoji: parseRelated,
  build: parseJob,
};

/** By the header `X-Gitlab-Event`, for bodies without a word of their own. */
const WORDS: Readonly<Record<string, string>> = {
  'Push Hook': 'push',
  'Tag Push Hook': 'tag_push',
  'Merge Request Hook': 'merge_request',
  'Note Hook': 'note',
  'Confidential Note Hook': 'note',
  'Pipeline Hook': 'pipeline',
  'Emoji Hook': 'emoji',
  'Job Hook': 'build',
};

/** Webhooks of GitLab (docs.gitlab.com, "Webhook events"). */
export const gitlabWebhooks: ForgeWebhooks = {
  mayVerify: (headers, secret) => {
    if (secret === '') return false;
    if (headerOf(headers, 'webhook-signature') !== undefined)
      return (
        headerOf(headers, 'webhook-id') !== undefined && headerOf(headers, 'webhook-timestamp') !== undefined
      );
    const token = headerOf(headers, 'x-gitlab-token');
    return token !== undefined && sameSecret(token, secret);
  },
  verify: (headers, rawBody, secret) => {
    if (secret === '') return false;
    const signature = headerOf(headers, 'webhook-signature');
    if (signature !== undefined) return isSigned(headers, rawBody, secret, signature);
    const token = headerOf(headers, 'x-gitlab-token');
    return token !== undefined && sameSecret(token, secret);
  },
  parse: (headers, rawBody, host) => {
    const event = headerOf(headers, 'x-gitlab-event') ?? '';
    const given = headerOf(headers, 'idempotency-key') ?? headerOf(headers, 'webhook-id');
    const base = { deliveryId: deliveryIdOf(given, event, rawBody), event };
    const json = webhookJson(headers, rawBody);
    const { object_kind: kind, event_name: name } = ownWord.safeParse(json).data ?? {};
    const read = READERS[kind ?? name ?? WORDS[event] ?? ''];
    return read === undefined ? { ...base, kind: 'unknown' } : read(base, json, host);
  },
};

/**
 * The signed form (Standard Webhooks): HMAC-SHA256 over `id.timestamp.body`, several signatures while tokens
 * change. The key is what follows `whsec_` in base64. Deliveries sent again are known by their id.
 */
function isSigned(headers: HttpHeaders, rawBody: Buffer, secret: string, signature: string): boolean {
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  if (id === undefined || timestamp === undefined) return false;
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : secret;
  const wanted = hmacSha256(key, Buffer.concat([Buffer.from(`${id}.${timestamp}.`), rawBody])).toString(
    'base64',
  );
  return signature.split(' ').some(each => sameSecret(each, `v1,${wanted}`));
}

function stateOf({ state, draft }: z.output<typeof mergeRequest>): ChangesetState | undefined {
  switch (state) {
    case 'opened':
    case 'locked':
      return draft ? 'draft' : 'open';
    case 'merged':
    case 'closed':
      return state;
    default:
      return undefined;
  }
}

function changesetDelivery(
  base: WebhookBase,
  change: z.output<typeof mergeRequest>,
  at: z.output<typeof project>,
  action: string,
  host: string,
): WebhookDelivery {
  return {
    ...base,
    kind: 'changeset',
    ref: { host, repository: at.path_with_namespace, number: change.iid },
    alsoConcerns: [],
    action,
    atMs: timeMs(change.updated_at),
    state: stateOf(change),
    title: change.title,
    url: change.url,
    repositoryUrl: at.web_url,
  };
}

function parseMergeRequest(base: WebhookBase, json: unknown, host: string): WebhookDelivery {
  const { project: at, object_attributes: change } = readWebhook(mergeRequestEvent, json, base.event);
  return changesetDelivery(base, change, at, change.action ?? 'update', host);
}

function parseRelated(base: WebhookBase, json: unknown, host: string): WebhookDelivery {
  const {
    project: where,
    merge_request: change,
    object_attributes: what,
  } = readWebhook(relatedEvent, json, base.event);
  if (!change) {
    if (!what?.sha) return { ...base, kind: 'unknown' };
    // A pipeline of a branch, perhaps a fork's: its changesets are found by their head.
    const at = { repository: where.path_with_namespace, branchOf: where.path_with_namespace };
    return aboutCommit(base, { ...at, commit: what.sha, branch: what.ref, atMs: undefined });
  }
  return changesetDelivery(base, change, where, what?.action ?? what?.status ?? 'created', host);
}

function parseJob(base: WebhookBase, json: unknown): WebhookDelivery {
  const { sha: commit, ref, project: at } = readWebhook(jobEvent, json, base.event);
  if (!at) return { ...base, kind: 'unknown' };
  const repository = at.path_with_namespace;
  return aboutCommit(base, { repository, commit, branch: ref, branchOf: repository, atMs: undefined });
}

function parsePush(base: WebhookBase, json: unknown): WebhookDelivery {
  const { ref, refs, project: at } = readWebhook(pushEvent, json, base.event);
  const { path_with_namespace: repository, web_url: web, git_http_url: http, git_ssh_url: ssh } = at;
  const repositoryUrls = [web, http, ssh].filter(url => url !== undefined);
  return { ...base, kind: 'push', repository, repositoryUrls, gitRef: ref ?? refs[0] ?? '', atMs: undefined };
}
