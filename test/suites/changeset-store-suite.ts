import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SluiceError, toErrorRecord } from '../../src/base/errors.ts';
import {
  announceEvent,
  followChangesets,
  recordListing,
  recordSync,
  recordVanished,
  recordWebhook,
  setLoad,
  unfollowChangesets,
} from '../../src/keep/store/change.ts';
import {
  CHANGESET_ORDERS,
  type ChangesetPlace,
  changesetPlace,
  loadOf,
  type StoredEvent,
  type SyncedChangeset,
} from '../../src/keep/store/changesets.ts';
import type { OpenStoreAndQueue } from './store-fixture.ts';

const ref = { host: 'h', repository: 'Owner/Name', number: 7 };
const wanted = { ...ref, key: 'changeset:h/owner/name#7', url: 'https://h/Owner/Name/pull/7' };
const placement = { kind: 'changeset', group: 'h API', runAtMs: 5, reason: 'never synced' };
const found: SyncedChangeset = {
  ...{ repository: 'Owner/Name', url: wanted.url, hostId: 'id', state: 'open', title: 'T', author: 'ada' },
  ...{ authorIsBot: false, headBranch: 'f', headCommit: 'aa', headRepository: undefined, baseBranch: 'main' },
  ...{ baseCommit: 'bb', createdAtMs: 1, updatedAtMs: 2, mergedAtMs: undefined, closedAtMs: undefined },
  ...{
    additions: 3,
    deletions: 4,
    changedFiles: 5,
    labels: ['x'],
    reviewState: 'none',
    checkState: undefined,
  },
  ...{ mergeable: true, syncedAtMs: 10, lastChangeAtMs: 2, unseen: null },
};
const event = (id: string, atMs: number, order = 0): StoredEvent => ({
  ...{ id, kind: 'comment', hostKind: 'c', atMs, order, actor: null, actorIsBot: false },
  ...{ review: null, commit: null, checkName: null, checkState: null, subject: null },
});

/** The contract of `ChangesetStore`, and of changes of the store, alone and together with the work queue. */
export function changesetStoreSuite(name: string, open: OpenStoreAndQueue): void {
  const followed = async (t: TestContext) => {
    const stores = await open(t);
    const { changesets } = stores.store;
    await stores.queue.putAll(
      [{ key: wanted.key, request: placement }],
      [followChangesets([wanted], 'hand', 1)],
    );
    const changeset = await changesets.byAddress(ref);
    assert.ok(changeset);
    return { ...stores, changesets, changeset };
  };

  test(`${name}: what is followed and its place on the schedule are committed together (C-9)`, async t => {
    const { changesets, queue, changeset } = await followed(t);
    assert.deepEqual([changeset.state, changeset.followed, changeset.followedBy], ['new', true, 'hand']);
    assert.equal((await queue.get(wanted.key))?.runAtMs, 5);
    assert.equal((await changesets.byAddress({ ...ref, repository: 'owner/NAME' }))?.id, changeset.id);
    const unknown = { kind: 'unknown' } as never;
    await assert.rejects(queue.putAll([{ key: 'other', request: placement }], [unknown]));
    assert.equal(await queue.get('other'), undefined);
  });

  test(`${name}: a sync is kept with its settlement; a claim that is lost keeps nothing (C-3)`, async t => {
    const { changesets, queue, changeset } = await followed(t);
    const claim = { worker: 'one', max: 1, leaseMs: 60_000 };
    const [first] = await queue.claim(claim);
    assert.ok(first);
    const changes = [recordSync(changeset.id, found, loadOf(120_000))];
    assert.equal(
      await queue.complete({ ...first, token: first.token + 1 }, { nextAtMs: 99, changes }),
      'lost',
    );
    assert.equal((await changesets.byKey(wanted.key))?.state, 'new');
    await changesets.recordFailure(changeset.id, toErrorRecord(new SluiceError('timed_out', 'late')), 8);
    assert.equal((await changesets.byKey(wanted.key))?.lastFailureAtMs, 8);
    assert.equal(await queue.complete(first, { nextAtMs: 99, changes }), 'settled');
    const synced = await changesets.byKey(wanted.key);
    assert.deepEqual(
      [
        synced?.state,
        synced?.labels,
        synced?.mergeable,
        synced?.checkState,
        synced?.lastError,
        synced?.lastFailureAtMs,
        synced?.lastSyncAtMs,
      ],
      ['open', ['x'], true, null, null, null, 10],
    );
    assert.deepEqual(await changesets.totals(), [
      { host: 'h', state: 'open', changesets: 1, followed: 1, failing: 0, syncsPerHour: 30 },
    ]);
  });

  test(`${name}: changes are made in their order, all of them or none, and may be made again`, async t => {
    const { store, changesets, changeset } = await followed(t);
    await changesets.ensureSource('s', 'h');
    const listing = { listedAtMs: 7, etag: 'e', changesets: 3 };
    const changes = [setLoad(changeset.id, loadOf(60_000)), recordListing('s', listing)];
    const unknown = { kind: 'unknown' } as never;
    await assert.rejects(store.apply([...changes, unknown]), { code: 'internal' });
    assert.deepEqual(
      [(await changesets.totals())[0]?.syncsPerHour, (await changesets.sources())[0]?.changesets],
      [0, 0],
    );
    await changesets.recordSourceFailure('s', toErrorRecord(new SluiceError('timed_out', 'late')));
    for (let count = 0; count < 2; count += 1) await store.apply(changes);
    assert.equal((await changesets.totals())[0]?.syncsPerHour, 60);
    assert.deepEqual(await changesets.sources(), [{ name: 's', host: 'h', ...listing, lastError: null }]);
    await store.apply([unfollowChangesets([changeset.id, 999]), setLoad(999, 5)]);
    assert.equal((await changesets.totals())[0]?.followed, 0);
    assert.deepEqual([...(await changesets.byKeys([wanted.key, 'none'])).keys()], [wanted.key]);
    await changesets.dropSource('s');
    assert.deepEqual(await changesets.sources(), []);
  });

  test(`${name}: events are kept each once, in order (C-3)`, async t => {
    const { changesets, changeset } = await followed(t);
    const first = [event('b', 2), event('a', 2), event('z', 1)];
    assert.deepEqual(await changesets.addEvents(changeset.id, first), first);
    const again = await changesets.addEvents(changeset.id, [event('b', 2), event('c', 2, -1)]);
    assert.deepEqual(again, [event('c', 2, -1)], 'those that were new');
    assert.deepEqual(
      (await changesets.events(changeset.id)).map(({ id }) => id),
      ['z', 'c', 'a', 'b'],
    );
  });

  test(`${name}: an event told under a clock that was ahead is forgotten by the next sync (C-143)`, async t => {
    const { changesets, queue, changeset } = await followed(t);
    const latest = async (): Promise<number | null | undefined> =>
      (await changesets.byKey(wanted.key))?.latestEventAtMs;
    await queue.putAll([], [announceEvent([changeset.id], 9e14), recordSync(changeset.id, found, 1)]);
    assert.equal(await latest(), null);
    await queue.putAll([], [announceEvent([changeset.id], 60_000), recordSync(changeset.id, found, 1)]);
    assert.equal(await latest(), 60_000, 'one that came while it ran stays');
  });

  test(`${name}: those that a commit heads are found, else those that its branches head (C-146)`, async t => {
    const { store, queue } = await open(t);
    const { changesets } = store;
    const head = { host: 'h', repository: 'o/r' };
    const rows: readonly (readonly [number, Partial<SyncedChangeset>])[] = [
      [1, { headCommit: 'aa', headBranch: 'topic', headRepository: 'o/r' }],
      [2, { headCommit: 'bb', headBranch: 'topic', headRepository: 'fork/r' }],
      [3, { headCommit: 'cc', headBranch: 'main', headRepository: 'fork/r' }],
      [4, { headCommit: 'aa', headBranch: 'topic', headRepository: 'o/r', repository: 'other/r' }],
      [5, { headCommit: 'dd', headBranch: 'late', headRepository: undefined, state: 'merged' }],
    ];
    for (const [number, values] of rows) {
      const key = `k${number}`;
      await queue.putAll([], [followChangesets([{ ...head, number, key, url: key }], 'hand', 1)]);
      const id = (await changesets.byKey(key))?.id ?? 0;
      const synced = { ...found, repository: 'o/r', baseBranch: 'main', ...values };
      await queue.putAll([], [recordSync(id, synced, 1)]);
    }
    type Branches = readonly { readonly name: string; readonly repository: string | undefined }[];
    const numbers = async (commit: string, branches: Branches = [], repository = 'O/R') =>
      (await changesets.byHead({ host: 'h', repository, commit, branches }))
        .map(({ number }) => number)
        .sort();
    const here = 'o/r';
    assert.deepEqual(await numbers('aa'), [1, 4], 'where its branch is there, too');
    assert.deepEqual(await numbers('bb'), [2], 'of a fork');
    assert.deepEqual(await numbers('bb', [], 'fork/R'), [2], 'told of by the fork');
    assert.deepEqual(await numbers('bb', [], 'some/where'), []);
    assert.deepEqual(
      await numbers('aa', [{ name: 'main', repository: undefined }]),
      [1, 4],
      'the commit decides',
    );
    assert.deepEqual(
      await numbers('new', [{ name: 'topic', repository: here }]),
      [1],
      'the branch of that name here',
    );
    assert.deepEqual(await numbers('new', [{ name: 'topic', repository: 'fork/r' }]), [2]);
    assert.deepEqual(await numbers('new', [{ name: 'topic', repository: undefined }]), [1, 2]);
    assert.deepEqual(
      await numbers('new', [{ name: 'main', repository: undefined }]),
      [],
      'the base itself, most likely',
    );
    assert.deepEqual(await numbers('new', [{ name: 'late', repository: here }]), [], 'over');
    const [gone] = await changesets.byHead({ ...head, commit: 'cc', branches: [] });
    await queue.putAll([], [unfollowChangesets([gone?.id ?? 0])]);
    assert.deepEqual(await numbers('cc'), [], 'not followed');
  });

  test(`${name}: one that has vanished keeps what was known; a renamed repository takes its rows along (C-4)`, async t => {
    const { changesets, queue, changeset } = await followed(t);
    await queue.putAll([], [recordSync(changeset.id, { ...found, repository: 'Owner/New' }, 1)]);
    assert.equal((await changesets.byAddress({ ...ref, repository: 'owner/new' }))?.key, wanted.key);
    await queue.putAll([], [recordVanished(changeset.id, 50, 0)]);
    const gone = await changesets.byKey(wanted.key);
    assert.deepEqual([gone?.state, gone?.title, gone?.vanishedAtMs], ['deleted', 'T', 50]);
  });

  test(`${name}: the latest event only ever gets later (C-18)`, async t => {
    const { changesets, queue, changeset } = await followed(t);
    for (const atMs of [100, 50]) await queue.putAll([], [announceEvent([changeset.id], atMs)]);
    assert.equal((await changesets.byKey(wanted.key))?.latestEventAtMs, 100);
  });

  test(`${name}: by hand takes over from a source, a source not from by hand`, async t => {
    const { changesets, queue } = await followed(t);
    const by = async (source: string): Promise<string | undefined> => {
      await queue.putAll([], [followChangesets([wanted], source, 2)]);
      return (await changesets.byKey(wanted.key))?.followedBy;
    };
    assert.equal(await by('repository h/x'), 'hand');
    const id = (await changesets.byKey(wanted.key))?.id ?? 0;
    await queue.putAll([], [unfollowChangesets([id])]);
    assert.equal(await by('repository h/x'), 'repository h/x');
    assert.equal(await by('hand'), 'hand');
  });

  test(`${name}: deliveries are remembered by id, missed changes counted until a webhook arrives (C-19, C-20)`, async t => {
    const { store, queue } = await open(t);
    const { webhooks } = store.changesets;
    const delivery = { host: 'h', deliveryId: 'd', event: 'e', repository: 'o/r', receivedAtMs: 9 };
    await webhooks.countMissed('h', 'O/R');
    assert.equal((await webhooks.totals(9))[0]?.missedSince, 1);
    for (let count = 0; count < 2; count += 1) await queue.putAll([], [recordWebhook(delivery)]);
    assert.equal(await webhooks.isKnown('h', 'd'), true);
    assert.equal(await webhooks.isKnown('other', 'd'), false);
    const [totals] = await webhooks.totals(9);
    assert.deepEqual([totals?.received, totals?.missed, totals?.missedSince], [1, 1, 0]);
  });

  test(`${name}: what is learned of budgets is kept; of a host that is saved again, only what there is (C-142)`, async t => {
    const { budgets } = (await open(t)).store.changesets;
    const budget = {
      ...{ host: 'h', credential: 'a', resource: 'rest', limit: 5000, remaining: 7, resetAtMs: 9 },
      ...{ pausedUntilMs: undefined, refusedUntilMs: 11, windowMs: 3_600_000, spent: [[5, 2] as const] },
    };
    const elsewhere = { ...budget, host: 'other' };
    await budgets.save([budget, { ...budget, credential: 'b' }, elsewhere]);
    await budgets.save([budget]);
    assert.deepEqual(
      (await budgets.list()).sort((one, two) => one.host.localeCompare(two.host)),
      [budget, elsewhere],
    );
    const forecast = { host: 'h', stretch: 1.4, costs: { rest: 0.25 }, syncs: [[5, 2] as const] };
    for (const stretch of [9, 1.4]) await budgets.saveForecasts([{ ...forecast, stretch }]);
    assert.deepEqual(await budgets.forecasts(), [forecast]);
  });

  test(`${name}: lists tell what waits for review and what is idle, longest idle first (C-22)`, async t => {
    const { store, queue } = await open(t);
    const many = [1, 2, 3, 4].map(number => ({ ...ref, number, key: `k${number}`, url: `u${number}` }));
    await queue.putAll([], [followChangesets(many, 'hand', 1)]);
    const ids = new Map(
      (await store.changesets.list({}, { limit: 9 })).map(({ id, number }) => [number, id]),
    );
    const sync = (number: number, values: Partial<SyncedChangeset>) =>
      queue.putAll([], [recordSync(ids.get(number) ?? 0, { ...found, ...values }, 1)]);
    await sync(1, { updatedAtMs: 30 });
    await sync(2, { updatedAtMs: 10, reviewState: 'approved' });
    await sync(3, { updatedAtMs: 10, state: 'draft' });
    const list = async (filter: object, after?: ChangesetPlace) => {
      const page = { order: 'idle', after, limit: 2 } as const;
      return (await store.changesets.list(filter, page)).map(({ number }) => number);
    };
    // The fourth was never synced.
    assert.deepEqual(await list({}), [4, 2]);
    assert.deepEqual(await list({}, { id: ids.get(2) ?? 0, value: 10 }), [3, 1]);
    assert.deepEqual(await list({ waitingForReview: true }), [1]);
    assert.deepEqual(await list({ idleSinceMs: 20 }), [2, 3]);
  });

  test(`${name}: every order goes from either end, behind any row and from any place on (C-22, W-132)`, async t => {
    const { store, queue } = await open(t);
    const many = [1, 2, 3, 4].map(number => ({ ...ref, number, key: `k${number}`, url: `u${number}` }));
    await queue.putAll([], [followChangesets(many, 'hand', 1)]);
    const known = await store.changesets.list({}, { limit: 9 });
    const times = [
      { updatedAtMs: 30, createdAtMs: 7 },
      { updatedAtMs: 10, createdAtMs: 9 },
      { updatedAtMs: 10, createdAtMs: 8 },
    ];
    for (const [at, values] of times.entries())
      await queue.putAll([], [recordSync(known[at]?.id ?? 0, { ...found, ...values }, 1)]);
    const orders = { id: [1, 2, 3, 4], idle: [4, 2, 3, 1], opened: [4, 1, 3, 2] };
    for (const order of CHANGESET_ORDERS) {
      for (const reverse of [false, true]) {
        const expected = reverse ? orders[order].toReversed() : orders[order];
        const list = async (page: object) => store.changesets.list({}, { order, reverse, limit: 9, ...page });
        const all = await list({});
        const numbers = (some: typeof all) => some.map(({ number }) => number);
        assert.deepEqual(numbers(all), expected, order);
        for (const [index, changeset] of all.entries()) {
          const after = changesetPlace(changeset, order);
          assert.deepEqual(numbers(await list({ after })), expected.slice(index + 1));
          assert.deepEqual(
            numbers(await list({ offset: index, limit: 2 })),
            expected.slice(index, index + 2),
          );
          assert.deepEqual(numbers(await list({ after, offset: 1 })), expected.slice(index + 2));
        }
      }
    }
    assert.deepEqual(
      (await store.changesets.list({ states: ['new'] }, { order: 'opened', limit: 9 })).length,
      1,
    );
  });

  test(`${name}: lists are filtered and paged by id (C-22)`, async t => {
    const { store, queue } = await open(t);
    const many = [1, 2, 3, 4].map(number => ({
      ...{ ...ref, number, key: `k${number}`, url: `u${number}`, title: number % 2 ? '100% odd' : 'even' },
    }));
    await queue.putAll([], [followChangesets(many, 'hand', 1)]);
    const list = async (filter: object, afterId = 0) =>
      (await store.changesets.list(filter, { after: { id: afterId, value: 0 }, limit: 2 })).map(
        ({ number }) => number,
      );
    assert.deepEqual(await list({}), [1, 2]);
    assert.deepEqual(await list({}, 2), [3, 4]);
    assert.deepEqual(await list({ text: '0% O' }), [1, 3]);
    assert.equal(await store.changesets.count({ text: '0% O' }), 2);
    assert.deepEqual(await list({ states: ['open'] }), []);
    assert.deepEqual(await list({ repository: 'OWNER/name', failing: false, followed: true }), [1, 2]);
  });
}
