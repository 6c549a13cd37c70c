/**
 * How long a process's event loop stood still, second by second. Preloaded into one that is measured (`--import`), it
 * writes that to the file of LOOP_DELAY_FILE.
 */
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** The longest within the second that ended then. */
export interface Stall {
  readonly endedAtMs: number;
  readonly ms: number;
}

const RESOLUTION_MS = 5;

/** Watches this process. What is answered grows by one a second until `stop`. */
export function watchLoop(onSecond: () => void = () => undefined): { stalls: Stall[]; stop: () => void } {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const stalls: Stall[] = [];
  const timer = setInterval(() => {
    stalls.push({ endedAtMs: Date.now(), ms: Math.max(0, delay.max / 1e6 - RESOLUTION_MS) });
    delay.reset();
    onSecond();
  }, 1000);
  timer.unref();
  return { stalls, stop: () => clearInterval(timer) };
}

const file = process.env.LOOP_DELAY_FILE;
if (isMainThread && file !== undefined) {
  const { stalls } = watchLoop(() => writeFileSync(file, JSON.stringify(stalls)));
}
