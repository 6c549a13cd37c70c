/**
 * Torture of the watch: `node test/torture/watch.ts [files]`. Another process makes files in every way there is, while
 * the main thread here is busy most of the time and the kernel's queue is made to overflow. Half of the files are moved
 * away at once by the consumer. Ends with one line and exits 1 unless nothing was missed, early or reported twice.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import type { Arrival } from '../../src/deliver/intake/watch/watch.ts';
import { watchAtStationPace } from '../support/arrivals.ts';

const files = Number(process.argv[2] ?? 20_000);
/** Longer than this without a new arrival: what has not come is missed. */
const PATIENCE_MS = 20_000;

const base = mkdtempSync(join(tmpdir(), 'sluice-torture-'));
const [root, outside, taken] = ['root', 'outside', 'taken'].map(name => join(base, name)) as [
  string,
  string,
  string,
];
for (const directory of [root, outside, taken]) mkdirSync(directory);

const timesReported = new Map<string, number>();
let early = 0;
const via: Record<Arrival['via'], number> = { event: 0, scan: 0, sweep: 0 };
let lastNewsMs = performance.now();

function take(arrivals: readonly Arrival[]): void {
  lastNewsMs = performance.now();
  for (const arrival of arrivals) {
    const name = basename(arrival.path);
    const [, number = '', bytes = ''] = /^f(\d+)-(\d+)$/.exec(name) ?? [];
    timesReported.set(number, (timesReported.get(number) ?? 0) + 1);
    via[arrival.via] += 1;
    if (arrival.size !== Number(bytes)) {
      early += 1;
      console.log(`early: ${name}, ${arrival.size} bytes of ${bytes}, via ${arrival.via}`);
    }
    if (Number(number) % 2 === 0) renameSync(arrival.path, join(taken, name));
  }
}

function blockMainThread(): void {
  for (const endMs = performance.now() + 300; performance.now() < endMs; );
}

async function allReported(): Promise<void> {
  while (timesReported.size < files && performance.now() - lastNewsMs < PATIENCE_MS) {
    await systemClock.sleep(100);
  }
}

const watch = watchAtStationPace(root, {
  onArrival: take,
  onTrouble: trouble => console.log(`trouble: ${trouble.message}`),
});
const writer = fork(join(import.meta.dirname, 'watch-writer.ts'), [root, outside]);

async function make(first: number, last: number): Promise<void> {
  writer.send({ first, last });
  await once(writer, 'message');
}

const busy = setInterval(blockMainThread, 500);
const startMs = performance.now();
try {
  await watch.start();
  const [overflowFrom, overflowTo] = [Math.floor(files * 0.3), Math.floor(files * 0.9)];
  await make(0, overflowFrom);
  await watch.injectFault('pause-events');
  await make(overflowFrom, overflowTo);
  await watch.injectFault('resume-events');
  await make(overflowTo, files);
  lastNewsMs = performance.now();
  await allReported();
  await watch.sweepNow();
  await watch.sweepNow();
} finally {
  clearInterval(busy);
  writer.kill();
  await watch.stop();
  rmSync(base, { recursive: true, force: true });
}

const queue = readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8').trim();
const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
console.log(
  `mode ${watch.mode}, ${seconds} s, kernel queue ${queue}, found by event ${via.event}, scan ${via.scan}, sweep ${via.sweep}`,
);
const missed = files - timesReported.size;
const twice = [...timesReported.values()].filter(times => times > 1).length;
console.log(`torture watch: ${files} files, ${missed} missed, ${early} early, ${twice} twice`);
process.exitCode = missed + early + twice === 0 ? 0 : 1;
