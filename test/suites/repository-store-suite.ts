import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeInList, REPOSITORY_ORDERS, type RepositoryFilter } from '../../src/keep/store/repositories.ts';
import { type OpenStore, storeHistory } from './store-fixture.ts';

/** The contract of `RepositoryStore`. */
export function repositoryStoreSuite(name: string, open: OpenStore): void {
  test(`${name}: a repository is made once for its URL, and begins with nothing known`, async t => {
    const { store, reopen } = await open(t);
    const { repositories } = store;
    assert.equal(await repositories.byUrl('https://h/a'), undefined);
    const made = await repositories.ensure('https://h/a', 'h');
    assert.deepEqual(await repositories.ensure('https://h/a', 'elsewhere'), made);
    assert.deepEqual(await (await reopen()).repositories.byId(made.id), made);
    const { id, ...nothing } = made;
    assert.ok(id > 0);
    assert.deepEqual(nothing, {
      url: 'https://h/a',
      host: 'h',
      tracked: false,
      trackedBy: [],
      state: 'new',
      headRef: null,
      objectFormat: 'sha1',
      shallow: false,
      totals: { commits: 0, authors: 0, firstCommitAt: null, lastCommitAt: null },
      lastBakedAtMs: null,
      lastNewsAtMs: null,
      lastError: null,
      remoteCheck: null,
      movedTo: null,
      movedSeenAtMs: null,
    });
  });

  test(`${name}: many are made and asked for at once, in their order and by their ids`, async t => {
    const { repositories } = (await open(t)).store;
    const known = await repositories.ensure('/known', 'local');
    const places = ['/new', '/known', '/other'].map(url => ({ url, host: 'local' }));
    const made = await repositories.ensureMany(places);
    assert.deepEqual(
      made.map(({ url }) => url),
      ['/new', '/known', '/other'],
    );
    assert.deepEqual(made[1], known);
    assert.deepEqual(await repositories.ensureMany(places), made);
    assert.deepEqual(await repositories.ensureMany([]), []);
    const ids = made.map(({ id }) => id);
    assert.deepEqual(await repositories.getMany([...ids, 999]), new Map(made.map(each => [each.id, each])));
  });

  test(`${name}: an update changes the fields given and no others, null included`, async t => {
    const { repositories } = (await open(t)).store;
    const { id } = await repositories.ensure('https://h/a', 'h');
    await repositories.update(id, {});
    await repositories.update(id, {
      state: 'failing',
      headRef: 'refs/heads/main',
      objectFormat: 'sha256',
      shallow: true,
      lastError: 'no route',
      lastBakedAtMs: 5,
      lastNewsAtMs: 6,
      remoteCheck: { spelling: 'https://h/a.git', otherRefs: 3 },
      movedTo: 'https://h/b',
      movedSeenAtMs: 7,
    });
    await repositories.update(id, { lastError: null, state: undefined });
    const updated = await repositories.byId(id);
    const { state, shallow, objectFormat, lastError, remoteCheck, movedTo, movedSeenAtMs } = updated ?? {};
    assert.deepEqual(
      { state, shallow, objectFormat, lastError, remoteCheck, movedTo, movedSeenAtMs },
      {
        state: 'failing',
        shallow: true,
        objectFormat: 'sha256',
        lastError: null,
        remoteCheck: { spelling: 'https://h/a.git', otherRefs: 3 },
        movedTo: 'https://h/b',
        movedSeenAtMs: 7,
      },
    );
    await repositories.update(id, { remoteCheck: null });
    assert.equal((await repositories.byId(id))?.remoteCheck, null);
  });

  test(`${name}: alike are those in another case, and those that moved there`, async t => {
    const { repositories } = (await open(t)).store;
    const ids = [];
    for (const url of ['https://h/A/b', 'https://h/a/B', 'https://h/old', 'https://h/other'])
      ids.push((await repositories.ensure(url, 'h')).id);
    await repositories.update(ids[2] ?? 0, { movedTo: 'https://h/A/B' });
    const alike = await repositories.alike('https://h/a/b');
    assert.deepEqual(alike.map(({ id }) => id).sort(), ids.slice(0, 3));
  });

  test(`${name}: figures of no repository at all`, async t => {
    const { store } = await open(t);
    const none = { known: 0, tracked: 0, failing: 0, commits: 0 };
    assert.deepEqual(await store.repositories.figures(), none);
  });

  test(`${name}: lists are filtered, ordered and paged, each page behind the last row of the one before (A-533)`, async t => {
    const { store } = await open(t);
    const { repositories, tracking } = store;
    await storeHistory(store, '/c-few', [{ who: 'Ada', at: 900 }]);
    const many = await storeHistory(store, '/B-many', [
      { who: 'Ada', at: 5 },
      { who: 'Ada', at: 6 },
    ]);
    const { id: empty } = await repositories.ensure('/a-empty', 'local');
    await repositories.update(many, { state: 'ok' });
    await repositories.update(empty, { state: 'gone' });
    await tracking.add(many, 'cli', 1);
    assert.deepEqual(await repositories.figures(), { known: 3, tracked: 1, failing: 1, commits: 3 });
    const list = async (filter?: RepositoryFilter): Promise<string[]> =>
      (await repositories.list(filter)).map(({ url }) => url);
    assert.deepEqual(await list(), ['/B-many', '/a-empty', '/c-few']);
    assert.deepEqual(await list({ order: 'commits' }), ['/B-many', '/c-few', '/a-empty']);
    assert.deepEqual(await list({ order: 'change' }), ['/c-few', '/B-many', '/a-empty']);
    const sizes = new Map([
      ['/c-few', 9],
      ['/not-there', 8],
      ['/a-empty', 7],
    ]);
    assert.deepEqual(await list({ order: 'size', sizes }), ['/c-few', '/a-empty', '/B-many']);
    assert.deepEqual([await repositories.count(), await repositories.count({ choice: 'tracked' })], [3, 1]);
    for (const order of REPOSITORY_ORDERS) {
      const all = await repositories.list({ order, sizes });
      for (const [index, repository] of all.entries()) {
        const after = placeInList(repository, { order, sizes });
        const urls = all.map(({ url }) => url);
        assert.deepEqual(await list({ order, sizes, after }), urls.slice(index + 1));
        assert.deepEqual(await list({ order, sizes, offset: index, limit: 2 }), urls.slice(index, index + 2));
        const reversed = { order, sizes, reverse: true };
        assert.deepEqual(await list({ ...reversed, after }), urls.slice(0, index).toReversed());
        assert.deepEqual(await list({ ...reversed, offset: index }), urls.toReversed().slice(index));
      }
    }
    assert.deepEqual(await list({ text: '-MANY' }), ['/B-many']);
    assert.deepEqual(await list({ text: '%' }), []);
    assert.deepEqual(await list({ choice: 'tracked' }), ['/B-many']);
    assert.deepEqual(await list({ choice: 'untracked' }), ['/a-empty', '/c-few']);
    assert.deepEqual(await list({ choice: 'failing' }), ['/a-empty']);
  });

  test(`${name}: what is forgotten is gone with its history, and nothing else is (R-500)`, async t => {
    const { store } = await open(t);
    const { repositories, tracking, questions } = store;
    const gone = await storeHistory(store, '/gone', [
      { who: 'Ada', at: 5 },
      { who: 'Bob', at: 6 },
    ]);
    const stays = await storeHistory(store, '/stays', [{ who: 'Ada', at: 900 }]);
    await tracking.add(gone, 'cli', 1);
    await repositories.forget(gone);
    await repositories.forget(gone);
    assert.deepEqual(
      (await repositories.list()).map(({ id }) => id),
      [stays],
    );
    const authors = await questions.topAuthors({ repositoryIds: [gone, stays] }, 9);
    assert.deepEqual(
      authors.map(({ commits }) => commits),
      [1],
    );
    const again = await storeHistory(store, '/gone', [{ who: 'Ada', at: 5 }]);
    assert.equal((await repositories.byId(again))?.totals.commits, 1);
  });
}
