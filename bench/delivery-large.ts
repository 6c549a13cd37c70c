/**
 * One large file from `incoming` to `completed` against `curl -T` with the same file and sink:
 * `node bench/delivery-large.ts [--gib 4] [--rounds 3] [--directory DIR]`.
 *
 * sluice is a running station (`sluice up`, defaults: parts of 8 MiB with CRC32 trailers, four at once, each part on
 * record); its time runs from the file's rename into `incoming` to the record `completed`. The sink (bench/sink.ts)
 * throws bodies away, so this is about the wire. They take turns; the ratio is the median over the rounds. Ends with 0
 * when both targets were met, else 1.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startSink } from './support/listeners.ts';
import { machine, measure, median } from './support/measure.ts';
import { cpuMsOf, memoryOf } from './support/processes.ts';
import { startStation } from './support/station.ts';

const { values } = parseArgs({
  options: {
    gib: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    directory: { type: 'string', default: tmpdir() },
  },
});
const bytes = Number(values.gib) * 2 ** 30;
const rounds = Number(values.rounds);
const BLOCK_BYTES = 32 * 2 ** 20;
const PATIENCE_MS = 600_000;
const TARGET_RATIO = 0.9;
const TARGET_MIB = 150;

function fill(path: string): void {
  const block = randomBytes(BLOCK_BYTES);
  const descriptor = openSync(path, 'w');
  for (let written = 0; written < bytes; written += block.length)
    writeSync(descriptor, block, 0, Math.min(block.length, bytes - written));
  fsyncSync(descriptor);
  closeSync(descriptor);
}

const folder = mkdtempSync(join(values.directory, 'sluice-bench-'));
const sink = await startSink();
const options = { folder: join(folder, 'sluice'), server: sink.server };
// The first start after an installation compiles, and keeps what it compiled for the next.
await (await startStation(options)).stop();
const station = await startStation(options);
try {
  const staged = join(station.root, 'large.bin');
  const incoming = join(station.root, 'incoming/cloud/bench');
  mkdirSync(incoming, { recursive: true });
  fill(staged);
  console.log(`${machine()}; one file of ${values.gib} GiB, ${rounds} rounds`);
  console.log(`station at rest: ${memoryOf(station.pid).nowMib.toFixed(0)} MiB`);
  const rate = (wallMs: number): string => `${(bytes / 2 ** 20 / (wallMs / 1000)).toFixed(0)} MiB/s`;
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const curl = async (): Promise<number> =>
      (await measure('curl', ['-sS', '-f', '-T', staged, `${sink.server.endpoint}/bench/curl`])).wallMs;
    const sluice = async (): Promise<number> => {
      const startMs = performance.now();
      renameSync(staged, join(incoming, 'large.bin'));
      await station.untilCompleted(round + 1, PATIENCE_MS);
      const wallMs = performance.now() - startMs;
      renameSync(join(station.root, 'completed/cloud/bench/large.bin'), staged);
      return wallMs;
    };
    const cpuMs = cpuMsOf(station.pid);
    // Each goes first in turn.
    const first = round % 2 === 0 ? await curl() : await sluice();
    const second = round % 2 === 0 ? await sluice() : await curl();
    const [curlMs, sluiceMs] = round % 2 === 0 ? [first, second] : [second, first];
    ratios.push(curlMs / sluiceMs);
    const cpuPerGib = (cpuMsOf(station.pid) - cpuMs) / Number(values.gib);
    console.log(
      `round ${round + 1}: curl ${rate(curlMs)}, sluice ${rate(sluiceMs)} (${cpuPerGib.toFixed(0)} ms of processor time a GiB), ratio ${(curlMs / sluiceMs).toFixed(2)}`,
    );
  }
  const ratio = median(ratios);
  const { peakMib } = memoryOf(station.pid);
  const isMet = ratio >= TARGET_RATIO && peakMib <= TARGET_MIB;
  console.log(
    `delivery-large: ${ratio.toFixed(2)} × curl (target ${TARGET_RATIO}), peak memory of the station ${peakMib.toFixed(0)} MiB (target ${TARGET_MIB}): ${isMet ? 'met' : 'NOT met'}`,
  );
  process.exitCode = isMet ? 0 : 1;
} finally {
  await station.stop();
  await sink.stop();
  rmSync(folder, { recursive: true, force: true });
}
