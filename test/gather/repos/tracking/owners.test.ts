import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../../../src/base/errors.ts';
import { silentLogger } from '../../../../src/base/log.ts';
import type { OwnerEntry } from '../../../../src/config/sections/repos.ts';
import type { Claim } from '../../../../src/engine/queue/work-queue.ts';
import type { Forge, ForgeRepository, RepositoryPage } from '../../../../src/gather/forges/forge.ts';
import {
  isWanted,
  ownerHandler,
  ownersOf,
  scheduleOwners,
} from '../../../../src/gather/repos/tracking/owners.ts';
import { openSyncBench, type SyncBench } from '../../../support/sync-bench.ts';

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
function forgeOf(pages: readonly (readonly ForgeRepository[] | SluiceError)[], unseen?: SluiceError): Forge {
  const listRepositories: Forge['listRepositories'] = async function* (
    _owner,
    options,
  ): AsyncGenerator<RepositoryPage> {
    for (const page of pages) {
      if (page instanceof SluiceError) throw page;
      yield { repositories: page };
    }
    if (unseen) options?.onUnseen?.({ part: 'repositories of team', error: unseen });
  };
  return { listRepositories } as unknown as Forge;
}

/** A station that asks, each time with another answer. */
function asking(bench: SyncBench) {
  let answer: Parameters<typeof forgeOf> = [[]];
  const handler = ownerHandler(() => ({
    ...bench.context,
    forgeOf: () => forgeOf(...answer),
    log: silentLogger,
  }));
  return (entries: readonly OwnerEntry[], ...next: Parameters<typeof forgeOf>) => {
    answer = next;
    bench.config = { ...bench.config, repos: [...entries] };
    return handler.run({ key: 'owner:github.com/team' } as Claim, new AbortController().signal);
  };
}

const urlOf = (name: string): string => `https://github.com/team/${name}`;

async function tracked({ store }: SyncBench): Promise<string[]> {
  return (await store.repositories.list()).filter(each => each.tracked).map(({ url }) => url);
}

test('an owner is one however it is spelled; include, exclude, archived and forks decide by name (R-6)', () => {
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

test('all pages are tracked, new ones come, gone ones go with the second listing that lacks them; those tracked by hand stay; what names another host is left out (R-6)', async t => {
  const bench = await openSyncBench(t);
  const ask = asking(bench);
  const first = [
    [repository('team/a'), repository('team/b')],
    [repository('team/c', { url: 'https://10.0.0.1/c' })],
  ];
  const outcome = await ask([ENTRY], first);
  assert.deepEqual(outcome, {
    nextAtMs: bench.clock.nowMs() + ENTRY.everyMs,
    reason: '2 of 3 repositories tracked',
  });
  assert.deepEqual(await tracked(bench), ['https://github.com/team/a', 'https://github.com/team/b']);
  await bench.track('https://github.com/team/a');
  const lacking = await ask([ENTRY], [[repository('team/d')]]);
  assert.equal('nextAtMs' in lacking && lacking.nextAtMs, bench.clock.nowMs() + 600_000);
  assert.deepEqual(await tracked(bench), ['a', 'b', 'd'].map(urlOf));
  await ask([ENTRY], [[repository('team/d')]]);
  assert.deepEqual(await tracked(bench), ['a', 'd'].map(urlOf));
  await ask([{ ...ENTRY, exclude: ['d'] }], [[repository('team/d')]]);
  assert.deepEqual(await tracked(bench), [urlOf('a')], 'what is listed and no longer wanted goes at once');
});

test('what moves between pages while they are read, and a host that lists nothing for once, take nothing off (R-6)', async t => {
  const bench = await openSyncBench(t);
  const ask = asking(bench);
  const all = ['a', 'b', 'c'].map(name => repository(`team/${name}`));
  const [a, b, c] = all as [ForgeRepository, ForgeRepository, ForgeRepository];
  await ask([ENTRY], [[a, b], [c]]);
  for (const pages of [
    [[a, b]],
    [[b, c]],
    [[]],
    [
      [a, b],
      [b, c],
    ],
    [[c, a]],
    [],
  ]) {
    await ask([ENTRY], pages);
    assert.deepEqual(await tracked(bench), ['a', 'b', 'c'].map(urlOf), JSON.stringify(pages.length));
    await ask([ENTRY], [all]);
  }
});

test('a listing that breaks off changes nothing (R-6)', async t => {
  const bench = await openSyncBench(t);
  await asking(bench)([ENTRY], [[repository('team/a')]]);
  const broken = [[repository('team/b')], new SluiceError('rate_limited', 'later')];
  await assert.rejects(asking(bench)([ENTRY], broken), { code: 'rate_limited' });
  assert.deepEqual(await tracked(bench), ['https://github.com/team/a']);
});

test('a listing with entries that cannot be read brings what is new and takes nothing off (R-6, C-101)', async t => {
  const bench = await openSyncBench(t);
  const ask = asking(bench);
  await ask([ENTRY], [[repository('team/a')]]);
  await ask([ENTRY], [[repository('team/b')]], new SluiceError('forge_answer_invalid', '1 of 2'));
  assert.deepEqual(await tracked(bench), ['https://github.com/team/a', 'https://github.com/team/b']);
  for (let time = 1; time <= 2; time += 1) await ask([ENTRY], [[repository('team/b')]]);
  assert.deepEqual(await tracked(bench), ['https://github.com/team/b']);
});

test('an owner taken out of the configuration takes its repositories off, and itself off the schedule (R-6)', async t => {
  const bench = await openSyncBench(t);
  await scheduleOwners(ownersOf({ repos: [ENTRY] }), bench.context);
  await asking(bench)([ENTRY], [[repository('team/a')]]);
  assert.equal((await bench.context.queue.get('owner:github.com/team'))?.kind, 'owner');
  await scheduleOwners([], bench.context);
  assert.deepEqual(await tracked(bench), []);
  assert.equal(await bench.context.queue.get('owner:github.com/team'), undefined);
  assert.equal((await bench.context.queue.counts()).size, 0);
});
