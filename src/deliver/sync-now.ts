import { SluiceError } from '../base/errors.ts';
import type { FileRecord, Journal } from '../keep/local/journal.ts';
import type { DeliveryOutcome } from './attempt/attempt-context.ts';

/** What a manual sync brought (V7). */
export interface SyncOutcome {
  readonly delivered: number;
  readonly failed: number;
  /** Files that wait for another try, or for their bucket to be made. */
  readonly waiting: number;
  /** Files that wait until they have content (V3). */
  readonly empty: number;
}

/** Counts the landings while a manual sync runs. */
export class SyncCount {
  #delivered = 0;
  #failed = 0;
  readonly #waiting = new Set<number>();

  note({ id }: Pick<FileRecord, 'id'>, landing: DeliveryOutcome): void {
    if (landing === 'completed') this.#delivered += 1;
    else if (landing === 'failed' || landing === 'gone') this.#failed += 1;
    if (landing === 'waiting' || landing === 'blocked') this.#waiting.add(id);
    else this.#waiting.delete(id);
  }

  /** Files that were held before count as those that this sync tried in vain do. */
  outcome(journal: Pick<Journal, 'byId' | 'holdCounts'>): SyncOutcome {
    const { bucket, empty } = journal.holdCounts();
    const tried = [...this.#waiting].filter(id => journal.byId(id)?.hold === null).length;
    return { delivered: this.#delivered, failed: this.#failed, waiting: tried + bucket, empty };
  }
}

export function offline(endpoints: readonly string[]): SluiceError {
  return new SluiceError('host_unreachable', `nothing answers at ${endpoints.join(', ')}; the files wait`, {
    operation: 'sync',
  });
}
