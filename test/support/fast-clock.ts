/**
 * Makes a station's clock run faster, for tests that want half an hour of its schedule in minutes: given to Node by
 * `--import`, it changes the clock of the process and, since they take it over, of its threads. Only what goes by
 * `Clock` runs faster; git, its time limits and the network keep the machine's time.
 */
import { type Clock, sleepWith, systemClock } from '../../src/base/clock.ts';

/** How fast, and from when on: the same for every process that takes part, so that a restart goes on where it was. */
export interface FastTime {
  readonly speed: number;
  readonly startMs: number;
  /** How far it is wrong, besides. */
  readonly aheadMs?: number;
}

const VARIABLE = 'TEST_FAST_CLOCK';

/** Environment for a process whose clock is to run so. */
export function fastClockEnvironment(time: FastTime): Record<string, string> {
  return { NODE_OPTIONS: `--import=${import.meta.url}`, [VARIABLE]: JSON.stringify(time) };
}

/** What such a clock says now. */
export function fastNowMs({ speed, startMs, aheadMs = 0 }: FastTime): number {
  return Math.round(startMs + aheadMs + (Date.now() - startMs) * speed);
}

function fastClock(time: FastTime, { timer }: Pick<Clock, 'timer'>): Clock {
  const clock: Clock = {
    nowMs: () => fastNowMs(time),
    monotonicMs: () => performance.now() * time.speed,
    timer: (ms, callback) => timer(ms / time.speed, callback),
    sleep: (ms, signal) => sleepWith(clock, ms, signal),
  };
  return clock;
}

const asked = process.env[VARIABLE];
if (asked !== undefined)
  Object.assign(systemClock, fastClock(JSON.parse(asked) as FastTime, { ...systemClock }));
