import type { ReadingTimes } from '../reading.ts';
import type { CollectorPlan } from '../settings.ts';

/** Writes the lines of one collector: what never changes is put together once. */
export class LineWriter {
  readonly #head: string;

  constructor(plan: CollectorPlan, station: string) {
    const { name: collector, source, everyMs, tags } = plan;
    const facts = { collector, method: source.method, interval_ms: everyMs, tags, station };
    this.#head = `${JSON.stringify(facts).slice(0, -1)},"requested_at":"`;
  }

  /** A JSON object in one line, line end included. */
  line(json: string, times: ReadingTimes, topic?: string): string {
    const about = topic === undefined ? '' : `"topic":${JSON.stringify(topic)},`;
    return `${this.#facts(times)},${about}"reading":${json}}\n`;
  }

  /** The metadata of a binary reading, as JSON. */
  metadata(
    times: ReadingTimes,
    about: { readonly file: string; readonly bytes: number; readonly crc32: string; readonly topic?: string },
  ): string {
    return `${this.#facts(times)},${JSON.stringify(about).slice(1)}\n`;
  }

  #facts({ requestedAtMs, receivedAtMs }: ReadingTimes): string {
    return `${this.#head}${iso(requestedAtMs)}","received_at":"${iso(receivedAtMs)}"`;
  }
}

let lastMs = Number.NaN;
let lastIso = '';

/** Many readings share a millisecond. */
function iso(ms: number): string {
  if (ms !== lastMs) [lastMs, lastIso] = [ms, new Date(ms).toISOString()];
  return lastIso;
}
