/**
 * Torture of a fleet: `npm run torture:fleet [-- --short] [--seconds 600] [--targets 10000] [--hosts 40]
 * [--repositories 12] [--seed 1]`. Three stations work off one queue on a Postgres, through a proxy each, while they are
 * killed (kill -9), stopped for longer than a lease (SIGSTOP), cut off from Postgres, and Postgres itself is restarted and
 * killed. Each is two processes that meet the same fate: one whose work is a call to a far side that sees everything, and a
 * whole station that gathers git repositories, which grow and are force-pushed meanwhile. Exits 1 when a target runs twice
 * at once or a host gets more calls at once than its limit, as the far side sees it; when a target is lost, or not synced
 * again once all is calm; when something was settled twice for one call; when the work of a killed station is not called
 * for by another within 30 s, as the far side sees it; or when in the end what is stored of a repository, its commits and
 * what is counted of them, is not what git says.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { seededRandom } from '../../src/base/random.ts';
import { PgBossWorkQueue } from '../../src/engine/queue/pg-boss/pg-boss-work-queue.ts';
import { PostgresDatabase } from '../../src/keep/postgres/database.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { FleetRepositories } from '../support/fleet-repositories.ts';
import { killAtExit } from '../support/left-behind.ts';
import { addressIn } from '../support/postgres/postgres.ts';
import { PostgresServer } from '../support/postgres/server.ts';
import { MAIN } from '../support/sluice.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    targets: { type: 'string' },
    hosts: { type: 'string', default: '40' },
    repositories: { type: 'string' },
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
const repositoryCount = Number(values.repositories ?? (values.short ? 4 : 12));
/** How often a repository is looked at that changes lately, and one that does not. */
const SCHEDULE = { minInterval: '5s', maxInterval: '20s' };
const STORED_WITHIN_MS = 120_000;
const CHANGE_EVERY_MS = 2000;
const RESTARTED_AFTER_MS = 1000;
/** Once all is calm, each target has its turn before all together have had theirs so often. */
const ROUNDS = 3;
const random = seededRandom(Number(values.seed));
console.log(`torture fleet: seed ${values.seed}`);

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
/** The server's own, whose user no station would trust with its folders. */
const inPostgres = mkdtempSync(join(tmpdir(), 'sluice-torture-postgres-'));
const postgres = await PostgresServer.make(inPostgres, { synchronous_commit: 'on', full_page_writes: 'on' });
await postgres.start();
process.on('exit', () => {
  postgres.killNow();
  for (const path of [inPostgres, folder]) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
});
farSide.listen(0, '127.0.0.1');
await new Promise(resolve => farSide.once('listening', resolve));
const farUrl = `http://127.0.0.1:${(farSide.address() as AddressInfo).port}`;
const address = addressIn(postgres);
const cleanUps: (() => unknown)[] = [];
const own = await PostgresDatabase.open({ url: address.url, clock: systemClock, env: {} });
const queue = await PgBossWorkQueue.open({
  ...{ database: own, clock: systemClock, log: silentLogger, station: 'onlooker' },
  isWorkerGone: () => false,
  applyChanges: async () => undefined,
});
const repositories = await FleetRepositories.start(
  { after: clean => cleanUps.push(clean as () => unknown) },
  { folder: join(folder, 'remotes'), count: repositoryCount, random },
);
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

function totalCalls(): number {
  return [...calls.values()].reduce((sum, { count }) => sum + count, 0);
}

/** Whether anybody calls at all any more. */
async function anotherCall(): Promise<boolean> {
  const before = totalCalls();
  const sinceMs = Date.now();
  while (totalCalls() === before && Date.now() - sinceMs < TAKE_OVER_MS + everyMs) await pause(20);
  return totalCalls() > before;
}

/** Claims that a killed process held when it died: the far side has to hear of each key again. */
interface Held {
  readonly keys: readonly string[];
  readonly killedMs: number;
}

/** A worker and a whole station beside it, in processes that meet the same fate. */
class Station {
  readonly name: string;
  #worker: ChildProcess | undefined;
  #gatherer: ChildProcess | undefined;
  #proxy: Awaited<ReturnType<typeof startFaultProxy>> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  async start(): Promise<void> {
    this.#proxy ??= await startFaultProxy(`http://127.0.0.1:${postgres.port}`, () => ({ kind: 'none' }));
    const url = address.tcpUrl(Number(new URL(this.#proxy.endpoint).port));
    const script = join(import.meta.dirname, '../support/fleet-process.ts');
    const args = [script, url, farUrl, this.name, String(everyMs), String(PER_HOST)];
    this.#worker = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    killAtExit(this.#worker);
    this.#startGatherer(url);
  }

  /** One that ends by itself is started again, as a service manager does. */
  #startGatherer(store: string): void {
    const cwd = join(folder, this.name);
    mkdirSync(cwd, { recursive: true });
    const settings = {
      ...{ repos: repositories.urls, schedule: SCHEDULE, store: '${STORE}' },
      git: { allowPrivateAddresses: true },
    };
    writeFileSync(join(cwd, 'sluice.yaml'), JSON.stringify(settings));
    const log = openSync(join(cwd, 'log'), 'a');
    const gatherer = spawn(process.execPath, [MAIN, 'up', '--port', '0'], {
      ...{ cwd, env: { ...process.env, STORE: store }, stdio: ['ignore', log, log] },
    });
    closeSync(log);
    this.#gatherer = gatherer;
    killAtExit(gatherer);
    gatherer.once('close', async code => {
      await pause(RESTARTED_AFTER_MS);
      if (code !== null && this.#gatherer === gatherer) this.#startGatherer(store);
    });
  }

  /** The end of the whole station's log. */
  lastWords(): string {
    return readFileSync(join(folder, this.name, 'log'), 'utf8').slice(-3000);
  }

  async kill(): Promise<Held> {
    const [worker, gatherer] = [this.#worker, this.#gatherer];
    this.#gatherer = undefined;
    await Promise.all([worker, gatherer].map(end));
    const killedMs = Date.now();
    return { keys: await claimedBy(worker?.pid, this.name), killedMs };
  }

  async standStill(ms: number): Promise<void> {
    const children = [this.#worker, this.#gatherer];
    for (const child of children) child?.kill('SIGSTOP');
    await pause(ms);
    for (const child of children) child?.kill('SIGCONT');
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

async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise(resolve => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;
}

/**
 * Keys that a process has claims on that has died. What it had settled just before is on its way to the server until its
 * last connection there has ended, and is nobody's business any more then.
 */
async function claimedBy(pid: number | undefined, station: string): Promise<string[]> {
  const connected = 'SELECT FROM pg_stat_activity WHERE application_name = $1 LIMIT 1';
  while (await own.first(connected, [station])) await pause(20);
  const items = await queue.running(1000);
  return items.filter(({ claimedBy: by }) => by?.worker.startsWith(`${pid}:`)).map(({ key }) => key);
}

const fleet = STATIONS.map(name => new Station(name));
for (const station of fleet) await station.start();

const counts: Record<string, number> = {};
let slowestTakeOverMs = 0;
let takenOver = 0;
const takeOvers: Promise<void>[] = [];

/** Watches that what a killed station held is called for again by another in time. */
async function watchTakeOver({ keys, killedMs }: Held): Promise<void> {
  for (const key of keys) {
    while ((calls.get(key)?.lastAtMs ?? 0) <= killedMs) {
      await pause(100);
      if (Date.now() - killedMs > 2 * TAKE_OVER_MS) break;
    }
    const tookMs = Math.min(calls.get(key)?.lastAtMs ?? 0, Date.now()) - killedMs;
    takenOver += 1;
    slowestTakeOverMs = Math.max(slowestTakeOverMs, tookMs > 0 ? tookMs : 2 * TAKE_OVER_MS);
  }
}

const faults: Record<string, (station: Station) => Promise<void>> = {
  async kill(station) {
    takeOvers.push(watchTakeOver(await station.kill()));
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

const growing = setInterval(() => repositories.change(), CHANGE_EVERY_MS);
await trouble();
clearInterval(growing);
await Promise.all(takeOvers);
const calledBefore = new Map([...calls].map(([key, { count }]) => [key, count]));
const callsBefore = totalCalls();
const isSynced = (index: number): boolean =>
  (calls.get(`target ${index}`)?.count ?? 0) > (calledBefore.get(`target ${index}`) ?? 0);
const all = Array.from({ length: targets }, (_, index) => index);
// By rounds of all targets, not by the clock: how many calls a second there are is the machine's business.
let waiting = all.filter(index => !isSynced(index));
while (waiting.length > 0 && totalCalls() - callsBefore < ROUNDS * targets && (await anotherCall())) {
  await pause(100);
  waiting = waiting.filter(index => !isSynced(index));
}
const late = waiting;
const calmMs = Date.now();
let differences = await repositories.differences(own);
while (differences.length > 0 && Date.now() - calmMs < STORED_WITHIN_MS) {
  await pause(1000);
  differences = await repositories.differences(own);
}
if (differences.length > 0) for (const station of fleet) console.error(station.lastWords());
const bakes = Number((await own.first("SELECT count(*) AS runs FROM runs WHERE state = 'done'"))?.runs);
await Promise.all(fleet.map(station => station.end()));

const size = Number((await own.first("SELECT count(*) AS size FROM targets WHERE kind = 'sync'"))?.size);
const rows = await own.query('SELECT target, count(*) AS times FROM settled GROUP BY target');
const settledMore = rows.filter(
  ({ target, times }) => Number(times) > (calls.get(`target ${target}`)?.count ?? 0),
);
await queue.close();
await own.close();
await postgres.stop();
farSide.close();
for (const clean of cleanUps) await clean();
const total = totalCalls();
const settled = rows.reduce((sum, { times }) => sum + Number(times), 0);
assert.deepEqual(violations.slice(0, 10), []);
assert.equal(size, targets, 'a target is lost');
assert.deepEqual(late.slice(0, 10), [], `${late.length} were not synced again within ${ROUNDS} rounds`);
assert.deepEqual(differences.slice(0, 10), [], 'what is stored is not what git says');
assert.deepEqual(settledMore, [], 'settled more often than called');
assert.ok(slowestTakeOverMs <= TAKE_OVER_MS, `taken over after ${slowestTakeOverMs} ms`);
console.log(
  `torture fleet: ${targets} targets over ${hosts} hosts, ${total} calls, ${settled} settled, at most ${busiest} at once to a host, none twice; ${Object.entries(
    counts,
  )
    .map(([name, count]) => `${name} ${count}`)
    .join(
      ', ',
    )}; ${takenOver} taken over, the slowest after ${Math.round(slowestTakeOverMs)} ms; ${repositories.urls.length} repositories equal to git's after ${repositories.changes} changes and ${bakes} bakes; ${Math.round((Date.now() - startMs) / 1000)} s`,
);
