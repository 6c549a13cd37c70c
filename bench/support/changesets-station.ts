/**
 * The changesets' part of a station on a database: `changesets-station.ts DATABASE HOST`. A host in memory answers at
 * once, or after BUSY_MS while it is kept busy. Its rhythm is another than the database's schedule was made with, so
 * that all of that is made anew beside. Prints one JSON line: how fast raised ones start.
 */
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { SCHEMA } from '../../src/cli/load.ts';
import { complete } from '../../src/config/schema.ts';
import { SqliteWorkQueue } from '../../src/engine/queue/sqlite/sqlite-work-queue.ts';
import { BY_HAND, firstInLine } from '../../src/gather/changesets/schedule.ts';
import { Changesets } from '../../src/gather/changesets/service.ts';
import { loadForges } from '../../src/gather/forges/definitions.ts';
import type { Forge, WantedChangeset } from '../../src/gather/forges/forge.ts';
import { openStore } from '../../src/keep/sqlite/open-store.ts';
import { median } from './measure.ts';

const BUSY_MS = 200;
const RAISES = 40;

const [path = '', HOST = ''] = process.argv.slice(2);
const store = await openStore(path, { clock: systemClock, checkpointThread: true });
const queue = new SqliteWorkQueue({
  database: store.database,
  clock: systemClock,
  isWorkerGone: () => false,
});
const config = complete(
  SCHEMA.parse({
    ...{ root: '/nowhere', database: path, schedule: { maxInterval: '9h' } },
    hosts: { [HOST]: { kind: 'github', baseUrl: `http://${HOST}`, token: 't' } },
  }),
);

let waitMs = 0;
let waiting: { readonly number: number; readonly started: () => void } | undefined;
const forge = {
  kind: 'github',
  host: HOST,
  parseChangesetUrl: () => undefined,
  close: async () => undefined,
  async *fetchChangesets(wanted: readonly WantedChangeset[]) {
    for (const { ref } of wanted) if (ref.number === waiting?.number) waiting.started();
    await new Promise(resolve => setTimeout(resolve, waitMs));
    for (const { ref } of wanted) yield found(ref);
  },
} as unknown as Forge;

function found(ref: WantedChangeset['ref']) {
  const atMs = Date.now() - 3_600_000;
  const branch = { branch: 'b', commit: undefined, repository: undefined };
  const changeset = {
    ...{ ref, hostId: 'x', url: 'https://x', title: 't', author: undefined, state: 'open' },
    ...{ createdAtMs: atMs, updatedAtMs: atMs, head: branch, base: branch, labels: [], reviewState: 'none' },
  };
  return { outcome: 'found', ref, changeset, events: [], eventsComplete: true } as never;
}

const changesets = new Changesets({
  forges: { ...(await loadForges()), open: () => forge },
  ...{ clock: systemClock, random: systemRandom, log: silentLogger },
  config: () => config,
  stores: () => ({ store, queue }),
  onPush: async () => undefined,
});
await changesets.start();

async function raise(number: number): Promise<number> {
  const startMs = performance.now();
  const started = new Promise<void>(resolve => {
    waiting = { number, started: resolve };
  });
  const known = await store.changesets.byAddress({ host: HOST, repository: 'o/r', number });
  if (!known) throw new Error(`no changeset ${number}`);
  await queue.put(known.key, firstInLine(HOST, BY_HAND, Date.now()));
  await started;
  return performance.now() - startMs;
}

async function raiseMany(from: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < RAISES; index += 1) {
    times.push(await raise(from + index));
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  return times;
}

await raiseMany(1);
const idle = await raiseMany(100);
// Busy: everything that the limits let run is running, and more is due.
waitMs = BUSY_MS;
const nowMs = Date.now();
for (let page = 0; page < 4; page += 1) {
  const some = await store.changesets.list({}, { after: { id: 300 + page * 100, value: 0 }, limit: 100 });
  await queue.putAll(
    some.map(({ key }) => ({
      key,
      request: { ...firstInLine(HOST, BY_HAND, nowMs), priority: 'normal' as const },
    })),
  );
}
const busy = [await raise(200), await raise(201), await raise(202)];
await new Promise(resolve => setTimeout(resolve, 500));
console.log(
  JSON.stringify({
    idleMs: median(idle),
    idleWorstMs: Math.max(...idle),
    busyMs: Math.max(...busy),
    syncMs: BUSY_MS,
  }),
);
await changesets.stop();
await changesets.hosts.stop();
await store.close();
