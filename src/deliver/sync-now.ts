import { SluiceError } from '../base/errors.ts';
import type { Landing } from './flight-context.ts';

/** What a manual sync brought (V7). */
export interface SyncOutcome {
  readonly delivered: number;
  readonly failed: number;
  /** Tries that ended in waiting for another one. */
  readonly waiting: number;
}

/** Counts the landings while a manual sync runs. */
export class SyncCount {
  #delivered = 0;
  #failed = 0;
  #waiting = 0;

  note(landing: Landing): void {
    if (landing === 'completed') this.#delivered += 1;
    else if (landing === 'failed' || landing === 'gone') this.#failed += 1;
    else if (landing === 'waiting' || landing === 'blocked') this.#waiting += 1;
  }

  outcome(): SyncOutcome {
    return { delivered: this.#delivered, failed: this.#failed, waiting: this.#waiting };
  }
}

export function offline(endpoints: readonly string[]): SluiceError {
  return new SluiceError('host_unreachable', `nothing answers at ${endpoints.join(', ')}; the files wait`, {
    operation: 'sync',
  });
}
