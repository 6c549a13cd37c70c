import type { EndedWork } from '../../engine/queue/handler.ts';
import type { CallCount, Prometheus } from './prometheus.ts';
import type { StationStatus } from './status.ts';

/** What Prometheus is answered with. */
export interface Rendered {
  readonly contentType: string;
  readonly text: string;
}

/**
 * The station's figures for Prometheus. The client library is loaded with the first sync that ends or the first
 * scrape: a station that only delivers or captures has no use for it, and it takes some MiB.
 */
export class Metrics {
  readonly #station: () => Promise<StationStatus>;
  readonly #calls: () => readonly CallCount[];
  #prometheus: Promise<Prometheus> | undefined;

  /** @param station its status as it is now */
  constructor(station: () => Promise<StationStatus>, calls: () => readonly CallCount[]) {
    this.#station = station;
    this.#calls = calls;
  }

  /** A piece of work is over; it counts in every `render` after this. */
  countWork(ended: EndedWork): void {
    void this.#load().then(prometheus => prometheus.countWork(ended));
  }

  /** Everything in Prometheus' text format. Throws `database_*`. */
  async render(): Promise<Rendered> {
    const prometheus = await this.#load();
    return { contentType: prometheus.contentType, text: await prometheus.render() };
  }

  #load(): Promise<Prometheus> {
    this.#prometheus ??= import('./prometheus.ts').then(
      ({ Prometheus: Loaded }) => new Loaded(this.#station, this.#calls),
    );
    return this.#prometheus;
  }
}
