import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { StationSign, StationStore } from '../../src/keep/store/stations.ts';

export interface StationStoreFixture {
  readonly stations: StationStore;
  /** Another connection to the same store, as another station has it. */
  readonly other: StationStore;
  /** Has the store believe that its last sign of life from a station is so much older. */
  age(id: string, ms: number): Promise<void>;
}

const sign = (id: string, more: Partial<StationSign> = {}): StationSign => ({
  id,
  run: `${id} 1`,
  name: `${id} at /srv`,
  host: id,
  version: '1.0.0',
  url: `http://${id}:8750`,
  startedAtMs: 1_700_000_000_000,
  holds: {
    clones: { count: 2, bytes: 5_000_000_000 },
    deliveries: { incoming: 3, failed: 1 },
    capture: { collectors: 4, failing: 1 },
    disks: [{ path: '/srv', freeBytes: 10, totalBytes: 20 }],
  },
  ...more,
});

/** The contract of `StationStore`. */
export function stationStoreSuite(
  name: string,
  open: (t: TestContext) => Promise<StationStoreFixture>,
): void {
  test(`${name}: every station sees all, with what each last said of itself (F-460)`, async t => {
    const { stations, other } = await open(t);
    await stations.arrive(sign('b'));
    await other.arrive(sign('a', { url: null }));
    const holds = { ...sign('b').holds, deliveries: { incoming: 9 } };
    await stations.beat(sign('b', { holds, version: '1.0.1' }));
    const all = await other.list();
    assert.deepEqual(
      all.map(({ id, name: called, host, version, url, startedAtMs, isSilent }) => [
        ...[id, called, host, version],
        ...[url, startedAtMs, isSilent],
      ]),
      [
        ['a', 'a at /srv', 'a', '1.0.0', null, 1_700_000_000_000, false],
        ['b', 'b at /srv', 'b', '1.0.1', 'http://b:8750', 1_700_000_000_000, false],
      ],
    );
    assert.deepEqual(all[1]?.holds, holds);
  });

  test(`${name}: who is silent, and who has left, is known as such; who comes again is there again (F-460)`, async t => {
    const { stations, other, age } = await open(t);
    await stations.arrive(sign('a'));
    await stations.arrive(sign('b'));
    await age('a', 20_500);
    await age('b', 15_000);
    const silent = async (): Promise<boolean[]> => (await other.list()).map(({ isSilent }) => isSilent);
    assert.deepEqual(await silent(), [true, false]);
    assert.ok(((await other.list())[0]?.silentMs ?? 0) >= 20_500);
    await stations.beat(sign('a'));
    await other.leave('b');
    await other.leave('b');
    assert.deepEqual(await silent(), [false, true]);
    assert.deepEqual(
      (await other.list()).map(({ hasLeft }) => hasLeft),
      [false, true],
    );
    await stations.beat(sign('b'));
    assert.deepEqual(await silent(), [false, false]);
  });

  test(`${name}: who has been silent for a month is forgotten (F-460)`, async t => {
    const { stations, age } = await open(t);
    await stations.arrive(sign('a'));
    await stations.arrive(sign('b'));
    await age('a', 31 * 86_400_000);
    await stations.beat(sign('b'));
    assert.deepEqual(
      (await stations.list()).map(({ id }) => id),
      ['b'],
    );
  });

  test(`${name}: the latest run of a station is the one; an older one that still lives is told (F-460)`, async t => {
    const { stations, other } = await open(t);
    await stations.arrive(sign('a'));
    await other.arrive(sign('a', { run: 'a 2' }));
    await assert.rejects(stations.beat(sign('a')), { code: 'station_running' });
    await other.beat(sign('a', { run: 'a 2' }));
    assert.equal((await other.list()).length, 1);
  });
}
