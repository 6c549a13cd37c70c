import type { Clock } from '../base/clock.ts';
import type { Service } from '../base/lifecycle.ts';
import type { Logger } from '../base/log.ts';
import { Repeating } from '../base/repeating.ts';
import type { FreeSample, RateStore } from '../keep/local/rates.ts';
import type { StationDisk } from './status/disks.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What is older says nothing of what comes. */
const KEPT_MS = 90 * DAY_MS;
/** More than that no picture shows. */
const MOST_SAMPLES = 500;

export interface DiskHistoryOptions {
  readonly open: () => Promise<RateStore>;
  readonly disks: () => Promise<readonly StationDisk[]>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A disk with what was free on it, oldest first; the last sample is of now. */
export interface DiskOverTime {
  readonly path: string;
  readonly holds: readonly string[];
  readonly totalBytes: number;
  readonly samples: readonly { readonly atMs: number; readonly freeBytes: number }[];
}

/** What is free on the station's disks, looked at once an hour and kept for ninety days. */
export class DiskHistory implements Service {
  readonly name = 'disk-history';
  readonly #options: DiskHistoryOptions;
  #store: RateStore | undefined;
  readonly #looks: Repeating;

  constructor(options: DiskHistoryOptions) {
    this.#options = options;
    const { clock } = options;
    const untilHourMs = (): number => HOUR_MS - (clock.nowMs() % HOUR_MS);
    this.#looks = new Repeating({ clock, pauseMs: untilHourMs, work: () => this.#look() });
  }

  async start(): Promise<void> {
    if (this.#store) return;
    this.#store = await this.#options.open();
    this.#looks.startAtOnce();
  }

  async stop(): Promise<void> {
    await this.#looks.stop();
    await this.#store?.close();
    this.#store = undefined;
  }

  /** The disks of now, with what was free on them. Throws `database_*`. */
  async read(): Promise<DiskOverTime[]> {
    const { disks, clock } = this.#options;
    const nowMs = clock.nowMs();
    const kept = this.#store?.free(nowMs - KEPT_MS) ?? [];
    return (await disks()).map(({ path, holds, totalBytes, freeBytes }) => ({
      path,
      holds,
      totalBytes,
      samples: [...thinned(kept.filter(each => each.path === path)), { atMs: nowMs, freeBytes }],
    }));
  }

  async #look(): Promise<void> {
    const { disks, clock, log } = this.#options;
    const nowMs = clock.nowMs();
    try {
      const samples = (await disks()).map(({ path, freeBytes }) => ({ atMs: nowMs, path, freeBytes }));
      await this.#store?.addFree(samples, nowMs - KEPT_MS);
    } catch (error) {
      log.debug({ err: error }, 'what is free on disks could not be kept; it will be in an hour');
    }
  }
}

/** Of many samples every so many, the first and the last among them. Pure. */
export function thinned(samples: readonly FreeSample[]): { atMs: number; freeBytes: number }[] {
  const step = Math.ceil(samples.length / MOST_SAMPLES);
  return samples
    .filter((_, at) => (samples.length - 1 - at) % step === 0)
    .map(({ atMs, freeBytes }) => ({ atMs, freeBytes }));
}
