import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import type { OpenLocal } from './journal-suite.ts';

/** The contract of `CloneRecords`. */
export function cloneRecordsSuite(name: string, open: OpenLocal): void {
  const start = async (t: TestContext) => {
    const local = await open(t, systemClock);
    const clones = await local.openCloneRecords();
    t.after(() => clones.close());
    return { local, clones };
  };

  test(`${name}: a record is made with the first change, and others change what they name`, async t => {
    const { local, clones } = await start(t);
    assert.equal(await clones.byUrl('u'), undefined);
    await clones.change('u', { directory: 'd' });
    const made = await clones.byUrl('u');
    assert.deepEqual(made && [made.url, made.directory, made.onDisk, made.pinned, made.cold], [
      'u',
      'd',
      false,
      false,
      null,
    ]);
    const cold = { location: 's3://p/b/k', bytes: 9, crc32: 'AAAAAA==', content: 'c', atMs: 3 };
    await clones.change('u', {
      directory: 'd',
      onDisk: true,
      bytes: 50,
      sized: true,
      lean: true,
      pinned: true,
      cold,
    });
    await clones.change('u', { directory: 'e', bytes: 60 });
    const other = await local.openCloneRecords();
    t.after(() => other.close());
    assert.deepEqual(await other.byUrl('u'), {
      ...{ url: 'u', directory: 'e', onDisk: true, bytes: 60, sized: true, lean: true, pinned: true, cold },
      ...{ hits: 0, lastUsedAtMs: 0 },
    });
    await clones.change('u', { directory: 'e', cold: null });
    assert.equal((await clones.byUrl('u'))?.cold, null);
  });

  test(`${name}: a use counts as a hit where the clone is on disk, and leaves its size uncertain`, async t => {
    const { clones } = await start(t);
    await clones.use('u', 'd', 5);
    const first = await clones.byUrl('u');
    assert.deepEqual([first?.hits, first?.lastUsedAtMs, first?.sized], [0, 5, false]);
    await clones.change('u', { directory: 'd', onDisk: true, sized: true });
    await clones.use('u', 'e', 9);
    const second = await clones.byUrl('u');
    assert.deepEqual(
      [second?.hits, second?.lastUsedAtMs, second?.sized, second?.directory],
      [1, 9, false, 'e'],
    );
  });

  test(`${name}: lists come least recently used first, and totals count what is on disk`, async t => {
    const { clones } = await start(t);
    assert.deepEqual(await clones.totals(), { clones: 0, bytes: 0 });
    await clones.use('late', 'a', 9);
    await clones.use('early', 'b', 1);
    await clones.change('late', { directory: 'a', onDisk: true, bytes: 40 });
    await clones.change('early', { directory: 'b', onDisk: false, bytes: 2 });
    assert.deepEqual(
      (await clones.list()).map(({ url }) => url),
      ['early', 'late'],
    );
    assert.deepEqual(await clones.totals(), { clones: 1, bytes: 40 });
    await clones.close();
    await clones.close();
  });
}
