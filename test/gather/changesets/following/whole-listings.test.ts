import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WholeListings } from '../../../../src/gather/changesets/following/whole-listings.ts';
import { followingMany, testChangesets } from '../../../support/changesets.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

test('a source is listed to its end at first, once more after several pages, and then once a day (C-2)', () => {
  const whole = new WholeListings();
  assert.equal(whole.isDue('many', true, 0), true);
  whole.record('many', { isFirst: true, pages: 3 }, 0);
  assert.equal(whole.isDue('many', false, MINUTE_MS), true);
  whole.record('many', { isFirst: false, pages: 3 }, MINUTE_MS);
  assert.equal(whole.isDue('many', false, DAY_MS), false);
  assert.equal(whole.isDue('many', false, DAY_MS + MINUTE_MS), true);
  whole.record('few', { isFirst: true, pages: 1 }, 0);
  assert.equal(whole.isDue('few', false, DAY_MS - 1), false);
  // A process that starts has no more to list than on another day.
  const names = Array.from({ length: 1000 }, (_, index) => `source ${index}`);
  const started = new WholeListings();
  const dueBy = (atMs: number): number =>
    names.filter(name => {
      started.isDue(name, false, 0);
      return started.isDue(name, false, atMs);
    }).length;
  assert.ok(Math.abs(dueBy(DAY_MS / 2) - 500) < 60);
  assert.deepEqual([dueBy(0) < 5, dueBy(DAY_MS)], [true, 1000]);
});

test('a changeset that slips from one page to the one before while they are read is found by the next listing (C-2)', async t => {
  const station = await testChangesets(t);
  const { standIn, changesets, until, clock } = station;
  const repository = standIn.model.addRepository('acme/many');
  for (let index = 0; index < 250; index += 1) {
    const createdAtMs = clock.nowMs() - (60 + index) * MINUTE_MS;
    standIn.model.addChangeset(repository, { createdAtMs, updatedAtMs: createdAtMs });
  }
  const startMs = clock.nowMs();
  const [newest] = standIn.model.changesets;
  assert.ok(newest);
  let isMoved = false;
  standIn.faults.push(({ url }) => {
    if (!url.pathname.endsWith('/pulls') || url.searchParams.get('page') !== '3' || isMoved) return undefined;
    // One of the first page is closed: the first of the third page is now the last of the second.
    isMoved = true;
    newest.state = 'closed';
    return undefined;
  });
  await changesets.start();
  await station.configure(followingMany(station));
  const isFollowed = async (number: number): Promise<boolean> => {
    const ref = { host: station.host, repository: 'acme/many', number };
    return (await station.store.changesets.byAddresses([ref])).some(({ followed }) => followed);
  };
  await until(() => isFollowed(250));
  assert.deepEqual([isMoved, await isFollowed(200), await isFollowed(201)], [true, true, false]);
  await until(async () => {
    await clock.advance(MINUTE_MS);
    return isFollowed(201);
  });
  assert.ok(clock.nowMs() - startMs < 60 * MINUTE_MS);
});
