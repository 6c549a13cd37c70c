/** Run by scripts/test-real-forge.ts, which says where the server is; not part of `npm test`. */
import assert from 'node:assert/strict';
import type { ChangesetRef } from '../../src/gather/forges/changeset.ts';
import { GiteaForge } from '../../src/gather/forges/gitea/gitea.ts';
import { forgeSuite } from '../suites/forge-suite.ts';

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
      credentials: [{ kind: 'token', id: 'token-1', token }],
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
    // The server is told to give 5 a page.
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
