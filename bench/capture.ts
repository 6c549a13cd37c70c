/**
 * What capture costs, each run in a station of its own (docs/benchmarks.md): `node bench/capture.ts [--seconds 60]
 * [--only NAME] [--telegraf PROGRAM]`.
 *
 *   many   100 collectors at 10 Hz from files: CPU, peak memory, missed ticks; before it the same job in Telegraf, where there
 *          is one (bench/peers/telegraf.sh builds it)
 *   fast   1 collector at 1 kHz from a file: ticks taken, drift
 *   burst  10 collectors at 10 Hz while 20 000 small files are delivered: readings lost
 *
 * Ends with one line, and with 0 when every target was met, else 1.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { cpuMsOf, memoryOf } from './support/processes.ts';
import { runTelegraf } from './support/telegraf.ts';
import { startUp } from './support/up.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    only: { type: 'string' },
    telegraf: { type: 'string' },
  },
});
const SECONDS = Number(values.seconds);

interface CollectorStatus {
  readonly name: string;
  readonly readings: number;
  readonly missed: number;
  readonly errors: number;
  readonly latestByMs: number;
}

interface Station {
  readonly url: string;
  readonly folder: string;
  cpuS(): number;
  peakMiB(): number;
  collectors(): Promise<CollectorStatus[]>;
  stop(): Promise<void>;
}

async function startStation(collectors: readonly object[], settings = ''): Promise<Station> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  writeFileSync(join(folder, 'value'), '42.5\n');
  writeFileSync(join(folder, 'sluice.yaml'), `${settings}\ncapture: ${JSON.stringify({ collectors })}\n`);
  const { url, pid, stop } = await startUp([], {
    cwd: folder,
    env: { HOME: folder, SLUICE_LOG_LEVEL: 'warn' },
  });
  return {
    url,
    folder,
    cpuS: () => cpuMsOf(pid) / 1000,
    peakMiB: () => memoryOf(pid).peakMib,
    async collectors() {
      const answer = await fetch(`${url}/api/v1/capture`);
      return ((await answer.json()) as { collectors: CollectorStatus[] }).collectors;
    },
    async stop() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const sleep = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms));

function collector(index: number, every: string): object {
  return { name: `c${String(index).padStart(3, '0')}`, every, file: 'value', to: 's3://local/outbox/bench' };
}

interface Measured {
  readonly cpuPercent: number;
  readonly peakMiB: number;
  readonly readings: number;
  readonly missed: number;
  readonly errors: number;
  readonly latestByMs: number;
  readonly seconds: number;
}

/** Between two looks, so that the start does not count. */
async function measure(station: Station, during: () => Promise<void>): Promise<Measured> {
  await sleep(3_000);
  const before = { cpuS: station.cpuS(), at: performance.now(), collectors: await station.collectors() };
  await during();
  const seconds = (performance.now() - before.at) / 1000;
  const cpuPercent = ((station.cpuS() - before.cpuS) / seconds) * 100;
  const after = await station.collectors();
  const sum = (of: (one: CollectorStatus) => number): number =>
    after.reduce((total, one) => total + of(one), 0) -
    before.collectors.reduce((total, one) => total + of(one), 0);
  return {
    cpuPercent,
    seconds,
    peakMiB: station.peakMiB(),
    readings: sum(one => one.readings),
    missed: sum(one => one.missed),
    errors: sum(one => one.errors),
    latestByMs: Math.max(...after.map(one => one.latestByMs)),
  };
}

/** Telegraf's figures first, so that both run alone. */
async function many(): Promise<string> {
  const telegraf = await runPeer();
  const peer = (ownUs: number): string =>
    telegraf === undefined
      ? ', no Telegraf to compare with'
      : `; Telegraf ${telegraf.cpuPercent.toFixed(1)} %, ${telegraf.peakMib.toFixed(0)} MiB, ${telegraf.readings} readings, ${telegraf.perReadingUs.toFixed(0)} µs a reading: ratio ${(ownUs / telegraf.perReadingUs).toFixed(2)}`;
  const station = await startStation(Array.from({ length: 100 }, (_, index) => collector(index, '100ms')));
  try {
    const { cpuPercent, peakMiB, readings, missed, latestByMs, seconds } = await measure(station, () =>
      sleep(SECONDS * 1000),
    );
    const perReadingUs = (cpuPercent * 10_000 * seconds) / readings;
    met(cpuPercent <= 10 && peakMiB <= 150 && missed === 0);
    return `100 at 10 Hz: ${cpuPercent.toFixed(1)} % of a core (target 10), ${peakMiB.toFixed(0)} MiB at most (target 150), ${readings} readings, ${missed} missed (target 0), latest by ${latestByMs.toFixed(1)} ms, ${perReadingUs.toFixed(0)} µs a reading${peer(perReadingUs)}`;
  } finally {
    await station.stop();
  }
}

async function runPeer() {
  const program = values.telegraf ?? findTelegraf();
  if (program === undefined) return undefined;
  const figures = await runTelegraf(program, 100, SECONDS);
  return { ...figures, perReadingUs: (figures.cpuPercent * 10_000 * SECONDS) / figures.readings };
}

function findTelegraf(): string | undefined {
  const folders = [tmpdir(), ...(process.env.PATH ?? '').split(':')];
  return folders
    .map(folder => join(folder, 'telegraf'))
    .find(path => statSync(path, { throwIfNoEntry: false })?.isFile());
}

async function fast(): Promise<string> {
  const station = await startStation([collector(0, '1ms')]);
  try {
    const { cpuPercent, readings, missed, seconds } = await measure(station, () => sleep(SECONDS * 1000));
    const share = (readings / (readings + missed)) * 100;
    // Ticks are counted from the start: were there drift, their sum would fall behind the clock.
    const driftMs = seconds * 1000 - (readings + missed);
    met(share >= 99 && Math.abs(driftMs) < 100);
    return `1 at 1 kHz: ${share.toFixed(2)} % of ticks (target 99), drift ${driftMs.toFixed(0)} ms in ${seconds.toFixed(0)} s, ${cpuPercent.toFixed(1)} % of a core`;
  } finally {
    await station.stop();
  }
}

const BURST = 20_000;

async function burst(): Promise<string> {
  const station = await startStation(Array.from({ length: 10 }, (_, index) => collector(index, '100ms')));
  try {
    const database = join(station.folder, 'sluice.db');
    const inbox = join(station.folder, 'station/incoming/local/outbox/burst');
    const { readings, missed, errors, seconds } = await measure(station, async () => {
      mkdirSync(inbox, { recursive: true });
      for (let index = 0; index < BURST; index += 1)
        writeFileSync(join(inbox, `f${index}`), `content ${index}`);
      const known = new DatabaseSync(database, { readOnly: true, timeout: 10_000 });
      const count = known.prepare(
        "SELECT count(*) AS n FROM file_records WHERE current_state = 'completed' AND filepath LIKE 'burst/%'",
      );
      while (Number(count.get()?.n) < BURST) await sleep(250);
      known.close();
    });
    const onDisk = await settled(station, database);
    met(onDisk.lost === 0);
    return `burst of ${BURST} deliveries (${seconds.toFixed(0)} s): ${readings} readings, ${missed} missed, ${errors} errors, ${onDisk.lost} lost of ${onDisk.all}`;
  } finally {
    await station.stop();
  }
}

/** Readings counted by the collectors against those in delivered files, after everything is complete. */
async function settled(station: Station, database: string): Promise<{ all: number; lost: number }> {
  const before = (await station.collectors()).reduce((sum, one) => sum + one.readings, 0);
  await fetch(`${station.url}/api/v1/deliveries/sync`, { method: 'POST' });
  const known = new DatabaseSync(database, { readOnly: true, timeout: 10_000 });
  const inRows = Number(known.prepare('SELECT sum(readings) AS n FROM capture_files').get()?.n);
  known.close();
  const delivered = join(station.folder, 'station/delivered/outbox/bench');
  const inFiles = readdirSync(delivered, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce(
      (sum, entry) => sum + readFileSync(join(entry.parentPath, entry.name), 'latin1').split('\n').length - 1,
      0,
    );
  // Rows may know files that are on their way; files can never have more than the rows say.
  return { all: inRows, lost: Math.max(0, before - inRows) + Math.max(0, inRows - inFiles) };
}

/** Notes whether a target was met. */
function met(isMet: boolean): void {
  if (!isMet) process.exitCode = 1;
}

const RUNS = { many, fast, burst };
const lines: string[] = [];
for (const [name, run] of Object.entries(RUNS)) {
  if (values.only !== undefined && values.only !== name) continue;
  lines.push(await run());
  console.log(lines.at(-1));
}
console.log(`bench capture: ${lines.join('; ')}: ${process.exitCode === 1 ? 'NOT met' : 'met'}`);
