import { asSluiceError } from '../../base/errors.ts';
import type { DeliveryContext } from '../context.ts';

/** The longest wait that one timer covers. */
const LONGEST_WAIT_MS = 60_000;
/** A wall clock that falls behind the monotonic one by more was set back. */
const SET_BACK_MS = 1_000;

/**
 * Wakes when the earliest of the times asked for has come. Times of next tries are wall clock and lie in the journal:
 * when the clock is set back, also between two runs, they would be too far away and are moved.
 */
export class DueTimer {
  readonly #context: Pick<DeliveryContext, 'journal' | 'clock' | 'log'>;
  readonly #onDue: () => void;
  #cancel: (() => void) | undefined;
  #dueAtMs = Number.POSITIVE_INFINITY;
  /** Wall clock less monotonic clock, when last seen; before that any clock counts as set back. */
  #clockOffsetMs = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(context: Pick<DeliveryContext, 'journal' | 'clock' | 'log'>, onDue: () => void) {
    this.#context = context;
    this.#onDue = onDue;
  }

  /** Something will be due then. */
  dueAt(atMs: number): void {
    if (atMs >= this.#dueAtMs || this.#stopped) return;
    const { clock } = this.#context;
    const nowMs = clock.nowMs();
    // A time that was set before the clock was set back may be a day away now.
    this.noticeSetBack(nowMs);
    this.#cancel?.();
    this.#dueAtMs = atMs;
    this.#cancel = clock.timer(Math.min(Math.max(0, atMs - nowMs), LONGEST_WAIT_MS), () => {
      this.#dueAtMs = Number.POSITIVE_INFINITY;
      this.#onDue();
    });
  }

  /** To be called now and then: moves the times in the journal if the clock was set back since the last call. */
  noticeSetBack(nowMs: number): void {
    const { journal, clock, log } = this.#context;
    const offsetMs = nowMs - clock.monotonicMs();
    const isSetBack = offsetMs < this.#clockOffsetMs - SET_BACK_MS;
    this.#clockOffsetMs = offsetMs;
    if (!isSetBack) return;
    journal.rewind(nowMs).then(
      files => {
        if (files === 0) return;
        log.info({ files }, 'the clock was set back; waiting files wait as long as they were to');
        this.#onDue();
      },
      error => {
        const { message: reason } = asSluiceError(error);
        log.error({ reason }, 'could not set times after the clock was set back');
      },
    );
  }

  /** Wakes no more; may be called again. */
  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }
}
