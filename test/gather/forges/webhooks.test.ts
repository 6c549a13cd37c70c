import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { giteaWebhooks } from '../../../src/gather/forges/gitea/webhooks.ts';
import { githubWebhooks } from '../../../src/gather/forges/github/webhooks.ts';
import { gitlabWebhooks } from '../../../src/gather/forges/gitlab/webhooks.ts';

const recorded = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly {
  readonly name: string;
  readonly examples: readonly Record<string, unknown>[];
}[];

const hex = (secret: string, body: Buffer): string => createHmac('sha256', secret).update(body).digest('hex');

const SIGNED = [
  [githubWebhooks, (body: Buffer) => ({ 'x-hub-signature-256': `sha256=${hex('secret', body)}` })],
  [giteaWebhooks, (body: Buffer) => ({ 'x-gitea-signature': hex('secret', body) })],
  [giteaWebhooks, (body: Buffer) => ({ 'x-forgejo-signature': hex('secret', body) })],
  [gitlabWebhooks, (body: Buffer) => signedByGitlab('secret', body)],
  [gitlabWebhooks, () => ({ 'x-gitlab-token': 'secret' })],
] as const;

function signedByGitlab(secret: string, body: Buffer): Record<string, string> {
  const content = Buffer.concat([Buffer.from('id-1.1700000000.'), body]);
  const signature = createHmac('sha256', secret).update(content).digest('base64');
  return {
    'webhook-id': 'id-1',
    'webhook-timestamp': '1700000000',
    'webhook-signature': `v1,AAAA v1,${signature}`,
  };
}

test('only who knows the secret is believed, whatever the body (C-19)', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (bytes, other) => {
      const body = Buffer.from(bytes);
      for (const [webhooks, sign] of SIGNED) {
        const headers: Record<string, string> = sign(body);
        assert.equal(webhooks.verify(headers, body, 'secret'), true);
        if (other !== 'secret') assert.equal(webhooks.verify(headers, body, other), false);
        assert.equal(webhooks.verify({}, body, 'secret'), false);
        assert.equal(webhooks.verify(headers, body, ''), false);
        const isToken = 'x-gitlab-token' in headers;
        assert.equal(webhooks.verify(headers, Buffer.concat([body, Buffer.from('x')]), 'secret'), isToken);
      }
    }),
  );
});

test('GitHub’s and GitLab’s published test vectors verify (C-19)', () => {
  const headers = {
    'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
  };
  assert.equal(
    githubWebhooks.verify(headers, Buffer.from('Hello, World!'), "It's a Secret to Everybody"),
    true,
  );
  const standard = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  };
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  assert.equal(gitlabWebhooks.verify(standard, Buffer.from('{"test": 2432232314}'), secret), true);
});

test('every delivery that GitHub has recorded is read: changesets, pushes, pings, and the rest as unknown (C-18)', () => {
  const kinds = new Map<string, Set<string>>();
  for (const { name, examples } of recorded) {
    for (const example of examples) {
      const body = Buffer.from(JSON.stringify(example));
      const headers = { 'x-github-event': name, 'x-github-delivery': 'd-1' };
      const delivery = githubWebhooks.parse(headers, body, 'github.com');
      assert.equal(delivery.deliveryId, 'd-1');
      kinds.set(name, (kinds.get(name) ?? new Set()).add(delivery.kind));
      if (delivery.kind !== 'changeset') continue;
      assert.match(delivery.ref.repository, /^[^/]+\/[^/]+$/);
      assert.ok(delivery.ref.number > 0 && delivery.ref.host === 'github.com');
    }
  }
  const kindsOf = (name: string): string[] => [...(kinds.get(name) ?? [])].sort();
  assert.deepEqual(kindsOf('pull_request'), ['changeset']);
  assert.deepEqual(kindsOf('pull_request_review'), ['changeset']);
  assert.deepEqual(kindsOf('pull_request_review_comment'), ['changeset']);
  assert.deepEqual(kindsOf('push'), ['push']);
  assert.deepEqual(kindsOf('ping'), ['ping']);
  assert.ok(kindsOf('check_run').includes('changeset'));
  assert.deepEqual(kindsOf('issue_comment'), ['unknown'], 'the recorded ones are all on plain issues');
  assert.deepEqual(kindsOf('star'), ['unknown']);
});

test('a recorded pull_request says what became of it and when (C-18)', () => {
  const closed = recorded
    .find(({ name }) => name === 'pull_request')
    ?.examples.find(({ action }) => action === 'closed');
  const headers = { 'x-github-event': 'pull_request', 'x-github-delivery': 'd-2' };
  const delivery = githubWebhooks.parse(headers, Buffer.from(JSON.stringify(closed)), 'github.com');
  assert.ok(delivery.kind === 'changeset');
  const { state, action, atMs, repositoryUrl } = delivery;
  const pull = closed?.pull_request as { updated_at: string; merged: boolean };
  assert.deepEqual([action, atMs], ['closed', Date.parse(pull.updated_at)]);
  assert.equal(state, pull.merged ? 'merged' : 'closed');
  assert.match(repositoryUrl ?? '', /^https:\/\/github\.com\//);
});

test('a pull_request of which GitHub does not say yet whether it was merged is read all the same (C-18)', () => {
  const opened = recorded
    .find(({ name }) => name === 'pull_request')
    ?.examples.find(({ action }) => action === 'opened');
  const pull = { ...(opened?.pull_request as object), state: 'open', draft: false, merged: null };
  const headers = { 'x-github-event': 'pull_request', 'x-github-delivery': 'd-3' };
  const body = Buffer.from(JSON.stringify({ ...opened, pull_request: pull }));
  const delivery = githubWebhooks.parse(headers, body, 'github.com');
  assert.ok(delivery.kind === 'changeset');
  assert.equal(delivery.state, 'open');
});

test('statuses, and checks that name no changeset, tell the commit and its branches (C-146)', () => {
  const commit = 'c'.repeat(40);
  const repository = { full_name: 'o/r', html_url: 'https://h/o/r', url: 'https://api.h/repos/o/r' };
  const atMs = Date.UTC(2026, 0, 2);
  const at = new Date(atMs).toISOString();
  const run = { head_sha: commit, pull_requests: [], completed_at: at };
  const github = (event: string, body: object) =>
    githubWebhooks.parse(
      { 'x-github-event': event },
      Buffer.from(JSON.stringify({ repository, ...body })),
      'h',
    );
  const gitea = (event: string, body: object) =>
    giteaWebhooks.parse(
      { 'x-gitea-event': event },
      Buffer.from(JSON.stringify({ repository, ...body })),
      'h',
    );
  const ofFork = { full_name: 'fork/r' };
  const ran = { head_sha: commit, head_branch: 'topic', head_repository: ofFork, updated_at: at };
  const project = { path_with_namespace: 'o/r', web_url: 'https://h/o/r' };
  const gitlab = (event: string, body: object) =>
    gitlabWebhooks.parse({ 'x-gitlab-event': event }, Buffer.from(JSON.stringify({ project, ...body })), 'h');
  const unsaid = [{ name: 'topic', repository: undefined }];
  const here = [{ name: 'topic', repository: 'o/r' }];
  const fork = [{ name: 'topic', repository: 'fork/r' }];
  for (const [delivery, branches, when] of [
    [github('status', { sha: commit, branches: [{ name: 'topic' }], updated_at: at }), here, atMs],
    [github('status', { sha: commit, branches: [], updated_at: at }), [], atMs],
    [
      github('check_run', {
        action: 'completed',
        check_run: { ...run, check_suite: { head_branch: 'topic' } },
      }),
      unsaid,
      atMs,
    ],
    [
      github('check_suite', { action: 'completed', check_suite: { ...run, head_branch: 'topic' } }),
      unsaid,
      atMs,
    ],
    [github('check_suite', { action: 'completed', check_suite: { ...run, head_branch: null } }), [], atMs],
    [github('workflow_run', { action: 'completed', workflow_run: ran }), fork, atMs],
    [gitea('status', { sha: commit, branches: [{ name: 'topic' }], updated_at: at }), here, atMs],
    [gitea('workflow_run', { action: 'completed', workflow_run: ran }), fork, atMs],
    [
      gitlab('Pipeline Hook', { object_attributes: { sha: commit, ref: 'topic', status: 'success' } }),
      here,
      undefined,
    ],
    [gitlab('Job Hook', { sha: commit, ref: 'topic' }), here, undefined],
  ] as const) {
    assert.ok(delivery.kind === 'commit');
    assert.deepEqual([delivery.commit, delivery.repository], [commit, 'o/r']);
    assert.deepEqual([delivery.branches, delivery.atMs], [branches, when], delivery.event);
  }
});

test('GitLab reports merge requests, comments and pipelines on them, and pushes (C-18)', () => {
  const project = { path_with_namespace: 'group/sub/app', web_url: 'https://gitlab.example/group/sub/app' };
  const attributes = {
    iid: 7,
    title: 'T',
    state: 'opened',
    draft: true,
    action: 'open',
    updated_at: '2026-01-02 03:04:05 UTC',
  };
  const read = (event: string, body: unknown): ReturnType<typeof gitlabWebhooks.parse> =>
    gitlabWebhooks.parse(
      { 'x-gitlab-event': event, 'idempotency-key': 'k-1' },
      Buffer.from(JSON.stringify(body)),
      'gitlab.example',
    );
  const opened = read('Merge Request Hook', { project, object_attributes: attributes });
  assert.ok(opened.kind === 'changeset');
  assert.deepEqual(opened.ref, { host: 'gitlab.example', repository: 'group/sub/app', number: 7 });
  assert.deepEqual(
    [opened.state, opened.atMs, opened.deliveryId],
    ['draft', Date.UTC(2026, 0, 2, 3, 4, 5), 'k-1'],
  );
  assert.equal(read('Note Hook', { project, merge_request: attributes }).kind, 'changeset');
  assert.equal(read('Note Hook', { project }).kind, 'unknown');
  const push = read('Push Hook', { project, ref: 'refs/heads/main' });
  assert.ok(push.kind === 'push' && push.repositoryUrls[0] === project.web_url);
  assert.equal(read('Issue Hook', {}).kind, 'unknown');
});

test('a body that is not JSON, or lacks what its kind always has, is refused with one clear message (C-19)', () => {
  const headers = { 'x-github-event': 'pull_request' };
  assert.throws(() => githubWebhooks.parse(headers, Buffer.from('{'), 'h'), { code: 'body_invalid' });
  assert.throws(
    () => githubWebhooks.parse(headers, Buffer.from('{}'), 'h'),
    /pull_request lacks .*pull_request/,
  );
  assert.throws(() => giteaWebhooks.parse({ 'x-gitea-event': 'push' }, Buffer.from('[]'), 'h'), {
    code: 'body_invalid',
  });
  const form = Buffer.from(`payload=${encodeURIComponent('{"zen":"x"}')}`);
  const asForm = { 'x-github-event': 'ping', 'content-type': 'application/x-www-form-urlencoded' };
  const ping = githubWebhooks.parse(asForm, form, 'h');
  assert.match(ping.deliveryId, /^sha256:/);
});

test('GitLab’s system hooks are read by their own word, as the hooks of projects are (C-104)', () => {
  const project = {
    path_with_namespace: 'group/app',
    web_url: 'http://inner/group/app',
    git_ssh_url: 'git@inner:group/app.git',
    git_http_url: 'http://inner/group/app.git',
  };
  const read = (body: unknown, event = 'System Hook') =>
    gitlabWebhooks.parse({ 'x-gitlab-event': event }, Buffer.from(JSON.stringify(body)), 'h');
  const opened = read({
    object_kind: 'merge_request',
    project,
    object_attributes: { iid: 5, action: 'open' },
  });
  assert.ok(opened.kind === 'changeset' && opened.ref.number === 5);
  for (const body of [
    { event_name: 'push', ref: 'refs/heads/main', project },
    { object_kind: 'tag_push', event_name: 'tag_push', ref: 'refs/tags/v1', project },
    { event_name: 'repository_update', refs: ['refs/heads/main'], project },
  ]) {
    const push = read(body);
    assert.ok(push.kind === 'push');
    assert.deepEqual(push.repositoryUrls, [project.web_url, project.git_http_url, project.git_ssh_url]);
    assert.match(push.gitRef, /^refs\//);
  }
  assert.equal(read({ object_kind: 'note', project, merge_request: { iid: '5' } }).kind, 'changeset');
  assert.equal(read({ event_name: 'user_create', username: 'x' }).kind, 'unknown');
  const body = { object_kind: 'merge_request', project, object_attributes: { iid: 5 } };
  assert.notEqual(read(body).deliveryId, read(body, 'Merge Request Hook').deliveryId);
});

test('what is bent in a webhook costs itself, where it says which changeset or repository it is about (C-101)', () => {
  const repository = { full_name: 'o/r', html_url: null, clone_url: 3, ssh_url: 'git@h:o/r.git' };
  const pull = { number: '7', title: null, state: 'odd', draft: 'x', merged: null, updated_at: 5 };
  const github = (event: string, body: unknown) =>
    githubWebhooks.parse({ 'x-github-event': event }, Buffer.from(JSON.stringify(body)), 'h');
  const delivery = github('pull_request', { action: null, pull_request: pull, repository });
  assert.ok(delivery.kind === 'changeset');
  assert.deepEqual([delivery.ref.number, delivery.state, delivery.atMs], [7, undefined, undefined]);
  const push = github('push', { ref: null, repository });
  assert.ok(push.kind === 'push');
  assert.deepEqual(push.repositoryUrls, ['git@h:o/r.git']);
});

test('whatever stands in a webhook, it is read or refused with one clear message (C-101)', () => {
  const all = recorded.flatMap(({ name, examples }) => examples.map(body => ({ name, body })));
  const odd = fc.constantFrom(undefined, null, '', 'odd', -1.5, 1e20, true, {}, [], [null]);
  fc.assert(
    fc.property(fc.constantFrom(...all), fc.nat(), odd, ({ name, body }, place, value) => {
      const keys = Object.keys(body);
      const key = keys[place % keys.length] ?? '';
      const within = body[key];
      const below = typeof within === 'object' && within !== null ? Object.keys(within) : [];
      const inner = below[place % Math.max(1, below.length)];
      const bent = inner === undefined ? value : { ...(within as object), [inner]: value };
      const raw = Buffer.from(JSON.stringify({ ...body, [key]: bent }));
      for (const [webhooks, event] of [
        [githubWebhooks, 'x-github-event'],
        [giteaWebhooks, 'x-gitea-event'],
        [gitlabWebhooks, 'x-gitlab-event'],
      ] as const) {
        try {
          webhooks.parse({ [event]: name }, raw, 'h');
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'body_invalid');
        }
      }
    }),
    { numRuns: 300 },
  );
});
