/**
 * What the watch costs: `node bench/watch.ts [directories] [filesEach] [idleSeconds]`. Prints the time of the first
 * scan, of the sweeps, the delay from close to report, the processor share while nothing happens, and memory.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import { watchAtStationPace } from '../test/support/arrivals.ts';

const [directories = 2000, filesEach = 50, idleSeconds = 60] = process.argv.slice(2).map(Number);
const root = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
for (let d = 0; d < directories; d += 1) {
  const directory = join(root, `a${d % 40}`, `b${d}`);
  mkdirSync(directory, { recursive: true });
  for (let f = 0; f < filesEach; f += 1) writeFileSync(join(directory, `file-${f}.dat`), 'x');
}
const rssBefore = process.memoryUsage().rss;
let seen = 0;
const written = new Map<string, number>();
const delaysMs: number[] = [];
const watch = watchAtStationPace(root, {
  onArrival: arrivals => {
    seen += arrivals.length;
    for (const { path } of arrivals) {
      const atMs = written.get(path);
      if (atMs !== undefined) delaysMs.push(performance.now() - atMs);
    }
  },
  onTrouble: trouble => console.log(trouble.message),
});

async function timed(work: () => Promise<void>): Promise<string> {
  const startMs = performance.now();
  await work();
  return `${(performance.now() - startMs).toFixed(0)} ms`;
}

try {
  console.log(`start, ${directories} directories: ${await timed(() => watch.start())}, ${seen} files`);
  console.log(
    `deep sweep: ${await timed(() => watch.sweepNow())}, again ${await timed(() => watch.sweepNow())}`,
  );
  for (let n = 0; n < 1000; n += 1) {
    const path = join(root, `a${n % 40}`, `new-${n}`);
    writeFileSync(path, 'x');
    written.set(path, performance.now());
    await systemClock.sleep(1);
  }
  await watch.sweepNow();
  delaysMs.sort((a, b) => a - b);
  const at = (share: number) => delaysMs[Math.floor(delaysMs.length * share)]?.toFixed(1);
  console.log(`close to report, ${delaysMs.length} files: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
  await systemClock.sleep(7000);
  const before = process.cpuUsage();
  await systemClock.sleep(idleSeconds * 1000);
  const { user, system } = process.cpuUsage(before);
  const share = ((user + system) / 1e4 / idleSeconds).toFixed(2);
  const grownMib = ((process.memoryUsage().rss - rssBefore) / 2 ** 20).toFixed(0);
  console.log(`idle ${idleSeconds} s: ${share} % of one processor; memory grown by ${grownMib} MiB`);
} finally {
  await watch.stop();
  rmSync(root, { recursive: true, force: true });
}
