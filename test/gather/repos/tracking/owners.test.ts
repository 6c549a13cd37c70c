import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../../../src/base/errors.ts';
import { silentLogger } from '../../../../src/base/log.ts';
import type { OwnerEntry } from '../../../../src/config/sections/repos.ts';
import type { Claim } from '../../../../src/engine/queue/work-queue.ts';
import type { Forge, ForgeRepository, RepositoryPage } from '../../../../src/gather/forges/forge.ts';
import { isWanted, ownerHandler, ownersOf } from '../../../../src/gather/repos/tracking/owners.ts';
import { followOwners } from '../../../../src/gather/repos/tracking/track.ts';
import { type Visits, visiting } from '../../../support/visits.ts';

const ENTRY: OwnerEntry = {
  owner: 'github:Team',
  include: [],
  exclude: [],
  archived: false,
  forks: false,
  everyMs: 3_600_000,
};

function repository(path: string, more: Partial<ForgeRepository> = {}): ForgeRepository {
  return {
    hostId: path,
    path,
    url: `https://github.com/${path}`,
    isPrivate: false,
    isArchived: false,
    isFork: false,
    isEmpty: false,
    defaultBranch: 'main',
    pushedAtMs: undefined,
    sizeBytes: undefined,
    ...more,
  };
}

/** A code host of which only the listing answers: pages, or an error in place of one. */
function forgeOf(pages: readonly (readonly ForgeRepository[] | SluiceError)[]): Forge {
  const listRepositories = async function* (): AsyncGenerator<RepositoryPage> {
    for (const page of pages) {
      if (page instanceof SluiceError) throw page;
      yield { repositories: page };
    }
  };
  return { listRepositories } as unknown as Forge;
}

function ask(visits: Visits, entries: readonly OwnerEntry[], pages: Parameters<typeof forgeOf>[0]) {
  visits.config = { ...visits.config, repos: [...entries] };
  const handler = ownerHandler({
    config: () => visits.config,
    tracking: () => visits.tools,
    forgeOf: () => forgeOf(pages),
    clock: visits.clock,
    log: silentLogger,
  });
  const claim = { key: 'owner:github.com/team' } as Claim;
  return handler.run(claim, new AbortController().signal);
}

async function tracked({ store }: Visits): Promise<string[]> {
  return (await store.repositories.list()).filter(each => each.tracked).map(({ url }) => url);
}

test('S2: an owner is one however it is spelled; include, exclude, archived and forks decide by name', () => {
  const wanted = (entry: Partial<OwnerEntry>, found: ForgeRepository): boolean => {
    const [owner] = ownersOf({ repos: [{ ...ENTRY, ...entry }] });
    assert.ok(owner);
    return isWanted(found, owner);
  };
  const two = ownersOf({
    repos: [ENTRY, { ...ENTRY, owner: 'github:team', everyMs: 1000 }, { url: 'https://a/b' }],
  });
  assert.deepEqual(
    two.map(({ key, everyMs }) => [key, everyMs]),
    [['owner:github.com/team', 1000]],
  );
  assert.equal(wanted({}, repository('team/a')), true);
  assert.equal(wanted({ include: ['lib-*'] }, repository('team/Lib-A')), true);
  assert.equal(wanted({ include: ['lib-*'] }, repository('team/a')), false);
  assert.equal(wanted({ include: ['lib-*'], exclude: ['*-old'] }, repository('team/lib-old')), false);
  assert.equal(wanted({}, repository('team/a', { isArchived: true })), false);
  assert.equal(wanted({ archived: true }, repository('team/a', { isArchived: true })), true);
  assert.equal(wanted({}, repository('team/a', { isFork: true })), false);
  assert.equal(wanted({ owner: 'gitlab:Team', include: ['sub/*'] }, repository('team/sub/a')), true);
  assert.equal(wanted({ owner: 'gitlab:Team', include: ['a'] }, repository('team/sub/a')), true);
});

test('S2: all pages are tracked, new ones come, gone ones go; those tracked by hand stay; what names another host is left out', async t => {
  const visits = await visiting(t);
  const first = [
    [repository('team/a'), repository('team/b')],
    [repository('team/c', { url: 'https://10.0.0.1/c' })],
  ];
  const outcome = await ask(visits, [ENTRY], first);
  assert.deepEqual(outcome, {
    nextAtMs: visits.clock.nowMs() + ENTRY.everyMs,
    reason: '2 of 3 repositories tracked',
  });
  assert.deepEqual(await tracked(visits), ['https://github.com/team/a', 'https://github.com/team/b']);
  await visits.track('https://github.com/team/a');
  await ask(visits, [ENTRY], [[repository('team/d')]]);
  assert.deepEqual(await tracked(visits), ['https://github.com/team/a', 'https://github.com/team/d']);
});

test('S2: a listing that breaks off changes nothing', async t => {
  const visits = await visiting(t);
  await ask(visits, [ENTRY], [[repository('team/a')]]);
  const broken = [[repository('team/b')], new SluiceError('rate_limited', 'later')];
  await assert.rejects(ask(visits, [ENTRY], broken), { code: 'rate_limited' });
  assert.deepEqual(await tracked(visits), ['https://github.com/team/a']);
});

test('S2: an owner taken out of the configuration takes its repositories off, and itself off the schedule', async t => {
  const visits = await visiting(t);
  await followOwners(ownersOf({ repos: [ENTRY] }), visits.tools);
  await ask(visits, [ENTRY], [[repository('team/a')]]);
  assert.equal((await visits.tools.queue.get('owner:github.com/team'))?.kind, 'owner');
  await followOwners([], visits.tools);
  assert.deepEqual(await tracked(visits), []);
  assert.equal(await visits.tools.queue.get('owner:github.com/team'), undefined);
  assert.equal((await visits.tools.queue.counts()).size, 0);
});
