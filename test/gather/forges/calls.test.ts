import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { holdKindOf } from '../../../src/gather/changesets/hosts/host-health.ts';
import { byOrder } from '../../../src/gather/forges/events.ts';
import type { WantedChangeset } from '../../../src/gather/forges/forge.ts';
import {
  allOf,
  changesetsOf,
  foundOf,
  recordingBudget,
  repositoriesOf,
  resultsOf,
} from '../../suites/forge-suite.ts';
import { KINDS, openForge } from './stand-ins.ts';

test('GitHub: following 1 000 open changesets costs at most a twentieth of a call each and sync (C-5)', async t => {
  const budget = recordingBudget();
  const { forge, standIn } = await openForge(t, 'github', { budget });
  const repository = standIn.model.addRepository('acme/app');
  for (let i = 0; i < 1000; i += 1) standIn.model.addChangeset(repository, { check: 'success' });
  const wanted: WantedChangeset[] = standIn.model
    .of(repository)
    .map(({ number, headCommit, updatedAtMs }) => ({
      ref: { host: forge.host, repository: 'acme/app', number },
      eventsSinceMs: updatedAtMs,
      headCommit,
    }));
  let complete = 0;
  for await (const result of forge.fetchChangesets(wanted)) {
    if (result.outcome === 'found' && result.eventsComplete) complete += 1;
  }
  assert.equal(complete, 1000, 'state and events of all, without a further call');
  assert.ok(standIn.log.length <= 1000 / 20, `${standIn.log.length} calls`);
  assert.equal(budget.facts.length, standIn.log.length);
  t.diagnostic(`${standIn.log.length} calls for 1000 changesets`);
});

test('GitHub: a listing where nothing has changed is one call that costs nothing (C-5)', async t => {
  const budget = recordingBudget();
  const { forge, standIn } = await openForge(t, 'github', { budget });
  const repository = standIn.model.addRepository('acme/app');
  for (let i = 0; i < 130; i += 1) standIn.model.addChangeset(repository);
  let etag: string | undefined;
  for await (const page of forge.listChangesets('acme/app', { state: 'all' })) etag ??= page.etag;
  assert.ok(etag !== undefined);
  const calls = standIn.log.length;
  const pages = await Array.fromAsync(forge.listChangesets('acme/app', { state: 'all', etag }));
  assert.deepEqual(
    pages.map(({ notModified, changesets }) => [notModified, changesets.length]),
    [[true, 0]],
  );
  assert.equal(standIn.log.length, calls + 1);
  assert.equal(budget.facts.at(-1)?.cost, 0);
});

for (const kind of KINDS) {
  test(`${kind}: 5 000 events of one changeset come complete, each once, in order (C-3)`, async t => {
    const { forge, standIn } = await openForge(t, kind);
    const repository = standIn.model.addRepository('acme/app');
    const changeset = standIn.model.addChangeset(repository);
    for (let i = 0; i < 5000; i += 1) standIn.model.addEvent(changeset);
    const ref = { host: forge.host, repository: 'acme/app', number: 1 };
    const events = (await allOf(forge.fetchEvents(ref))).filter(({ kind: each }) => each === 'comment');
    assert.equal(new Set(events.map(({ id }) => id)).size, 5000);
    const times = events.sort(byOrder).map(({ atMs }) => atMs);
    assert.deepEqual(
      times,
      changeset.events.map(({ atMs }) => atMs),
    );
    const calls = standIn.log.length;
    const sinceMs = changeset.events.at(-1)?.atMs ?? 0;
    const later = await allOf(forge.fetchEvents(ref, { sinceMs }));
    const comments = later.filter(({ kind: each }) => each === 'comment').length;
    assert.ok(comments >= 1 && comments < 100, `${comments} came again`);
    assert.ok(standIn.log.length - calls < 10, 'few calls for few events');
  });

  test(`${kind}: a search by author or owner finds open ones across repositories (C-1)`, async t => {
    const { forge, standIn } = await openForge(t, kind);
    const [app, lib, other] = ['acme/app', 'acme/lib', 'else/where'].map(path =>
      standIn.model.addRepository(path),
    );
    assert.ok(app && lib && other);
    standIn.model.addChangeset(app, { author: 'lin' });
    standIn.model.addChangeset(lib, { author: 'ada' });
    standIn.model.addChangeset(other, { author: 'lin' });
    standIn.model.addChangeset(app, { author: 'lin', state: 'closed' });
    const found = async (search: Parameters<typeof forge.searchChangesets>[0]): Promise<string[]> => {
      const pages = await Array.fromAsync(forge.searchChangesets(search));
      return pages.flatMap(({ changesets }) => changesets.map(({ ref }) => ref.repository)).sort();
    };
    assert.deepEqual(await found({ kind: 'author', author: 'lin' }), ['acme/app', 'else/where']);
    assert.deepEqual(await found({ kind: 'owner', owner: 'acme' }), ['acme/app', 'acme/lib']);
  });
}

test('GitHub: what anybody may see is listed without a token', async t => {
  const { forge, standIn } = await openForge(t, 'github', { credentials: [] });
  standIn.faults.push(({ url, model }) => {
    if (!url.pathname.startsWith('/api/v3/users/')) return undefined;
    return { json: model.repositories.map(({ path }) => ({ ...PUBLIC, full_name: path })) };
  });
  standIn.model.addRepository('acme/app');
  assert.deepEqual(
    (await repositoriesOf(forge, 'acme')).map(({ path, sizeBytes }) => [path, sizeBytes]),
    [['acme/app', 108 * 1024]],
  );
});

const PUBLIC = {
  node_id: 'R_1',
  html_url: 'https://github.com/acme/app',
  private: false,
  fork: false,
  size: 108,
};

test('GitHub: an App calls with an installation token, which it asks for once (C-14)', async t => {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const app = {
    kind: 'app' as const,
    id: 'app-1',
    identity: 'app-1',
    appId: '1',
    privateKey,
    installationId: 5,
    owner: undefined,
  };
  const { forge, standIn } = await openForge(t, 'github', { credentials: [app] });
  standIn.model.addRepository('acme/app');
  standIn.faults.push(({ url, headers }) => {
    if (!url.pathname.endsWith('/app/installations/5/access_tokens')) return undefined;
    assert.match(headers.authorization ?? '', /^bearer ey/i);
    const expires = new Date(Date.now() + 3_600_000).toISOString();
    return { status: 201, json: { token: 'good', expires_at: expires, permissions: {} } };
  });
  assert.deepEqual(await changesetsOf(forge, 'acme/app'), []);
  assert.deepEqual(await changesetsOf(forge, 'acme/app'), []);
  assert.equal(standIn.log.filter(({ method }) => method === 'POST').length, 1);
});

test('GitHub: an App that is not accepted, or whose key is no key, is reported so', async t => {
  const app = {
    kind: 'app' as const,
    id: 'app-1',
    identity: 'app-1',
    appId: '1',
    privateKey: 'no key',
    installationId: 5,
    owner: undefined,
  };
  const { forge } = await openForge(t, 'github', { credentials: [app] });
  await assert.rejects(changesetsOf(forge, 'acme/app'), { code: 'token_refused' });
});

test('GitHub: bots, checks and what a changeset lacks (C-3)', async t => {
  const { forge, standIn } = await openForge(t, 'github');
  const repository = standIn.model.addRepository('acme/app');
  const changeset = standIn.model.addChangeset(repository, {
    author: 'renovate[bot]',
    draft: true,
    check: 'failure',
  });
  const ref = { host: forge.host, repository: 'acme/app', number: changeset.number };
  const found = foundOf((await resultsOf(forge, [ref])).get(changeset.number));
  assert.deepEqual(found.author, { login: 'renovate[bot]', isBot: true });
  assert.deepEqual([found.state, found.checkState, found.reviewState], ['draft', 'failure', 'none']);
  assert.equal(found.mergeable, true);
  const check = found.events.find(({ kind }) => kind === 'check');
  assert.deepEqual(check?.check, { name: 'build', state: 'failure' });
});

test('GitHub: installations of an App are used for their own owners, and one that is refused costs its own (C-106)', async t => {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const credentials = ['acme', 'gone'].map((owner, index) => ({
    kind: 'app' as const,
    id: `app-1 for ${owner}`,
    identity: `app-1-${index}`,
    appId: '1',
    privateKey,
    installationId: index + 1,
    owner,
  }));
  const { forge, standIn } = await openForge(t, 'github', { credentials });
  standIn.faults.push(({ url }) => {
    if (url.pathname.endsWith('/app/installations/2/access_tokens')) return { status: 404, json: {} };
    if (!url.pathname.endsWith('/app/installations/1/access_tokens')) return undefined;
    const expires = new Date(Date.now() + 3_600_000).toISOString();
    return { status: 201, json: { token: 'good', expires_at: expires, permissions: {} } };
  });
  const refs = ['acme/app', 'gone/app', 'other/app'].map((repository, index) => {
    const made = standIn.model.addRepository(repository);
    for (let i = 0; i <= index; i += 1) standIn.model.addChangeset(made);
    return { host: forge.host, repository, number: index + 1 };
  });
  const results = await Array.fromAsync(forge.fetchChangesets(refs.map(ref => ({ ref }))));
  assert.deepEqual(
    results.map(each => [
      each.ref.repository,
      each.outcome,
      each.outcome === 'found' ? undefined : each.error.code,
    ]),
    [
      ['acme/app', 'found', undefined],
      ['gone/app', 'failed', 'token_refused'],
      ['other/app', 'failed', 'scope_missing'],
    ],
  );
  assert.ok(results.every(each => each.outcome === 'found' || holdKindOf(each.error) === undefined));
  assert.match(results[2]?.outcome === 'failed' ? results[2].error.hint : '', /app\.installations/);
  assert.equal((await changesetsOf(forge, 'acme/app')).length, 1);
  await assert.rejects(changesetsOf(forge, 'other/app'), { code: 'scope_missing' });
});

test('GitHub: a token of an App that is taken back before its time is asked for anew, once (C-106)', async t => {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const app = {
    kind: 'app' as const,
    id: 'app-2',
    identity: 'app-2',
    appId: '2',
    privateKey,
    installationId: 5,
  };
  const { forge, standIn } = await openForge(t, 'github', { credentials: [{ ...app, owner: undefined }] });
  standIn.model.addRepository('acme/app');
  let given = 0;
  standIn.faults.push(({ url, headers }) => {
    if (url.pathname.endsWith('/access_tokens')) {
      given += 1;
      const expires = new Date(Date.now() + 3_600_000).toISOString();
      return { status: 201, json: { token: given === 1 ? 'taken back' : 'good', expires_at: expires } };
    }
    return /taken back/.test(headers.authorization ?? '')
      ? { status: 401, json: { message: 'Bad' } }
      : undefined;
  });
  assert.deepEqual(await changesetsOf(forge, 'acme/app'), []);
  assert.equal(given, 2);
});
