import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenStore } from './store-fixture.ts';

/** The contract of `TrackingStore`. */
export function trackingStoreSuite(name: string, open: OpenStore): void {
  const start = async (t: Parameters<OpenStore>[0]) => {
    const { store } = await open(t);
    const ids: number[] = [];
    for (const url of ['/a', '/b', '/c']) ids.push((await store.repositories.ensure(url, 'local')).id);
    const trackedBy = async (id: number): Promise<readonly string[] | undefined> => {
      const repository = await store.repositories.byId(id);
      assert.equal(repository?.tracked, (repository?.trackedBy.length ?? 0) > 0);
      return repository?.trackedBy.toSorted();
    };
    const [a = 0, b = 0, c = 0] = ids;
    return { tracking: store.tracking, trackedBy, a, b, c };
  };

  test(`${name}: a repository is tracked as long as anybody wants it`, async t => {
    const { tracking, trackedBy, a } = await start(t);
    assert.equal(await tracking.add(a, 'cli', 1), true);
    assert.equal(await tracking.add(a, 'cli', 2), false);
    assert.equal(await tracking.add(a, 'config', 2), true);
    assert.deepEqual(await trackedBy(a), ['cli', 'config']);
    assert.equal(await tracking.remove(a, ['cli', 'api']), false);
    assert.deepEqual(await trackedBy(a), ['config']);
    assert.equal(await tracking.remove(a, ['config']), true);
    assert.equal(await tracking.remove(a, ['config']), false, 'it was not tracked before');
    assert.deepEqual(await trackedBy(a), []);
  });

  test(`${name}: what one origin wants is replaced, what others want stays`, async t => {
    const { tracking, trackedBy, a, b, c } = await start(t);
    await tracking.add(b, 'cli', 1);
    const owner = 'owner:github:x';
    assert.deepEqual(await tracking.replace(owner, [a, b], 1), { began: [a], ended: [] });
    assert.deepEqual(await tracking.replace(owner, [c], 2), { began: [c], ended: [a] });
    assert.deepEqual(await tracking.replace(owner, [c], 3), { began: [], ended: [] });
    assert.deepEqual([await trackedBy(a), await trackedBy(b), await trackedBy(c)], [[], ['cli'], [owner]]);
    assert.deepEqual((await tracking.origins()).sort(), ['cli', owner]);
  });
}
