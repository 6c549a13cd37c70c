import { asSluiceError, SluiceError } from '../../../base/errors.ts';
import type { ChangesetResult, Forge, WantedChangeset } from '../../forges/forge.ts';
import type { CallSlots } from '../hosts/call-slots.ts';
import { keyOf } from '../next-sync.ts';

/**
 * Puts changesets of one host that are asked for at about the same time into one request. What is asked for
 * while every slot of the host is busy waits, and goes together with the next free slot: the busier the host,
 * the fuller the batches.
 *
 *   waiting ──a slot of the host is free──▶ asked ──its result, or the batch's error──▶ over
 *      └─────────────── its signal aborts ────────────────────────────────────────────▶ over
 */
export interface BatchesOptions {
  readonly forge: (host: string) => Forge;
  readonly slots: CallSlots;
  /** Changesets a request, at most. */
  readonly maxBatch: (host: string) => number;
  /** Told after each request with how many it asked for. */
  readonly onBatch?: (host: string, size: number) => void;
}

interface PendingRequest {
  readonly wanted: WantedChangeset;
  readonly priority: 'high' | 'normal';
  readonly signal: AbortSignal;
  readonly resolve: (result: ChangesetResult) => void;
  readonly reject: (error: unknown) => void;
}

export class Batches {
  readonly #options: BatchesOptions;
  readonly #waiting = new Map<string, PendingRequest[]>();
  /** Hosts for which a slot has been asked. */
  readonly #asking = new Set<string>();

  constructor(options: BatchesOptions) {
    this.#options = options;
  }

  /**
   * What became of one changeset. Rejects with what concerned its whole batch (host down, token refused), or
   * with the signal's reason.
   */
  ask(wanted: WantedChangeset, priority: 'high' | 'normal', signal: AbortSignal): Promise<ChangesetResult> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const { host } = wanted.ref;
      const stop = (): void => {
        const rest = (this.#waiting.get(host) ?? []).filter(other => other !== asked);
        this.#waiting.set(host, rest);
        reject(signal.reason);
      };
      const over =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          signal.removeEventListener('abort', stop);
          settle(value);
        };
      const asked: PendingRequest = {
        wanted,
        priority,
        signal,
        resolve: over(resolve),
        reject: over(reject),
      };
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting.set(host, [...(this.#waiting.get(host) ?? []), asked]);
      this.#askForSlot(host, priority);
    });
  }

  /** One look for a slot at a time a host; high priority looks on its own account, so that it waits behind nobody. */
  #askForSlot(host: string, priority: 'high' | 'normal'): void {
    const name = `${priority} ${host}`;
    if (this.#asking.has(name)) return;
    this.#asking.add(name);
    // All claims of one round are begun within a turn of the event loop: they go together.
    setImmediate(async () => {
      await this.#options.slots.wait(host, priority);
      this.#asking.delete(name);
      try {
        await this.#run(host);
      } finally {
        this.#options.slots.leave(host);
        if ((this.#waiting.get(host) ?? []).length > 0) this.#askForSlot(host, 'normal');
      }
    });
  }

  async #run(host: string): Promise<void> {
    const all = this.#waiting.get(host) ?? [];
    const inOrder = [
      ...all.filter(({ priority }) => priority === 'high'),
      ...all.filter(({ priority }) => priority === 'normal'),
    ];
    const batch = inOrder.slice(0, this.#options.maxBatch(host));
    this.#waiting.set(
      host,
      all.filter(asked => !batch.includes(asked)),
    );
    if (batch.length === 0) return;
    // More wait than fit: another slot may take them meanwhile.
    if (all.length > batch.length) this.#askForSlot(host, 'normal');
    this.#options.onBatch?.(host, batch.length);
    const left = new Map(batch.map(asked => [keyOf(asked.wanted.ref), asked]));
    const stop = stopWhenAllAbort(batch);
    try {
      const priority = batch.some(asked => asked.priority === 'high') ? 'high' : 'normal';
      const wanted = batch.map(asked => asked.wanted);
      const results = this.#options.forge(host).fetchChangesets(wanted, { signal: stop.signal, priority });
      for await (const result of results) {
        left.get(keyOf(result.ref))?.resolve(result);
        left.delete(keyOf(result.ref));
      }
      const untold = new SluiceError(
        'forge_answer_invalid',
        `${host} did not answer for every changeset asked for`,
      );
      for (const asked of left.values()) asked.reject(untold);
    } catch (thrown) {
      const error = asSluiceError(thrown, { operation: 'fetch changesets', subject: host });
      for (const asked of left.values()) asked.reject(error);
    } finally {
      stop.dispose();
    }
  }
}

/** A signal that aborts once every member's has: one that is dropped does not end the others' request. */
function stopWhenAllAbort(batch: readonly PendingRequest[]): { signal: AbortSignal; dispose: () => void } {
  const controller = new AbortController();
  const look = (): void => {
    if (batch.every(({ signal }) => signal.aborted)) controller.abort(batch[0]?.signal.reason);
  };
  for (const { signal } of batch) signal.addEventListener('abort', look);
  look();
  return {
    signal: controller.signal,
    dispose: () => {
      for (const { signal } of batch) signal.removeEventListener('abort', look);
    },
  };
}
