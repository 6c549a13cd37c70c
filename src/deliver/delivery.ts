import { SluiceError } from '../base/errors.ts';
import type { Service } from '../base/lifecycle.ts';
import { systemRandom } from '../base/random.ts';
import type { Journal, StateCounts } from '../keep/local/journal.ts';
import { createWatch } from './intake/watch/watch.ts';
import { type DeliveryOptions, type DeliveryPlan, fingerprint } from './plan.ts';
import type { EndpointStatus } from './queue/endpoint-health.ts';
import { DeliverySession } from './session.ts';
import type { Throughput } from './statistics.ts';
import type { SyncOutcome } from './sync-now.ts';

export interface DeliveryStatus {
  readonly incoming: number;
  readonly processing: number;
  readonly completed: number;
  readonly failed: number;
  /** Of incoming and processing: neither being uploaded now nor about to be. */
  readonly waiting: number;
  readonly uploading: number;
  /** Found in incoming and not deliverable as they are (a name, a place); told in the log. */
  readonly refused: number;
  /** Whether files may go now: automatically, and the gate is open (V6, V7). */
  readonly syncing: boolean;
  readonly links: readonly EndpointStatus[];
  readonly throughput: readonly Throughput[];
}

/**
 * Delivery as a part of the station: files in `incoming` reach their buckets.
 *
 * States: idle ──start()──▶ running ──stop()──▶ stopped (final); running ──reconfigure()──▶ running, with the workers
 * stopped and started anew in between (V8). Calls that change the state go one after the other.
 */
export class Delivery implements Service {
  readonly name = 'delivery';
  readonly #options: Required<DeliveryOptions>;
  #plan: DeliveryPlan;
  #journal: Journal | undefined;
  #running: DeliverySession | undefined;
  #stopped = false;
  /** The last change of state; the next one waits for it. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: DeliveryOptions) {
    this.#options = {
      ...{ random: systemRandom, openWatch: createWatch, beforeSync: async () => undefined },
      ...options,
    };
    this.#plan = options.plan;
  }

  /** The journal, while it is open: for lists and for the operations on failed files. Throws `stopping` otherwise. */
  get journal(): Journal {
    if (!this.#journal) throw new SluiceError('stopping', 'delivery does not run');
    return this.#journal;
  }

  /**
   * Makes the folders, makes journal and tree agree, takes up `processing`, then `incoming`, then watches (F22, F24–F26).
   * Throws spool_invalid, disk_*, database_*.
   */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#running) return;
      if (this.#stopped) throw new SluiceError('stopping', 'delivery is stopped');
      this.#journal = await this.#options.openJournal();
      try {
        this.#running = await this.#begin(this.#plan);
      } catch (error) {
        await this.#journal.close();
        this.#journal = undefined;
        throw error;
      }
    });
  }

  /** Uploads under way get a few seconds, then they are handed back; all files stay in the spool. May be called again. */
  stop(): Promise<void> {
    this.#running?.interrupt();
    return this.#inTurn(async () => {
      this.#stopped = true;
      await this.#running?.stop();
      this.#running = undefined;
      await this.#journal?.close();
      this.#journal = undefined;
    });
  }

  /**
   * Takes over another plan (V8): an equal one disturbs nothing; one that differs only in what single files are sent by
   * (destinations, parts, verification, retries) holds for the next files and disturbs none under way; otherwise what
   * runs is finished or handed back and starts anew. When the new plan cannot start, the old one goes on and the error is thrown.
   * @returns whether anything changed
   */
  reconfigure(plan: DeliveryPlan): Promise<boolean> {
    return this.#inTurn(async () => {
      if (fingerprint(plan) === fingerprint(this.#plan)) return false;
      if (!this.#running) {
        this.#plan = plan;
        return true;
      }
      if (this.#running.adopt(plan)) {
        this.#plan = plan;
        return true;
      }
      await this.#running.stop();
      try {
        this.#running = await this.#begin(plan);
        this.#plan = plan;
        return true;
      } catch (error) {
        this.#running = await this.#begin(this.#plan);
        throw error;
      }
    });
  }

  /**
   * Delivers all that waits, now, with or without the schedule and whatever the gate says (V7). Resolves when nothing is due
   * any more; rejects with the signal's reason, with `stopping`, or with `host_unreachable` when no endpoint answers.
   */
  async syncNow(signal: AbortSignal): Promise<SyncOutcome> {
    if (!this.#running) throw new SluiceError('stopping', 'delivery does not run');
    return this.#running.syncNow(signal);
  }

  /** Looks for due work that another process put into the journal (`sluice failed retry`). */
  wake(): void {
    this.#running?.wake();
  }

  status(): DeliveryStatus {
    const counts: StateCounts = this.journal.counts();
    const running = this.#running?.status();
    const { uploading = 0, refused = 0, syncing = false, links = [], throughput = [] } = running ?? {};
    const { incoming, processing, completed, failed } = counts;
    const waiting = Math.max(0, incoming + processing - uploading);
    return {
      incoming,
      processing,
      completed,
      failed,
      waiting,
      uploading,
      refused,
      syncing,
      links,
      throughput,
    };
  }

  async #begin(plan: DeliveryPlan): Promise<DeliverySession> {
    const running = new DeliverySession({ ...this.#options, plan, journal: this.journal });
    try {
      await running.start();
      return running;
    } catch (error) {
      await running.stop();
      throw error;
    }
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(change, change);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
