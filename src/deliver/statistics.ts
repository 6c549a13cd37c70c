import type { Logger } from '../base/log.ts';

/** Uploads to one destination (`profile/bucket`) since the start. */
export interface Throughput {
  readonly destination: string;
  readonly files: number;
  readonly bytes: number;
  readonly failures: number;
  /** The same failures by error code. */
  readonly failuresByCause: Readonly<Record<string, number>>;
  /** How long delivered files took from being found to being proven and put away. */
  readonly duration: DurationCounts;
  readonly bytesInFlight: number;
}

/** Seconds by which durations are counted: from a small file on a good link to one that waited for days. */
export const DURATION_BOUNDS_S = [0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 28_800, 86_400] as const;

/** Durations counted as a histogram: how many were no longer than each bound, how many in all, and their sum. */
export interface DurationCounts {
  readonly upTo: readonly number[];
  readonly count: number;
  readonly sumS: number;
}

/** Files of which it is known how long they took, and how many of them took no longer than that. */
export interface DeliveryTimes {
  readonly timed: number;
  readonly within1s: number;
  readonly within15s: number;
  readonly within5m: number;
  readonly within2h: number;
}

/** Durations of several destinations, by a few bounds that people tell apart. Pure. */
export function deliveryTimes(durations: readonly DurationCounts[]): DeliveryTimes {
  const upTo = (seconds: (typeof DURATION_BOUNDS_S)[number]): number => {
    const at = DURATION_BOUNDS_S.indexOf(seconds);
    return durations.reduce((sum, each) => sum + (each.upTo[at] ?? 0), 0);
  };
  return {
    timed: durations.reduce((sum, { count }) => sum + count, 0),
    within1s: upTo(1),
    within15s: upTo(15),
    within5m: upTo(300),
    within2h: upTo(7200),
  };
}

interface Counters {
  files: number;
  bytes: number;
  failures: number;
  readonly causes: Map<string, number>;
  readonly upTo: number[];
  timed: number;
  sumS: number;
  underWayBytes: number;
}

/** Counts uploads by destination: since the start, and since the last time they were logged. */
export class Statistics {
  readonly #total = new Map<string, Counters>();
  readonly #period = new Map<string, Counters>();

  /** @param durationMs since it was found; undefined where that is not known */
  delivered(destination: string, bytes: number, durationMs?: number): void {
    count(this.#of(this.#total, destination), bytes, durationMs);
    count(this.#of(this.#period, destination), bytes, durationMs);
  }

  /** @param cause an error code */
  failed(destination: string, cause: string): void {
    for (const counters of [this.#of(this.#total, destination), this.#of(this.#period, destination)]) {
      counters.failures += 1;
      counters.causes.set(cause, (counters.causes.get(cause) ?? 0) + 1);
    }
  }

  /** What is being sent now. @param bytes more, or less when negative */
  addUnderWay(destination: string, bytes: number): void {
    this.#of(this.#total, destination).underWayBytes += bytes;
  }

  all(): Throughput[] {
    return [...this.#total].map(([destination, counters]) => ({
      destination,
      files: counters.files,
      bytes: counters.bytes,
      failures: counters.failures,
      failuresByCause: Object.fromEntries(counters.causes),
      duration: { upTo: [...counters.upTo], count: counters.timed, sumS: counters.sumS },
      bytesInFlight: counters.underWayBytes,
    }));
  }

  /** One line a destination that did something since the last call. */
  log(log: Logger): void {
    for (const [destination, { files, bytes, failures }] of this.#period) {
      const bytesInFlight = this.#of(this.#total, destination).underWayBytes;
      log.info({ destination, files, bytes, failures, bytesInFlight }, 'upload statistics');
    }
    this.#period.clear();
  }

  #of(map: Map<string, Counters>, destination: string): Counters {
    let counters = map.get(destination);
    if (!counters) {
      counters = {
        files: 0,
        bytes: 0,
        failures: 0,
        underWayBytes: 0,
        causes: new Map(),
        upTo: DURATION_BOUNDS_S.map(() => 0),
        timed: 0,
        sumS: 0,
      };
      map.set(destination, counters);
    }
    return counters;
  }
}

function count(counters: Counters, bytes: number, durationMs: number | undefined): void {
  counters.files += 1;
  counters.bytes += bytes;
  if (durationMs === undefined) return;
  const seconds = Math.max(0, durationMs) / 1000;
  counters.timed += 1;
  counters.sumS += seconds;
  // Bounds rise: a duration within one is within all after it.
  for (let index = DURATION_BOUNDS_S.length - 1; index >= 0; index -= 1) {
    if (seconds > (DURATION_BOUNDS_S[index] as number)) return;
    counters.upTo[index] = (counters.upTo[index] as number) + 1;
  }
}
