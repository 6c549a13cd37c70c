/**
 * From close(2) of a small file to its object being complete, with a station otherwise idle:
 * `node bench/delivery-latency.ts [--files 300] [--bytes 4096] [--every 50] [--verify head]`.
 *
 * A file is written straight into `incoming` every so many milliseconds. The server (versitygw, data in memory, a
 * process of its own) makes an object visible by linking it into place, which is noticed by watching its folder: that
 * is the end of the time taken, so the watching is part of it. Ends with 0 when both targets were met, else 1.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startGateway } from './support/gateway.ts';
import { machine, quantile } from './support/measure.ts';
import { startStation } from './support/station.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '300' },
    bytes: { type: 'string', default: '4096' },
    every: { type: 'string', default: '50' },
    verify: { type: 'string', default: 'head' },
    directory: { type: 'string', default: tmpdir() },
  },
});
const files = Number(values.files);
const PATIENCE_MS = 60_000;
const BUCKET = 'bench';
/** The first ones warm up code and connections. */
const WARM_UP = 20;
const TARGET_P50_MS = 30;
const TARGET_P99_MS = 150;

const sleep = (ms: number): Promise<void> => new Promise(wake => setTimeout(wake, ms));

const folder = mkdtempSync(join(values.directory, 'sluice-bench-'));
const gateway = await startGateway();
await gateway.createBucket(BUCKET);
const station = await startStation({
  folder: join(folder, 'sluice'),
  server: gateway.server,
  deliver: [`verify: ${values.verify}`],
});
const closedAtMs = new Map<string, number>();
const delaysMs: number[] = [];
const watcher = watch(join(gateway.folder, 'data', BUCKET), (_event, name) => {
  const closedMs = closedAtMs.get(name ?? '');
  if (closedMs === undefined) return;
  closedAtMs.delete(name ?? '');
  delaysMs.push(performance.now() - closedMs);
});
try {
  const incoming = join(station.root, 'incoming/cloud', BUCKET);
  mkdirSync(incoming, { recursive: true });
  await sleep(500);
  for (let number = 0; number < WARM_UP + files; number += 1) {
    const body = randomBytes(Number(values.bytes));
    // By its return the file is closed, at most some microseconds before.
    writeFileSync(join(incoming, `${number}.bin`), body);
    if (number >= WARM_UP) closedAtMs.set(`${number}.bin`, performance.now());
    await sleep(Number(values.every));
  }
  await station.untilCompleted(WARM_UP + files, PATIENCE_MS);
  const { objects } = await gateway.count(BUCKET);
  if (objects !== WARM_UP + files || delaysMs.length !== files)
    throw new Error(`${objects} objects, ${delaysMs.length} seen of ${files}`);
  const [p50, p99, longest] = [0.5, 0.99, 1].map(share => quantile(delaysMs, share));
  const isMet = (p50 ?? 0) <= TARGET_P50_MS && (p99 ?? 0) <= TARGET_P99_MS;
  console.log(
    `${machine()}; ${gateway.server.name}; ${files} files of ${values.bytes} bytes, one every ${values.every} ms`,
  );
  console.log(
    `delivery-latency: p50 ${p50?.toFixed(1)} ms (target ${TARGET_P50_MS}), p99 ${p99?.toFixed(1)} ms (target ${TARGET_P99_MS}), longest ${longest?.toFixed(1)} ms: ${isMet ? 'met' : 'NOT met'}`,
  );
  process.exitCode = isMet ? 0 : 1;
} finally {
  watcher.close();
  await station.stop();
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
}
