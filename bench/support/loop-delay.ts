/**
 * Preloaded into a process that is measured (`--import`): once a second writes to the file of LOOP_DELAY_FILE how long
 * its event loop stood still at the most, since the start and in the second before.
 */
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const file = process.env.LOOP_DELAY_FILE;
const RESOLUTION_MS = 5;

if (isMainThread && file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const stalls: number[] = [];
  setInterval(() => {
    stalls.push(Math.max(0, delay.max / 1e6 - RESOLUTION_MS));
    delay.reset();
    writeFileSync(file, JSON.stringify(stalls));
  }, 1000).unref();
}
