/**
 * The work queue on SQLite: `npm run bench:work`. Prints one line a figure; the median of the rounds.
 * Every database is made anew in a temporary directory and removed.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import { dueKeys } from '../src/engine/queue/sqlite/due.ts';
import { SqliteWorkQueue } from '../src/engine/queue/sqlite/sqlite-work-queue.ts';
import type { Claim } from '../src/engine/queue/work-queue.ts';
import { Database } from '../src/keep/sqlite/database.ts';

const LEASE_MS = 60_000;
const KINDS = ['bake', 'changeset', 'deliver'];
const HOSTS = 20;

const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));

async function open(name: string): Promise<{ database: Database; queue: SqliteWorkQueue }> {
  const database = await Database.open({ path: join(directory, name), clock: systemClock });
  return {
    database,
    queue: new SqliteWorkQueue({ database, clock: systemClock, isWorkerGone: () => false }),
  };
}

function placement(index: number, runAtMs: number) {
  return {
    kind: KINDS[index % KINDS.length] ?? '',
    group: `host ${index % HOSTS}`,
    runAtMs,
    reason: 'bench',
  };
}

/** Spread over the next eight hours, in no order, as a schedule is. */
async function fill(queue: SqliteWorkQueue, size: number): Promise<void> {
  const startMs = Date.now() + 3_600_000;
  for (let from = 0; from < size; from += 10_000) {
    const puts = Array.from({ length: 10_000 }, (_, offset) => {
      const index = from + offset;
      return queue.put(`target ${index}`, placement(index, startMs + ((index * 7919) % 28_800_000)));
    });
    await Promise.all(puts);
  }
}

async function makeDue(queue: SqliteWorkQueue, count: number): Promise<void> {
  const nowMs = Date.now();
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      queue.put(`target ${index}`, placement(index, nowMs - count + index)),
    ),
  );
}

/** Median time of one call in microseconds. */
async function medianUs(rounds: number, call: (round: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startMs = performance.now();
    await call(round);
    times.push((performance.now() - startMs) * 1000);
  }
  return times.sort((one, two) => one - two)[Math.floor(rounds / 2)] ?? Number.NaN;
}

function print(what: string, figure: number, unit: string): void {
  console.log(`${what.padEnd(64)} ${figure >= 100 ? Math.round(figure) : figure.toFixed(1)} ${unit}`);
}

async function jobsPerSecond(
  queue: SqliteWorkQueue,
  jobs: number,
  batch: number,
  perGroup?: number,
): Promise<number> {
  await makeDue(queue, jobs);
  const nextAtMs = Date.now() + 28_800_000;
  const startMs = performance.now();
  for (let done = 0; done < jobs; ) {
    const claims: Claim[] = await queue.claim({
      worker: 'bench',
      kinds: KINDS,
      max: batch,
      perGroup,
      leaseMs: LEASE_MS,
    });
    if (claims.length === 0) throw new Error(`ran out of work after ${done}`);
    await Promise.all(claims.map(claim => queue.complete(claim, { nextAtMs, reason: 'bench' })));
    done += claims.length;
  }
  return (jobs * 1000) / (performance.now() - startMs);
}

async function measure(size: number): Promise<void> {
  const { database, queue } = await open(`${size}.db`);
  const startMs = performance.now();
  await fill(queue, size);
  const name = size.toLocaleString('en').replaceAll(',', ' ');
  print(`${name} targets: put all`, (size * 1000) / (performance.now() - startMs), '/s');
  print(`${name} targets: file`, statSync(database.path).size / 2 ** 20, 'MiB');
  const empty = { worker: 'bench', kinds: KINDS, max: 20, leaseMs: LEASE_MS };
  print(`${name}: empty claim`, await medianUs(2000, () => queue.claim(empty)), 'µs');
  const laterMs = Date.now() + 3_600_000;
  print(
    `${name}: put again`,
    await medianUs(2000, round => {
      const index = (round * 7919) % size;
      return queue.put(`target ${index}`, placement(index, laterMs + ((round * 104_729) % 28_800_000)));
    }),
    'µs',
  );
  print(`${name}: jobs, single`, await jobsPerSecond(queue, 3000, 1), '/s');
  print(`${name}: jobs, batches of 20`, await jobsPerSecond(queue, 20_000, 20), '/s');
  print(`${name}: jobs, batches of 20, 4 a host`, await jobsPerSecond(queue, 20_000, 20, 4), '/s');
  await makeDue(queue, 20_000);
  const nowMs = Date.now();
  print(`${name}: upcoming(100), 20 000 due`, await medianUs(500, () => queue.upcoming(100)), 'µs');
  print(`${name}: counts, 20 000 due`, await medianUs(500, () => queue.counts()), 'µs');
  print(
    `${name}: nextDueAt`,
    await medianUs(500, () => queue.nextDueAt({ kinds: KINDS, afterMs: nowMs })),
    'µs',
  );
  const due = { kinds: KINDS, nowMs, max: 100 };
  const find = async (): Promise<string[]> => database.read(() => dueKeys(database, due));
  print(`${name}: find the next 100 due`, await medianUs(500, find), 'µs');
  const hundred = await medianUs(50, async () => {
    const claims = await queue.claim({ ...empty, max: 100 });
    if (claims.length !== 100) throw new Error('less than 100 due');
  });
  print(`${name}: claim the next 100`, hundred, 'µs');
  await database.close();
}

/** The worst case of the group limit: one full host with everything due in front of the others. */
async function measureFullGroup(): Promise<void> {
  const { database, queue } = await open('full.db');
  const nowMs = Date.now();
  for (let from = 0; from < 100_000; from += 10_000) {
    const puts = Array.from({ length: 10_000 }, (_, offset) =>
      queue.put(`full ${from + offset}`, {
        ...placement(0, nowMs - 9_000_000 + from + offset),
        group: 'full',
      }),
    );
    await Promise.all(puts);
  }
  for (let index = 0; index < 2000; index += 1) {
    await queue.put(`other ${index}`, { ...placement(0, nowMs), group: `other ${index % HOSTS}` });
  }
  const request = { worker: 'bench', kinds: KINDS, max: 1, perGroup: 2, leaseMs: LEASE_MS };
  await queue.claim({ ...request, max: 2 });
  const one = await medianUs(1000, async () => {
    const [claim] = await queue.claim(request);
    if (!claim || claim.group === 'full') throw new Error('claimed nothing, or of the full group');
    await queue.complete(claim, { nextAtMs: null });
  });
  print('100 000 due of a full host in front: claim and complete another', one, 'µs');
  await database.close();
}

try {
  await measure(100_000);
  await measure(1_000_000);
  await measureFullGroup();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
