import type { Clock } from '../../base/clock.ts';
import type { FileRecord } from '../../keep/local/journal.ts';

/** What is done with a file, in order. A later attempt leaves out what an earlier one did. */
export type Step = 'moved' | 'sent' | 'verified' | 'completed';

/** When a file was found (ISO 8601), how long it waited for its turn, and how long each step took: in milliseconds. */
export type TimedSteps = { readonly found?: string; readonly waitedMs?: number } & {
  readonly [S in Step as `${S}Ms`]?: number;
};

const NAMES = {
  moved: 'movedMs',
  sent: 'sentMs',
  verified: 'verifiedMs',
  completed: 'completedMs',
} as const satisfies Readonly<Record<Step, `${Step}Ms`>>;

/** Times the steps of one attempt for the log: one line a file says all that was done with it, and when. */
export class StepTimes {
  readonly #clock: Clock;
  readonly #steps: { -readonly [K in keyof TimedSteps]: TimedSteps[K] } = {};
  #lastMs: number;

  constructor(clock: Clock, record: Pick<FileRecord, 'state' | 'attempts' | 'lastUpdated'>) {
    this.#clock = clock;
    this.#lastMs = clock.monotonicMs();
    // Until its first attempt nothing changes a record but its being found.
    if (record.state !== 'incoming' || record.attempts > 0) return;
    this.#steps.found = record.lastUpdated;
    this.#steps.waitedMs = Math.max(0, clock.nowMs() - Date.parse(record.lastUpdated));
  }

  /** The step is done, just now. */
  done(step: Step): void {
    const nowMs = this.#clock.monotonicMs();
    this.#steps[NAMES[step]] = Math.round((nowMs - this.#lastMs) * 10) / 10;
    this.#lastMs = nowMs;
  }

  /** What was done so far. */
  get all(): TimedSteps {
    return this.#steps;
  }
}
