import type { Clock } from '../base/clock.ts';
import { countSources } from '../deliver/copy/sources.ts';
import { progressInWords, SHOWN_EVERY_MS } from './progress.ts';
import { type ProgressLines, printable } from './terminal.ts';

/** The progress line of a copy: files and bytes of how many, which are counted beside the copying. */
export class CopyProgress {
  readonly #lines: ProgressLines;
  readonly #task: string;
  readonly #clock: Clock;
  readonly #startMs: number;
  #shownMs = Number.NEGATIVE_INFINITY;
  readonly #counting = new AbortController();
  #total: { readonly files: number; readonly bytes: number } | undefined;
  #files = 0;
  /** Of files that are done. */
  #bytes = 0;
  /** Of each that is being copied. */
  readonly #current = new Map<string, number>();

  /** @param task the name of its line */
  constructor(lines: ProgressLines, task: string, clock: Clock) {
    this.#lines = lines;
    this.#task = task;
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
  }

  /** Counts what there is to be copied. What cannot be counted has no total. */
  async count(source: string, options: Parameters<typeof countSources>[1]): Promise<void> {
    try {
      this.#total = await countSources(source, options, this.#counting.signal);
    } catch {
      // The copying meets the same, and says so.
    }
  }

  /** So many bytes more of a file are there. */
  add(bytes: number, source: string): void {
    this.#current.set(source, (this.#current.get(source) ?? 0) + bytes);
    this.#show(source);
  }

  /** A file has ended, with so many bytes. */
  end(bytes: number, source: string, target: string): void {
    this.#files += 1;
    this.#bytes += bytes;
    this.#current.delete(source);
    this.#show(target);
  }

  /** Ends the counting. */
  close(): void {
    this.#counting.abort();
  }

  #show(about: string): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#shownMs < SHOWN_EVERY_MS) return;
    this.#shownMs = nowMs;
    const words = progressInWords({
      noun: 'files',
      done: this.#files,
      total: this.#total?.files,
      bytes: [...this.#current.values()].reduce((sum, each) => sum + each, this.#bytes),
      totalBytes: this.#total?.bytes,
      elapsedMs: nowMs - this.#startMs,
    });
    this.#lines.set(this.#task, `${words}: ${printable(about)}`);
  }
}
