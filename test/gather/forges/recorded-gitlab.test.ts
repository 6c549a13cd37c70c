import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gitlabWebhooks } from '../../../src/gather/forges/gitlab/webhooks.ts';
import { changesetsOf, resultsOf } from '../../suites/forge-suite.ts';
import { openForge } from './stand-ins.ts';

type Recorded = Readonly<Record<string, unknown>>;

/** As GitLab's own client for Go has them for its tests; see gitlab-recorded/README.md. */
function bytes(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, 'gitlab-recorded', `${name}.json`));
}

const recorded = <T>(name: string): T => JSON.parse(bytes(name).toString()) as T;

test('GitLab, recorded: a merge request of gitlab.com is read with all that it tells (C-3)', async t => {
  const answer = recorded<Recorded>('get_merge_request');
  const { forge, standIn } = await openForge(t, 'gitlab');
  standIn.faults.push(({ url }) =>
    url.pathname.endsWith('/approvals') ? { json: { approved_by: [] } } : { json: answer },
  );
  const ref = { host: forge.host, repository: 'gitlab-org/gitlab-ee', number: 14656 };
  const [result] = (await resultsOf(forge, [ref])).values();
  assert.ok(result?.outcome === 'found');
  const { changeset } = result;
  assert.deepEqual(
    [changeset.state, changeset.title, changeset.author?.login, changeset.changedFiles],
    ['draft', 'Add deletion support for designs', 'alexkalderimis', 35],
  );
  assert.deepEqual(
    [changeset.head.commit, changeset.head.branch, changeset.base.commit, changeset.base.branch],
    [
      '8e0b45049b6253b8984cde9241830d2851168142',
      'delete-designs-v2',
      'dd692733bb84bc3e9e862e66c099daec2fa00c83',
      'master',
    ],
  );
  assert.deepEqual(
    [changeset.reviewState, changeset.checkState, changeset.mergeable, changeset.labels?.length],
    ['requested', 'success', true, 9],
  );
  assert.equal(changeset.updatedAtMs, Date.parse('2019-08-20T09:09:56.690Z'));
});

test('GitLab, recorded: listings are read; a path comes from the answer, or else from what was asked (C-1)', async t => {
  const ofProject = recorded<Recorded[]>('get_merge_requests');
  // Recorded with labels in detail, which are not asked for here.
  const ofGroup = recorded<(Recorded & { labels: { name: string }[] })[]>('list_group_merge_requests').map(
    each => ({ ...each, labels: each.labels.map(({ name }) => name) }),
  );
  const { forge, standIn } = await openForge(t, 'gitlab');
  standIn.faults.push(({ url }) => ({ json: url.pathname.includes('/groups/') ? ofGroup : ofProject }));
  const listed = await changesetsOf(forge, 'gitlab-org/gitlab-ee');
  assert.deepEqual(
    listed.map(({ ref, state }) => [ref.repository, ref.number, state]),
    ofProject.map(({ iid, work_in_progress: wip }) => ['gitlab-org/gitlab-ee', iid, wip ? 'draft' : 'open']),
  );
  const [page] = await Array.fromAsync(forge.searchChangesets({ kind: 'owner', owner: 'gitlab-com' }));
  assert.deepEqual(
    page?.changesets.map(({ ref, state }) => [ref.repository, ref.number, state]),
    [['gitlab-com/gl-infra/platform/runway/provisioner', 1084, 'merged']],
  );
});

test('GitLab, recorded: webhooks of merge requests, comments and pipelines name their merge request, pushes their project (C-18)', () => {
  const read = (event: string, name: string) =>
    gitlabWebhooks.parse({ 'x-gitlab-event': event }, bytes(`webhook_${name}`), 'h');
  for (const [event, name] of [
    ['Merge Request Hook', 'merge_request'],
    ['Note Hook', 'note_merge_request'],
    ['Pipeline Hook', 'pipeline'],
  ] as const) {
    const delivery = read(event, name);
    assert.ok(delivery.kind === 'changeset', name);
    assert.match(delivery.ref.repository, /^gitlab(hq|-org)\/gitlab-test$/);
    assert.equal(delivery.ref.number, 1, name);
  }
  const opened = read('Merge Request Hook', 'merge_request');
  assert.ok(opened.kind === 'changeset');
  assert.deepEqual(
    [opened.action, opened.state, opened.title, opened.atMs],
    ['open', 'open', 'MS-Viewport', Date.parse('2013-12-03T17:23:34Z')],
  );
  const push = read('Push Hook', 'push');
  assert.ok(push.kind === 'push');
  assert.deepEqual([push.repository, push.gitRef], ['mike/diaspora', 'refs/heads/master']);
});
