/**
 * Torture of a fleet: `npm run torture:fleet [-- --short] [--seconds 600] [--targets 10000] [--hosts 40] [--seed 1]`.
 * Three stations in processes of their own work off one queue on a Postgres, through a proxy each, while they are killed
 * (kill -9), stopped for longer than a lease (SIGSTOP), cut off from Postgres, and Postgres itself is restarted and
 * killed. Exits 1 when a target runs twice at once or a host gets more calls at once than its limit, as the far side sees
 * it; when a target is lost, or not synced again once all is calm; when something was settled twice for one call; or when
 * the work of a killed station is not taken over within 30 s.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { PgBossWorkQueue } from '../../src/engine/queue/pg-boss/pg-boss-work-queue.ts';
import { PostgresDatabase } from '../../src/keep/postgres/database.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { killAtExit } from '../support/left-behind.ts';
import { addressIn } from '../support/postgres/postgres.ts';
import { PostgresServer } from '../support/postgres/server.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    targets: { type: 'string' },
    hosts: { type: 'string', default: '40' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const troubleMs = Number(values.seconds ?? (values.short ? 25 : 600)) * 1000;
const targets = Number(values.targets ?? (values.short ? 400 : 10_000));
const hosts = Number(values.hosts);
const PER_HOST = 2;
const STATIONS = ['one', 'two', 'three'];
const LEASE_MS = 15_000;
const TAKE_OVER_MS = 30_000;
/** Each target comes again so soon: all stations together are kept busy, but not more. */
const everyMs = values.short ? 3000 : 60_000;
const LONGEST_CALL_MS = 300;
const random = mulberry(Number(values.seed));
console.log(`torture fleet: seed ${values.seed}`);

/** A small generator of numbers that a seed repeats (Tommy Ettinger's mulberry32). */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The far side: what runs there now, the most there ever was, and what was called when. */
const running = new Map<string, number>();
const calls = new Map<string, { count: number; lastAtMs: number }>();
const violations: string[] = [];
let busiest = 0;
const farSide = createServer((request, response) => {
  const asked = new URL(request.url ?? '', 'http://here').searchParams;
  const [key = '', group = '', station = ''] = ['key', 'group', 'station'].map(name => asked.get(name) ?? '');
  const nowMs = Date.now();
  const isKey = enter(`key ${key}`);
  const ofHost = enter(`host ${group}`);
  busiest = Math.max(busiest, ofHost);
  if (isKey > 1) violations.push(`${key} runs twice at once, at ${station} as well`);
  if (ofHost > PER_HOST) violations.push(`${ofHost} calls at once to ${group}`);
  calls.set(key, { count: (calls.get(key)?.count ?? 0) + 1, lastAtMs: nowMs });
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    leave(`key ${key}`);
    leave(`host ${group}`);
  };
  response.on('close', end);
  setTimeout(
    () => {
      end();
      response.end('done');
    },
    5 + random() * LONGEST_CALL_MS,
  );
});

function enter(name: string): number {
  const now = (running.get(name) ?? 0) + 1;
  running.set(name, now);
  return now;
}

function leave(name: string): void {
  running.set(name, (running.get(name) ?? 1) - 1);
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-torture-fleet-'));
const postgres = await PostgresServer.make(folder, { synchronous_commit: 'on', full_page_writes: 'on' });
await postgres.start();
process.on('exit', () => {
  postgres.killNow();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
farSide.listen(0, '127.0.0.1');
await new Promise(resolve => farSide.once('listening', resolve));
const farUrl = `http://127.0.0.1:${(farSide.address() as AddressInfo).port}`;
const address = addressIn(postgres);
const own = await PostgresDatabase.open({ url: address.url, clock: systemClock, env: {} });
const queue = await PgBossWorkQueue.open({
  ...{ database: own, clock: systemClock, log: silentLogger, station: 'onlooker' },
  isWorkerGone: () => false,
  applyChanges: async () => undefined,
});
await own.run('CREATE TABLE settled (target integer NOT NULL, station text NOT NULL, at_ms bigint NOT NULL)');
const startMs = Date.now();
for (let from = 0; from < targets; from += 500) {
  await queue.putAll(
    Array.from({ length: Math.min(500, targets - from) }, (_, index) => ({
      key: `target ${from + index}`,
      request: {
        ...{ kind: 'sync', group: `host ${(from + index) % hosts}`, reason: 'torture' },
        runAtMs: startMs + random() * everyMs,
      },
    })),
  );
}

class Station {
  readonly name: string;
  #child: ChildProcess | undefined;
  #proxy: Awaited<ReturnType<typeof startFaultProxy>> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  async start(): Promise<void> {
    this.#proxy ??= await startFaultProxy(`http://127.0.0.1:${postgres.port}`, () => ({ kind: 'none' }));
    const port = Number(new URL(this.#proxy.endpoint).port);
    const script = join(import.meta.dirname, '../support/fleet-process.ts');
    const args = [script, address.tcpUrl(port), farUrl, this.name, String(everyMs), String(PER_HOST)];
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    killAtExit(this.#child);
  }

  async kill(): Promise<string[]> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return [];
    const held = await claimedBy(child.pid);
    const ended = new Promise(resolve => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
    return held;
  }

  async standStill(ms: number): Promise<void> {
    this.#child?.kill('SIGSTOP');
    await pause(ms);
    this.#child?.kill('SIGCONT');
  }

  async cutOff(ms: number): Promise<void> {
    await this.#proxy?.refuse();
    this.#proxy?.resetAll();
    await pause(ms);
    await this.#proxy?.accept();
  }

  async end(): Promise<void> {
    await this.kill();
    await this.#proxy?.stop();
  }
}

/** Keys that a process has claims on. */
async function claimedBy(pid: number | undefined): Promise<string[]> {
  const items = await queue.running(1000);
  return items.filter(({ claimedBy: by }) => by?.worker.startsWith(`${pid}:`)).map(({ key }) => key);
}

const fleet = STATIONS.map(name => new Station(name));
for (const station of fleet) await station.start();

const counts: Record<string, number> = {};
let slowestTakeOverMs = 0;
const takeOvers: Promise<void>[] = [];

/** Watches that what a killed station held is called again by another in time. */
async function watchTakeOver(keys: readonly string[], killedMs: number): Promise<void> {
  for (const key of keys) {
    while ((calls.get(key)?.lastAtMs ?? 0) <= killedMs) {
      await pause(100);
      if (Date.now() - killedMs > 2 * TAKE_OVER_MS) break;
    }
    slowestTakeOverMs = Math.max(slowestTakeOverMs, Date.now() - killedMs);
  }
}

const faults: Record<string, (station: Station) => Promise<void>> = {
  async kill(station) {
    const held = await station.kill();
    takeOvers.push(watchTakeOver(held, Date.now()));
    await pause(random() * 2000);
    await station.start();
  },
  standStill: station => station.standStill(LEASE_MS + 5000),
  cutOff: station => station.cutOff(500 + random() * 4000),
  async restart() {
    await postgres.stop();
    await pause(random() * 1000);
    await postgres.start();
  },
  async crash() {
    await postgres.kill();
    await postgres.start();
  },
};

/** One fault after the other, each with a station of chance's choice; a station that stands still does so beside others. */
async function trouble(): Promise<void> {
  const order = ['kill', 'cutOff', 'restart', 'kill', 'crash', 'cutOff'];
  const still = fleet.at(-1) as Station;
  const besides = (async () => {
    while (Date.now() - startMs < troubleMs) {
      await pause(1000 + random() * 2000);
      counts.standStill = (counts.standStill ?? 0) + 1;
      await faults.standStill?.(still);
    }
  })();
  for (let turn = 0; Date.now() - startMs < troubleMs; turn += 1) {
    const name = order[turn % order.length] as string;
    await pause(500 + random() * 2000);
    counts[name] = (counts[name] ?? 0) + 1;
    await faults[name]?.(fleet[Math.floor(random() * 2)] as Station);
  }
  await besides;
}

await trouble();
await Promise.all(takeOvers);
const calmMs = Date.now();
const calledBefore = new Map([...calls].map(([key, { count }]) => [key, count]));
const isSynced = (index: number): boolean =>
  (calls.get(`target ${index}`)?.count ?? 0) > (calledBefore.get(`target ${index}`) ?? 0);
const all = Array.from({ length: targets }, (_, index) => index);
while (!all.every(isSynced) && Date.now() - calmMs < 3 * everyMs + TAKE_OVER_MS) await pause(100);
const late = all.filter(index => !isSynced(index));
await Promise.all(fleet.map(station => station.end()));

const { size } = await queue.counts();
const rows = await own.query('SELECT target, count(*) AS times FROM settled GROUP BY target');
const settledMore = rows.filter(
  ({ target, times }) => Number(times) > (calls.get(`target ${target}`)?.count ?? 0),
);
await queue.close();
await own.close();
await postgres.stop();
farSide.close();
const total = [...calls.values()].reduce((sum, { count }) => sum + count, 0);
const settled = rows.reduce((sum, { times }) => sum + Number(times), 0);
assert.deepEqual(violations.slice(0, 10), []);
assert.equal(size, targets, 'a target is lost');
assert.deepEqual(late, [], 'these were not synced again');
assert.deepEqual(settledMore, [], 'settled more often than called');
assert.ok(slowestTakeOverMs <= TAKE_OVER_MS, `taken over after ${slowestTakeOverMs} ms`);
console.log(
  `torture fleet: ${targets} targets over ${hosts} hosts, ${total} calls, ${settled} settled, at most ${busiest} at once to a host, none twice; ${Object.entries(
    counts,
  )
    .map(([name, count]) => `${name} ${count}`)
    .join(
      ', ',
    )}; slowest take-over ${Math.round(slowestTakeOverMs)} ms; ${Math.round((Date.now() - startMs) / 1000)} s`,
);
