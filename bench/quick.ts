/**
 * What a change costs, in some three minutes: `npm run bench:quick -- [--against COMMIT] [--rounds 3]
 * [--only small,large,memory,bake]`.
 *
 * This checkout as it is and another commit (the last one on `main`, unless named) are built as packages and measured
 * in pairs, each first in turn: small files and a large one to a sink (bench/sink.ts), many files at once, a bake of a
 * generated repository. Figures are of one machine and one moment; the ratios, here ÷ there, are what counts. Rates
 * suffer from whatever else runs; processor time and memory hardly do.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildCommit, buildHere, describeCommit, lastLanded } from './support/builds.ts';
import { startSink } from './support/listeners.ts';
import { machine, measure, median } from './support/measure.ts';
import { cpuMsOf, memoryOf } from './support/processes.ts';
import { deliverFolder } from './support/small-files.ts';
import { type BenchStation, startStation } from './support/station.ts';

const { values } = parseArgs({
  options: {
    against: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: 'small,large,memory,bake' },
    directory: { type: 'string', default: tmpdir() },
  },
});
const rounds = Number(values.rounds);
const parts = values.only.split(',');
const SMALL = { files: 2000, bytes: 4096, patienceMs: 120_000 };
const MANY = { files: 10_000, bytes: 512, patienceMs: 300_000 };
const LARGE_MIB = 512;
const COMMITS = 20_000;

interface Contender {
  readonly label: string;
  /** `bin/sluice.js` of its package. */
  readonly main: string;
  readonly folder: string;
}
type Pair = readonly [here: Contender, there: Contender];
/** What one measurement of one contender gave, by name. */
type Figures = Readonly<Record<string, number>>;

const folder = mkdtempSync(join(values.directory, 'sluice-bench-'));
const sink = await startSink();
try {
  const commit = values.against ?? lastLanded();
  console.log(`${machine()}; this checkout against ${describeCommit(commit)}; ${rounds} rounds`);
  const pair = [
    { label: 'here', main: buildHere(join(folder, 'here')), folder: join(folder, 'here-data') },
    { label: 'there', main: buildCommit(commit, join(folder, 'there')), folder: join(folder, 'there-data') },
  ] as const;
  for (const { folder: data } of pair) mkdirSync(data);
  if (parts.includes('small') || parts.includes('large')) await compareStations(pair);
  if (parts.includes('memory')) await compare('many files at once', pair, 1, many);
  if (parts.includes('bake')) await compareBakes(pair);
} finally {
  await sink.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Small files and large ones, with one station a contender for all rounds. */
async function compareStations(pair: Pair): Promise<void> {
  const stations = new Map<Contender, BenchStation>();
  try {
    for (const one of pair) stations.set(one, await startWarm(one, 'sluice'));
    const of = (one: Contender): BenchStation => stations.get(one) as BenchStation;
    const label = `${SMALL.files} files of ${SMALL.bytes / 1024} KiB`;
    if (parts.includes('small')) await compare(label, pair, rounds, (one, round) => small(of(one), round));
    if (parts.includes('large'))
      await compare(`a file of ${LARGE_MIB} MiB`, pair, rounds, (one, round) => large(of(one), round));
  } finally {
    for (const station of stations.values()) await station.stop();
  }
}

async function small(station: BenchStation, round: number): Promise<Figures> {
  const cpuMs = cpuMsOf(station.pid);
  const { wallMs } = await deliverFolder(station, `round-${round}`, SMALL);
  return {
    'ms an object': wallMs / SMALL.files,
    'µs of processor time an object': ((cpuMsOf(station.pid) - cpuMs) / SMALL.files) * 1000,
    'MiB at most so far': memoryOf(station.pid).peakMib,
  };
}

async function large(station: BenchStation, round: number): Promise<Figures> {
  const staged = join(station.root, 'large.bin');
  const name = `large-${round}.bin`;
  const incoming = join(station.root, 'incoming/cloud/bench');
  mkdirSync(incoming, { recursive: true });
  writeFileSync(staged, Buffer.alloc(LARGE_MIB * 2 ** 20, `round ${round} `));
  const before = station.completed();
  const cpuMs = cpuMsOf(station.pid);
  const startMs = performance.now();
  renameSync(staged, join(incoming, name));
  await station.untilCompleted(before + 1, SMALL.patienceMs);
  const wallMs = performance.now() - startMs;
  rmSync(join(station.root, 'completed/cloud/bench', name));
  const perGib = 1024 / LARGE_MIB;
  return {
    'ms a GiB': wallMs * perGib,
    'ms of processor time a GiB': (cpuMsOf(station.pid) - cpuMs) * perGib,
    'MiB at most so far': memoryOf(station.pid).peakMib,
  };
}

async function many(one: Contender): Promise<Figures> {
  const station = await startWarm(one, 'many');
  try {
    const cpuMs = cpuMsOf(station.pid);
    await deliverFolder(station, 'many', MANY);
    return {
      'µs of processor time a file': ((cpuMsOf(station.pid) - cpuMs) / MANY.files) * 1000,
      'MiB at most': memoryOf(station.pid).peakMib,
    };
  } finally {
    await station.stop();
  }
}

async function compareBakes(pair: Pair): Promise<void> {
  const repository = join(folder, 'repository.git');
  const generator = join(import.meta.dirname, 'generate-repository.ts');
  execFileSync(process.execPath, [generator, repository, '--commits', String(COMMITS)], { stdio: 'inherit' });
  await compare(`clone and bake of ${COMMITS} commits`, pair, rounds, async (one, round) => {
    const place = join(one.folder, `bake-${round}`);
    const options = ['--root', place, '--database', `${place}.db`, 'bake', '--json', repository];
    const { wallMs, cpuMs, peakRssMiB } = await measure(process.execPath, [one.main, ...options]);
    return { ms: wallMs, 'ms of processor time': cpuMs, 'MiB at most': peakRssMiB };
  });
}

/** A station whose modules are compiled: the first start after an installation compiles, for the next ones. */
async function startWarm(one: Contender, name: string): Promise<BenchStation> {
  const options = { folder: join(one.folder, name), server: sink.server, main: one.main };
  await (await startStation(options)).stop();
  return startStation(options);
}

/** Takes turns and prints, figure by figure, the medians of both and of the ratios within each round. */
async function compare(
  what: string,
  [here, there]: Pair,
  times: number,
  take: (one: Contender, round: number) => Promise<Figures>,
): Promise<void> {
  const turns: { readonly here: Figures; readonly there: Figures }[] = [];
  for (let round = 0; round < times; round += 1) {
    const isHereFirst = round % 2 === 0;
    const first = await take(isHereFirst ? here : there, round);
    const second = await take(isHereFirst ? there : here, round);
    turns.push(isHereFirst ? { here: first, there: second } : { here: second, there: first });
  }
  console.log(what);
  for (const name of Object.keys(turns[0]?.here ?? {})) {
    const of = (side: 'here' | 'there'): number[] => turns.map(turn => turn[side][name] ?? Number.NaN);
    const ratio = median(of('here').map((value, index) => value / (of('there')[index] ?? Number.NaN)));
    const shown = (side: 'here' | 'there'): string => String(Number(median(of(side)).toPrecision(3)));
    console.log(
      `  ${name.padEnd(32)} ${ratio.toFixed(2)} ×   ${shown('here')} here, ${shown('there')} there`,
    );
  }
}
