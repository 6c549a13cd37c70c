/**
 * A million changesets on the schedule: `npm run bench:changesets [COUNT] [SECONDS]`. Prints one line a figure and a
 * closing line that says which targets are reached. Databases are made in a temporary directory and removed.
 *
 * Of each size: the schedule's own calls; the changesets' part of a station while its whole schedule is made anew;
 * and a station process, watched for SECONDS (60) while it syncs what falls due.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import { dueKeys } from '../src/engine/queue/sqlite/due.ts';
import { SqliteWorkQueue } from '../src/engine/queue/sqlite/sqlite-work-queue.ts';
import { CHANGESET_KIND, changesetKey, groupOf } from '../src/gather/changesets/schedule.ts';
import { openStore } from '../src/keep/sqlite/open-store.ts';
import { followChangesets } from '../src/keep/store/change.ts';
import { startEndlessGithub, watchStation } from './support/changesets-process.ts';
import { machine, measure, median } from './support/measure.ts';

/** As linear has it for what has been still for long. */
const INTERVAL_MS = 8 * 3_600_000;
const PAGE = 1000;
const HOUR_MS = 3_600_000;
const SMALL = 1000;
const LARGE = Number(process.argv[2] ?? 1_000_000);
const WATCHED_S = Number(process.argv[3] ?? 60);

const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
const failed: string[] = [];
const beganAtMs = Date.now();
/** Nothing falls due while this runs, but what is made to. */
const FIRST_DUE_MS = 30 * 60_000;
/** Evenly over the eight hours of the slowest rhythm. */
const dueAtMs = (number: number): number => beganAtMs + FIRST_DUE_MS + ((number * 7919) % INTERVAL_MS);
const changedAtMs = (number: number): number => dueAtMs(number) - 2 * INTERVAL_MS;
const standIn = await startEndlessGithub(changedAtMs);
const HOST = standIn.host;

function figure(what: string, value: number, unit: string, atMost?: number): void {
  const verdict =
    atMost === undefined
      ? ''
      : value <= atMost
        ? `  (at most ${atMost}: reached)`
        : `  (at most ${atMost}: NOT reached)`;
  if (atMost !== undefined && value > atMost) failed.push(what);
  console.log(`${what.padEnd(56)} ${value >= 100 ? Math.round(value) : value.toFixed(2)} ${unit}${verdict}`);
}

const request = (runAtMs: number) => ({
  kind: CHANGESET_KIND,
  group: groupOf(HOST),
  runAtMs,
  reason: 'bench',
});

async function openQueue(path: string) {
  const store = await openStore(path, { clock: systemClock });
  const queue = new SqliteWorkQueue({
    database: store.database,
    clock: systemClock,
    isWorkerGone: () => false,
  });
  return { store, queue };
}

async function fill(path: string, count: number): Promise<void> {
  const { store, queue } = await openQueue(path);
  const startMs = performance.now();
  const nowMs = Date.now();
  for (let from = 0; from < count; from += PAGE) {
    const wanted = Array.from({ length: Math.min(PAGE, count - from) }, (_, index) => {
      const ref = { host: HOST, repository: 'o/r', number: from + index + 1 };
      return {
        ...ref,
        key: changesetKey(ref),
        url: `https://${HOST}/o/r/pull/${ref.number}`,
        title: 'A change',
      };
    });
    const puts = wanted.map(({ key, number }) => ({ key, request: request(dueAtMs(number)) }));
    await queue.putAll(puts, [followChangesets(wanted, 'bench', nowMs)]);
  }
  // As synced a while ago: what a schedule of that size is like.
  const due = `${beganAtMs + FIRST_DUE_MS} + (number * 7919) % ${INTERVAL_MS}`;
  await store.database.write(() =>
    store.database.exec(
      `UPDATE changesets SET state = 'open', load = 125000, head_commit = printf('%040x', number),
         last_sync_at_ms = ${due} - ${INTERVAL_MS}, last_change_at_ms = ${due} - ${2 * INTERVAL_MS},
         updated_at_ms = ${due} - ${2 * INTERVAL_MS}`,
    ),
  );
  figure(`${count}: followed and scheduled`, (count * 1000) / (performance.now() - startMs), '/s');
  await store.close();
}

async function timed(rounds: number, call: (round: number) => unknown): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startMs = performance.now();
    await call(round);
    times.push(performance.now() - startMs);
  }
  return median(times);
}

async function measureSchedule(path: string, count: number): Promise<void> {
  const store = await openStore(path, { clock: systemClock });
  const { database } = store;
  const queue = new SqliteWorkQueue({ database, clock: systemClock, isWorkerGone: () => false });
  const key = (round: number): string =>
    changesetKey({ host: HOST, repository: 'o/r', number: ((round * 7919) % count) + 1 });
  const later = Date.now() + 2 * HOUR_MS;
  const put = await timed(1000, round =>
    queue.put(key(round), request(later + ((round * 104_729) % HOUR_MS))),
  );
  figure(`${count}: put again`, put, 'ms', 0.2);
  const nowMs = Date.now() + 5 * HOUR_MS;
  const due = await timed(200, () =>
    database.read(() => dueKeys(database, { kinds: [CHANGESET_KIND], nowMs, max: 100 })),
  );
  figure(`${count}: find the next 100 due`, due, 'ms', 1);
  figure(
    `${count}: figures of the status`,
    await timed(50, () => Promise.all([queue.counts(), store.changesets.totals()])),
    'ms',
  );
  figure(
    `${count}: a page of 100 of the list`,
    await timed(50, () => store.changesets.list({}, { after: { id: count / 2, value: 0 }, limit: 100 })),
    'ms',
  );
  await store.close();
}

interface StationFigures {
  readonly idleMs: number;
  readonly idleWorstMs: number;
  readonly busyMs: number;
  readonly syncMs: number;
}

async function measureStation(path: string, count: number): Promise<void> {
  const script = join(import.meta.dirname, 'support/changesets-station.ts');
  const { stdout } = await measure(process.execPath, [script, path, HOST]);
  const figures = JSON.parse(stdout) as StationFigures;
  figure(`${count}: a raised one starts, idle station`, figures.idleMs, 'ms', 10);
  figure(`${count}: the slowest of 40`, figures.idleWorstMs, 'ms');
  figure(
    `${count}: a raised one starts, busy, syncs of ${figures.syncMs} ms`,
    figures.busyMs,
    'ms',
    1.25 * figures.syncMs,
  );
}

/** As many as linear has in that time at the slowest rhythm, spread over it, but at least one a second. */
async function makeDue(path: string, count: number): Promise<void> {
  const { store, queue } = await openQueue(path);
  const many = Math.max(WATCHED_S, Math.round((count * WATCHED_S * 1000) / INTERVAL_MS));
  const puts = Array.from({ length: many }, (_, index) => {
    const ref = { host: HOST, repository: 'o/r', number: ((index * 7919) % count) + 1 };
    return { key: changesetKey(ref), request: request(Date.now() + (index * WATCHED_S * 1000) / many) };
  });
  await queue.putAll(puts);
  await store.close();
}

async function measureProcess(database: string, count: number): Promise<number> {
  await makeDue(database, count);
  const folder = join(directory, `station-${count}`);
  const figures = await watchStation({ database, folder, standIn }, WATCHED_S);
  figure(`${count}: a station is ready after`, figures.readyMs, 'ms');
  figure(`${count}: its resident size after the start`, figures.rssAfterStartMib, 'MiB');
  figure(`${count}: and ${WATCHED_S} s and ${figures.synced} syncs later`, figures.rssAtEndMib, 'MiB');
  figure(`${count}: GET /metrics`, figures.metricsMs, 'ms');
  figure(`${count}: GET /api/v1/status`, figures.statusMs, 'ms');
  figure(`${count}: the slowest of ${2 * WATCHED_S}`, figures.slowestMs, 'ms');
  figure(`${count}: event loop stood still at most, first 10 s`, figures.stallAtStartMs, 'ms');
  figure(`${count}: and after them`, figures.stallMs, 'ms', 50);
  return figures.rssAtEndMib;
}

console.log(machine());
try {
  const sizes: number[] = [];
  for (const count of [SMALL, LARGE]) {
    const path = join(directory, `${count}.db`);
    await fill(path, count);
    await measureStation(path, count);
    sizes.push(await measureProcess(path, count));
    await measureSchedule(path, count);
  }
  const [small = 1, large = 0] = sizes;
  figure(`resident size of the station, ${LARGE} against ${SMALL}`, large / small, '×', 1.3);
  console.log(
    failed.length === 0
      ? 'changesets: every target reached'
      : `changesets: NOT reached: ${failed.join('; ')}`,
  );
} finally {
  await standIn.stop();
  rmSync(directory, { recursive: true, force: true });
}
