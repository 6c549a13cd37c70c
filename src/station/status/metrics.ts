import type { EndedWork } from '../../engine/queue/handler.ts';
import type { MetricSources, Prometheus } from './prometheus.ts';

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
  readonly #sources: MetricSources;
  #prometheus: Promise<Prometheus> | undefined;

  constructor(sources: MetricSources) {
    this.#sources = sources;
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
      ({ Prometheus: Loaded }) => new Loaded(this.#sources),
    );
    return this.#prometheus;
  }
}
