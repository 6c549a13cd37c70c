/** The tick that is to be taken now. */
export interface DueTick {
  readonly tick: number;
  /** Ticks before it, after the last one taken, for which it is too late. */
  readonly missed: number;
}

/** When the n-th tick is due: at start + n × interval, whatever happened before. Pure. */
export function tickTimeMs(startMs: number, everyMs: number, tick: number): number {
  return startMs + tick * everyMs;
}

/**
 * Which tick is to be taken at `nowMs` after `last` (−1 before the first): the newest whose time has come; those that
 * it overtook are missed. So a slow reading delays the next one and nothing piles up. Undefined before the next tick's
 * time. Pure.
 */
export function dueTick(startMs: number, everyMs: number, last: number, nowMs: number): DueTick | undefined {
  let tick = Math.floor((nowMs - startMs) / everyMs);
  // Division may round up to a tick that is not there yet, and down from one that is.
  if (tickTimeMs(startMs, everyMs, tick) > nowMs) tick -= 1;
  else if (tickTimeMs(startMs, everyMs, tick + 1) <= nowMs) tick += 1;
  return tick > last ? { tick, missed: tick - last - 1 } : undefined;
}
