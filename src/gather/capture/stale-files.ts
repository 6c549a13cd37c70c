import type { Clock } from '../../base/clock.ts';
import { asSluiceError } from '../../base/errors.ts';
import type { Service } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import { Repeating } from '../../base/repeating.ts';
import { formatBytes, formatDuration } from '../../base/units.ts';
import type { CaptureJournal } from '../../keep/local/captures.ts';

const INTERVALS = 10;
const LEAST_MS = 3 * 60_000;
const WARN_EVERY_MS = 5 * 60_000;
const CHECK_EVERY_MS = 30_000;

/**
 * Whether the oldest file that waits has waited too long: more than ten sync intervals, and three minutes at least.
 * Pure.
 */
function isStale(oldestAtMs: number, nowMs: number, intervalMs: number): boolean {
  return nowMs - oldestAtMs > Math.max(INTERVALS * intervalMs, LEAST_MS);
}

export interface StaleFilesOptions {
  readonly journal: Pick<CaptureJournal, 'oldestWaiting' | 'waitingTotals'>;
  readonly intervalMs: () => number;
  /** Whether files may go at all now: a shut gate is no reason to warn. */
  readonly mayDeliver: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Warns of files that wait to be delivered for too long, at most every five minutes. */
export class StaleFilesMonitor implements Service {
  readonly name = 'staleness';
  readonly #options: StaleFilesOptions;
  readonly #checks: Repeating;
  #warnedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: StaleFilesOptions) {
    this.#options = options;
    const { clock } = options;
    this.#checks = new Repeating({ clock, pauseMs: () => CHECK_EVERY_MS, work: () => this.#check() });
  }

  async start(): Promise<void> {
    this.#checks.start();
  }

  async stop(): Promise<void> {
    await this.#checks.stop();
  }

  #check(): void {
    const { journal, intervalMs, mayDeliver, clock, log } = this.#options;
    if (clock.monotonicMs() - this.#warnedAtMs < WARN_EVERY_MS) return;
    try {
      const oldest = mayDeliver() ? journal.oldestWaiting() : undefined;
      if (!oldest || !isStale(oldest.createdAtMs, clock.nowMs(), intervalMs())) return;
      this.#warnedAtMs = clock.monotonicMs();
      const { files, bytes } = journal.waitingTotals();
      const ageMs = clock.nowMs() - oldest.createdAtMs;
      log.warn(
        { ageMs, files, bytes, oldest: oldest.filepath },
        `${files} files (${formatBytes(bytes)}) wait to be delivered, the oldest for ${formatDuration(ageMs)}`,
      );
    } catch (error) {
      log.error({ reason: asSluiceError(error).message }, 'could not look for stale files');
    }
  }
}
