import type { Logger } from '../base/log.ts';

/** Uploads to one destination (`profile/bucket`) since the start. */
export interface Throughput {
  readonly destination: string;
  readonly files: number;
  readonly bytes: number;
  readonly failures: number;
  readonly bytesInFlight: number;
}

interface Counters {
  files: number;
  bytes: number;
  failures: number;
  underWayBytes: number;
}

/** Counts uploads by destination: since the start, and since the last time they were logged. */
export class Statistics {
  readonly #total = new Map<string, Counters>();
  readonly #period = new Map<string, Counters>();

  delivered(destination: string, bytes: number): void {
    for (const counters of this.#both(destination)) {
      counters.files += 1;
      counters.bytes += bytes;
    }
  }

  failed(destination: string): void {
    for (const counters of this.#both(destination)) counters.failures += 1;
  }

  /** What is being sent now. @param bytes more, or less when negative */
  addUnderWay(destination: string, bytes: number): void {
    this.#of(this.#total, destination).underWayBytes += bytes;
  }

  all(): Throughput[] {
    return [...this.#total].map(([destination, { files, bytes, failures, underWayBytes }]) => ({
      destination,
      files,
      bytes,
      failures,
      bytesInFlight: underWayBytes,
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

  #both(destination: string): Counters[] {
    return [this.#of(this.#total, destination), this.#of(this.#period, destination)];
  }

  #of(map: Map<string, Counters>, destination: string): Counters {
    let counters = map.get(destination);
    if (!counters) {
      counters = { files: 0, bytes: 0, failures: 0, underWayBytes: 0 };
      map.set(destination, counters);
    }
    return counters;
  }
}
