import type { Clock } from '../base/clock.ts';
import { SluiceError } from '../base/errors.ts';
import type { FileRecord, Journal } from '../keep/local/journal.ts';
import type { DeliveryOutcome } from './attempt/outcome.ts';
import type { EndpointStatus } from './queue/endpoint-monitor.ts';
import type { HoldStatus } from './queue/hold-status.ts';

/** What a manual sync brought. */
export interface SyncOutcome {
  readonly delivered: number;
  readonly failed: number;
  /** Files that wait for another try, or for their bucket to be made. */
  readonly waiting: number;
  /** Files that wait until they have content. */
  readonly empty: number;
  /** Each place that could not be used: endpoints that were not reached, also those that no file waits for, first. */
  readonly held: readonly Omit<HoldStatus, 'sinceMs'>[];
  /** What goes on after an answer that was not to wait for it; absent where nothing does. */
  readonly unfinished?: UnfinishedSync;
}

export interface UnfinishedSync {
  /** Files that are on their way, and tried now. */
  readonly files: number;
  /** Endpoints that were asked and have not answered yet. */
  readonly endpoints: readonly string[];
}

/** How long a manual sync is waited for. */
export interface SyncPatience {
  /** Until nothing has come of it for so long; it goes on then, without whoever asked. Absent: to its end. */
  readonly quietMs?: number;
}

/** Waiting for more than this is asked for. */
export const SYNC_QUIET_MS = 5_000;

/** Counts how attempts end while a manual sync runs. */
export class SyncCount {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'timer'>;
  #newsMs: number;
  #delivered = 0;
  #failed = 0;
  readonly #waiting = new Set<number>();

  constructor(clock: Pick<Clock, 'monotonicMs' | 'timer'>) {
    this.#clock = clock;
    this.#newsMs = clock.monotonicMs();
  }

  /** Resolves once nothing has ended for so long, or never where the function returned is called before. */
  quiet(quietMs: number): { readonly come: Promise<void>; readonly cancel: () => void } {
    let cancel = (): void => undefined;
    const come = new Promise<void>(resolve => {
      const look = (): void => {
        const leftMs = this.#newsMs + quietMs - this.#clock.monotonicMs();
        if (leftMs <= 0) resolve();
        else cancel = this.#clock.timer(leftMs, look);
      };
      look();
    });
    return { come, cancel: () => cancel() };
  }

  note({ id }: Pick<FileRecord, 'id'>, outcome: DeliveryOutcome): void {
    this.#newsMs = this.#clock.monotonicMs();
    if (outcome === 'completed') this.#delivered += 1;
    else if (outcome === 'failed' || outcome === 'gone') this.#failed += 1;
    if (outcome === 'waiting' || outcome === 'blocked') this.#waiting.add(id);
    else this.#waiting.delete(id);
  }

  /** Files that were held before, or could not be put on record, count as those that this sync tried in vain do. */
  outcome(
    journal: Pick<Journal, 'byId' | 'holdCounts'>,
    holds: readonly HoldStatus[],
    unentered: number,
  ): SyncOutcome {
    const { empty, ...held } = journal.holdCounts();
    const tried = [...this.#waiting].filter(id => journal.byId(id)?.hold === null).length;
    return {
      delivered: this.#delivered,
      failed: this.#failed,
      waiting: tried + held.bucket + held.bucket_held + held.folder_held + unentered,
      empty,
      held: holds.map(({ sinceMs: _sinceMs, ...place }) => place),
    };
  }
}

/** What of a sync goes on, as it is now. */
export function unfinishedOf(
  journal: Pick<Journal, 'waitingFiles'>,
  { waiting, empty }: SyncOutcome,
  endpoints: readonly string[],
): UnfinishedSync {
  const files = journal.waitingFiles().reduce((sum, one) => sum + one.files, 0);
  return { files: Math.max(0, files - waiting - empty), endpoints };
}

/** The error of a manual sync when no endpoint answers; each is named with what is wrong. */
export function nothingAnswers(endpoints: readonly EndpointStatus[]): SluiceError {
  const each = endpoints.map(({ endpoint, reason }) =>
    reason ? `${endpoint} (${reason.message})` : endpoint,
  );
  return new SluiceError('host_unreachable', `nothing answers at ${each.join(', ')}; the files wait`, {
    operation: 'sync',
    hint: endpoints.length === 1 ? endpoints[0]?.reason?.hint : undefined,
  });
}
