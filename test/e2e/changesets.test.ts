import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { startGithub } from '../support/forge/github.ts';
import { sluice, standingPlace, startStation } from '../support/sluice.ts';

interface Listed {
  readonly state: string;
  readonly title: string;
  readonly next: { readonly reason: string } | null;
}

test('tracked from the command line, synced by the station, raised by a signed webhook, measured (C-1, C-18, C-19, C-21, C-23)', async t => {
  const cwd = standingPlace(t);
  const standIn = await startGithub(t, { tokens: ['good'] });
  const repository = standIn.model.addRepository('acme/one');
  const changeset = standIn.model.addChangeset(repository, { title: 'First' });
  const url = `${standIn.origin}/acme/one/pull/1`;
  // Otherwise the webhook would wait for two minutes after the first sync.
  const yaml = `repos: []
schedule: {minInterval: 1s}
hosts:
  "${standIn.host}": {kind: github, baseUrl: "${standIn.origin}", token: good, webhookSecret: shh}
`;
  const station = await startStation(t, { cwd, yaml });
  const tracked = await sluice(t, ['track', url, '--json'], { cwd });
  assert.equal(tracked.code, 0, tracked.stderr);
  const list = async (): Promise<Listed> => {
    const { stdout } = await sluice(t, ['changesets', 'ls', '--json'], { cwd });
    return JSON.parse(stdout) as Listed;
  };
  const until = async (isSo: (listed: Listed) => boolean): Promise<Listed> => {
    for (;;) {
      const response = await fetch(`${station.url}/api/v1/changesets`);
      const [listed] = ((await response.json()) as { changesets: Listed[] }).changesets;
      if (listed && isSo(listed)) return listed;
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  };
  await station.before(until(({ state }) => state === 'open'));
  const listed = await list();
  assert.equal(listed.title, 'First');
  assert.match(listed.next?.reason ?? '', /→ every/);

  changeset.title = 'Second';
  const body = JSON.stringify({
    action: 'edited',
    number: 1,
    pull_request: {
      number: 1,
      title: 'Second',
      state: 'open',
      draft: false,
      merged: false,
      html_url: url,
      updated_at: new Date().toISOString(),
    },
    repository: {
      full_name: 'acme/one',
      clone_url: `${standIn.origin}/acme/one.git`,
      html_url: `${standIn.origin}/acme/one`,
    },
  });
  const send = (given: string | Buffer, secret: string) =>
    fetch(`${station.url}/webhooks/github`, {
      method: 'POST',
      body: new Uint8Array(Buffer.from(given)),
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'pull_request',
        'x-github-delivery': 'd-1',
        'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(given).digest('hex')}`,
      },
    });
  assert.equal((await send(body, 'wrong')).status, 401);
  assert.equal((await send('{', 'shh')).status, 400);
  assert.equal((await send(Buffer.alloc(30 * 2 ** 20), 'shh')).status, 413);
  const raised = await send(body, 'shh');
  assert.deepEqual([raised.status, await raised.json()], [202, { outcome: 'raised', changesets: 1 }]);
  await station.before(until(({ title }) => title === 'Second'));
  assert.deepEqual(await (await send(body, 'shh')).json(), { outcome: 'duplicate' });

  const now = await sluice(t, ['sync', 'now', '--filter', 'state=open'], { cwd });
  assert.match(now.stdout, /^1 changesets are first in line/, now.stderr);
  const metrics = await (await fetch(`${station.url}/metrics`)).text();
  assert.match(metrics, /sluice_syncs_total\{kind="changeset",host="[^"]+",outcome="done"\} [1-9]/);
  assert.match(metrics, /sluice_api_calls_total\{host="[^"]+",resource="graphql",outcome="ok"\} [1-9]/);
  assert.match(metrics, /sluice_schedule_size 1/);
  const status = (await (await fetch(`${station.url}/api/v1/status`)).json()) as {
    changesets: { followed: number };
  };
  assert.equal(status.changesets.followed, 1);
});
