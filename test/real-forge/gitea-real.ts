/** Run by scripts/test-real-forge.ts, which says where the server is; not part of `npm test`. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { unlimitedBudget } from '../../src/engine/call-budgets/call-budget.ts';
import type { ChangesetRef } from '../../src/gather/forges/changeset.ts';
import { forgeDefinition } from '../../src/gather/forges/definitions.ts';
import { GiteaForge } from '../../src/gather/forges/gitea/gitea.ts';
import { giteaWebhooks } from '../../src/gather/forges/gitea/webhooks.ts';
import { changesetsOf, forgeSuite, repositoriesOf } from '../suites/forge-suite.ts';

function setting(name: string): string {
  const value = process.env[name];
  assert.ok(value !== undefined, `${name} is not set; use npm run test:forge`);
  return value;
}

const baseUrl = setting('SLUICE_GITEA_URL');
const token = setting('SLUICE_GITEA_TOKEN');
const reviewer = setting('SLUICE_GITEA_SECOND_TOKEN');
const host = new URL(baseUrl).host;

async function api(
  method: string,
  path: string,
  body?: unknown,
  as = token,
): Promise<Record<string, unknown>> {
  const answer = await fetch(`${baseUrl}/api/v1${path}`, {
    method,
    headers: { authorization: `token ${as}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text.slice(0, 300)}`);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

let owners = 0;

forgeSuite(`Gitea (real: ${setting('SLUICE_GITEA_NAME')})`, async (t, budget) => {
  owners += 1;
  const owner = `org${owners}`;
  await api('POST', '/orgs', { username: owner, visibility: 'public' });
  const forge = new GiteaForge(
    {
      kind: 'gitea',
      host,
      baseUrl,
      apiUrl: forgeDefinition('gitea').apiUrlOf(baseUrl),
      credentials: [{ kind: 'token', id: 'token-1', identity: 'token-1', token }],
      webhookSecret: undefined,
      timeoutMs: 20_000,
    },
    { budget },
  );
  t.after(() => forge.close());
  let branches = 0;
  const issue = ({ repository, number }: ChangesetRef): string => `/repos/${repository}/issues/${number}`;
  const pull = ({ repository, number }: ChangesetRef): string => `/repos/${repository}/pulls/${number}`;
  return {
    forge,
    owner,
    // The server is set to give 5 a page.
    manyItems: 12,
    addRepository: async (name, options = {}) => {
      const settings = { name, auto_init: true, default_branch: 'main', private: options.private ?? false };
      return String((await api('POST', `/orgs/${owner}/repos`, settings)).full_name);
    },
    addChangeset: async (repository, title) => {
      branches += 1;
      const branch = `topic-${branches}`;
      const content = Buffer.from(`${title}\n`).toString('base64');
      await api('POST', `/repos/${repository}/contents/${branch}.txt`, {
        content,
        branch: 'main',
        new_branch: branch,
        message: title,
      });
      const opened = await api('POST', `/repos/${repository}/pulls`, { title, head: branch, base: 'main' });
      return { host, repository, number: Number(opened.number) };
    },
    comment: async ref => void (await api('POST', `${issue(ref)}/comments`, { body: 'a word' })),
    approve: async ref =>
      void (await api('POST', `${pull(ref)}/reviews`, { event: 'APPROVED', body: 'good' }, reviewer)),
    label: async (ref, name) => {
      const { id } = await api('POST', `/repos/${ref.repository}/labels`, { name, color: '#ff0000' });
      await api('POST', `${issue(ref)}/labels`, { labels: [id] });
    },
    close: async ref => void (await api('PATCH', pull(ref), { state: 'closed' })),
    rename: async (repository, name) =>
      String((await api('PATCH', `/repos/${repository}`, { name })).full_name),
  };
});

const open = (given: string): GiteaForge =>
  new GiteaForge(
    {
      kind: 'gitea',
      host,
      baseUrl,
      apiUrl: forgeDefinition('gitea').apiUrlOf(baseUrl),
      credentials: [{ kind: 'token', id: 'token-1', identity: 'token-1', token: given }],
      webhookSecret: undefined,
      timeoutMs: 20_000,
    },
    { budget: unlimitedBudget },
  );

test('Gitea (real): a token that is none, and one without a scope, are distinguished', async t => {
  const wrong = open('0123456789012345678901234567890123456789');
  t.after(() => wrong.close());
  await assert.rejects(repositoriesOf(wrong, 'acme'), { code: 'token_refused' });
  const made = await fetch(`${baseUrl}/api/v1/users/acme/tokens`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from('acme:sluice-real-test').toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ name: 'narrow', scopes: ['read:misc'] }),
  });
  const { sha1 } = (await made.json()) as { readonly sha1: string };
  const narrow = open(sha1);
  t.after(() => narrow.close());
  await assert.rejects(repositoriesOf(narrow, 'acme'), { code: 'scope_missing' });
});

test('Gitea (real): its webhooks verify with the secret and are read (C-18, C-19)', async t => {
  const received: { readonly headers: IncomingMessage['headers']; readonly body: Buffer }[] = [];
  const listener = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ headers: request.headers, body: Buffer.concat(chunks) });
    response.end();
    listener.emit('delivery');
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => listener.close());
  const { full_name: repository } = await api('POST', '/user/repos', {
    name: 'hooked',
    auto_init: true,
    default_branch: 'main',
  });
  await api('POST', `/repos/${repository}/hooks`, {
    type: 'gitea',
    active: true,
    events: ['push', 'pull_request', 'issue_comment'],
    config: {
      url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`,
      content_type: 'json',
      secret: 's3cret',
    },
  });
  const content = Buffer.from('x').toString('base64');
  const settings = { content, branch: 'main', new_branch: 'topic', message: 'x' };
  await api('POST', `/repos/${repository}/contents/x.txt`, settings);
  await api('POST', `/repos/${repository}/pulls`, { title: 'Hooked', head: 'topic', base: 'main' });
  await api('POST', `/repos/${repository}/issues/1/comments`, { body: 'a word' });
  const kinds = (): string[] =>
    received.map(({ headers, body }) => {
      assert.equal(giteaWebhooks.verify(headers, body, 's3cret'), true);
      assert.equal(giteaWebhooks.verify(headers, body, 'another'), false);
      const delivery = giteaWebhooks.parse(headers, body, host);
      assert.match(delivery.deliveryId, /^[0-9a-f-]{36}$/);
      if (delivery.kind !== 'changeset') return delivery.kind;
      assert.deepEqual(delivery.ref, { host, repository, number: 1 });
      return `${delivery.kind} ${delivery.action}`;
    });
  while (!['push', 'changeset opened', 'changeset created'].every(kind => kinds().includes(kind))) {
    await once(listener, 'delivery', { signal: AbortSignal.timeout(20_000) });
  }
  const forge = open(token);
  t.after(() => forge.close());
  assert.equal((await changesetsOf(forge, String(repository))).length, 1);
});
