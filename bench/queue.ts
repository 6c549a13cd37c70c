/**
 * The work queue on Postgres: `npm run bench:queue [-- --jobs 4000] [--only NAME]`. A server of its own with the settings
 * of a real one (fsync on), stations as processes. Prints a line a figure:
 *
 *  - `single`, `batches` and `again`, by 1 and 3 stations: jobs a second through dispatch, claim and settlement, one by one
 *    with sixteen under way in each station, and in batches of twenty, after which targets are gone, or due again in an hour
 *  - `next`: the question what is next, and a whole dispatch of a hundred, of a million targets
 *  - `idle`: the server's processor time while three stations wait for the next of 100 000 targets
 *  - `take-over`: from kill -9 until another station has what was held
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/base/clock.ts';
import { silentLogger } from '../src/base/log.ts';
import { systemRandom } from '../src/base/random.ts';
import { PgBossWorkQueue } from '../src/engine/queue/pg-boss/pg-boss-work-queue.ts';
import { newWorkerId } from '../src/engine/queue/worker-id.ts';
import { SYNC_RETRY } from '../src/engine/retry.ts';
import { Workers } from '../src/engine/workers.ts';
import { PostgresDatabase } from '../src/keep/postgres/database.ts';
import { killAtExit } from '../test/support/left-behind.ts';
import { addressIn } from '../test/support/postgres/postgres.ts';
import { PostgresServer } from '../test/support/postgres/server.ts';

const TICKS_PER_SECOND = 100;

const [role, ...rest] = process.argv.slice(2);
if (role === 'station') await station(rest);
else await bench();

async function connect(url: string, name: string): Promise<PgBossWorkQueue> {
  const database = await PostgresDatabase.open({ url, clock: systemClock, env: {} });
  return PgBossWorkQueue.open({
    ...{ database, clock: systemClock, log: silentLogger, station: name },
    isWorkerGone: () => false,
    applyChanges: async () => undefined,
  });
}

/** A station of the bench: `station URL NAME MODE`. Says `ready`, begins at a line of its input, says `done COUNT`. */
async function station([url = '', name = '', mode = '']: string[]): Promise<void> {
  const queue = await connect(url, name);
  const input = createInterface({ input: process.stdin });
  const begin = once(input, 'line');
  process.stdout.write('ready\n');
  await begin;
  if (mode === 'batches' || mode === 'again') {
    let done = 0;
    const worker = newWorkerId();
    for (;;) {
      const claims = await queue.claim({
        worker,
        kinds: ['sync'],
        max: 20,
        perGroup: 2,
        leaseMs: queue.leaseMs,
      });
      if (claims.length === 0 && (await queue.counts()).due === 0) break;
      const nextAtMs = mode === 'again' ? Date.now() + 3_600_000 : null;
      await Promise.all(claims.map(claim => queue.complete(claim, { nextAtMs })));
      done += claims.length;
    }
    process.stdout.write(`done ${done}\n`);
    return process.exit(0);
  }
  let done = 0;
  const workers = new Workers({
    ...{ name, queue, clock: systemClock, random: systemRandom, log: silentLogger },
    concurrency: mode === 'hold' ? 50 : 16,
    perGroup: 2,
    handlers: new Map([
      [
        'sync',
        {
          retry: SYNC_RETRY,
          async run() {
            if (mode === 'hold') await new Promise(() => undefined);
            return { nextAtMs: null };
          },
        },
      ],
    ]),
    onEnd: () => {
      done += 1;
    },
  });
  await workers.start();
  if (mode !== 'single') return;
  while ((await queue.counts()).size > 0) await pause(20);
  process.stdout.write(`done ${done}\n`);
  process.exit(0);
}

async function bench(): Promise<void> {
  const { values } = parseArgs({
    options: { jobs: { type: 'string', default: '4000' }, only: { type: 'string' } },
  });
  const jobs = Number(values.jobs);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-queue-'));
  const settings = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on', autovacuum: 'on' };
  const server = await PostgresServer.make(folder, settings);
  await server.start();
  process.on('exit', () => {
    server.killNow();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const { url } = addressIn(server);
  const own = await connect(url, 'onlooker');
  const database = await PostgresDatabase.open({ url, clock: systemClock, env: {} });
  const fill = async (count: number, hosts: number, at: string): Promise<void> => {
    await database.run(`
      DELETE FROM targets;
      INSERT INTO targets (key, kind, work_group, priority, run_at_ms, reason)
      SELECT 'target ' || n, 'sync', 'host ' || n % ${hosts}, 0, ${at}, 'bench' FROM generate_series(1, ${count}) n`);
    await database.run('VACUUM ANALYZE targets');
  };
  const wanted = (name: string): boolean => values.only === undefined || values.only === name;

  for (const mode of ['single', 'batches', 'again'].filter(wanted)) {
    for (const stations of [1, 3]) {
      await fill(jobs, 2000, `${Date.now()} - n`);
      const fleet = Array.from({ length: stations }, (_, index) => startStation(url, `s${index}`, mode));
      await Promise.all(fleet.map(each => each.says('ready')));
      const startMs = performance.now();
      const cpu = cpuOf(folder);
      for (const each of fleet) each.child.stdin?.write('go\n');
      await Promise.all(fleet.map(each => each.says('done')));
      const seconds = (performance.now() - startMs) / 1000;
      const used = ((cpuOf(folder) - cpu) / jobs) * 1000;
      console.log(
        `${mode}, ${stations} station(s): ${Math.round(jobs / seconds)} jobs/s (${used.toFixed(2)} ms of the server's processor time a job)`,
      );
    }
  }

  if (wanted('next')) {
    await fill(1_000_000, 2000, `${Date.now()} + 3600000 + n`);
    const nextMs = await times(200, () => own.nextDueAt({ afterMs: Date.now() }));
    const idleMs = await times(200, () => own.claim({ worker: 'w', max: 100, perGroup: 2, leaseMs: 15_000 }));
    console.log(
      `next due of 1 000 000: median ${nextMs.toFixed(2)} ms; a claim that finds nothing: ${idleMs.toFixed(2)} ms`,
    );
    await database.run(`UPDATE targets SET run_at_ms = ${Date.now()} - 1 WHERE key < 'target 2'`);
    await database.run('VACUUM ANALYZE targets');
    const claimMs = await times(20, async () => {
      const claims = await own.claim({ worker: 'w', max: 100, perGroup: 20, leaseMs: 15_000 });
      if (claims.length !== 100) throw new Error(`${claims.length} claims`);
    });
    console.log(`dispatch and claim of 100 of 1 000 000: median ${claimMs.toFixed(1)} ms`);
  }

  if (wanted('idle')) {
    await fill(100_000, 2000, `${Date.now()} + 3600000 + n`);
    const fleet = ['a', 'b', 'c'].map(name => startStation(url, name, 'idle'));
    await Promise.all(fleet.map(each => each.says('ready')));
    for (const each of fleet) each.child.stdin?.write('go\n');
    await pause(5000);
    const before = cpuOf(folder);
    const seconds = 60;
    await pause(seconds * 1000);
    console.log(
      `idle, 3 stations, 100 000 targets: the server takes ${(((cpuOf(folder) - before) / seconds) * 100).toFixed(2)} % of a core`,
    );
    for (const each of fleet) each.child.kill('SIGKILL');
  }

  if (wanted('take-over')) {
    await fill(50, 50, `${Date.now()} - n`);
    const killed = startStation(url, 'killed', 'hold');
    await killed.says('ready');
    killed.child.stdin?.write('go\n');
    while ((await own.counts()).running < 50) await pause(50);
    const heir = startStation(url, 'heir', 'single');
    await heir.says('ready');
    heir.child.stdin?.write('go\n');
    killed.child.kill('SIGKILL');
    const startMs = performance.now();
    await heir.says('done');
    console.log(`take-over of 50 after kill -9: ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  }
  await own.close();
  await database.close();
  await server.stop();
  process.exit(0);
}

function startStation(
  url: string,
  name: string,
  mode: string,
): { child: ChildProcess; says(word: string): Promise<string> } {
  const args = [import.meta.filename, 'station', url, name, mode];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  killAtExit(child);
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  reader.on('line', line => lines.push(line));
  return {
    child,
    async says(word) {
      for (;;) {
        const found = lines.find(line => line.startsWith(word));
        if (found !== undefined) return found;
        await once(reader, 'line');
      }
    },
  };
}

async function times(count: number, act: () => Promise<unknown>): Promise<number> {
  const measured: number[] = [];
  for (let run = 0; run < count; run += 1) {
    const startMs = performance.now();
    await act();
    measured.push(performance.now() - startMs);
  }
  return measured.sort((one, other) => one - other)[Math.floor(count / 2)] ?? 0;
}

/** Seconds of processor time of all processes of the server in a folder, those that have ended included. */
function cpuOf(folder: string): number {
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      if (!readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)) continue;
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      ticks += Number(fields[11]) + Number(fields[12]);
      // Of the postmaster: its children that have ended.
      if (readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('-D'))
        ticks += Number(fields[13]) + Number(fields[14]);
    } catch {
      // It has ended.
    }
  }
  return ticks / TICKS_PER_SECOND;
}
