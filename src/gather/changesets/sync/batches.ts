import { asSluiceError, SluiceError } from '../../../base/errors.ts';
import type { Priority } from '../../../engine/queue/work-queue.ts';
import type { ChangesetResult, WantedChangeset } from '../../forges/forge.ts';
import type { CallSlots } from '../hosts/call-slots.ts';
import type { CodeHosts } from '../hosts/code-hosts.ts';
import { changesetKey } from '../schedule.ts';

const NEVER = new AbortController().signal;

interface PendingRequest {
  readonly wanted: WantedChangeset;
  readonly priority: Priority;
  readonly signal: AbortSignal;
  readonly resolve: (result: ChangesetResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts changesets of one host that are asked for at about the same time into one request. What is asked for
 * while every slot of the host is busy waits, and goes together with the next free slot: the busier the host,
 * the fuller the batches.
 *
 *   waiting ──a slot of the host is free──▶ asked ──its result, or the batch's error──▶ over
 *      └─────────────── its signal aborts ────────────────────────────────────────────▶ over
 */
export class Batches {
  readonly #hosts: Pick<CodeHosts, 'of'>;
  readonly #slots: CallSlots;
  readonly #maxBatch: (host: string) => number;
  readonly #waiting = new Map<string, PendingRequest[]>();
  /** Hosts for which a slot has been asked. */
  readonly #asking = new Set<string>();

  /** @param maxBatch changesets a request, at most */
  constructor(hosts: Pick<CodeHosts, 'of'>, slots: CallSlots, maxBatch: (host: string) => number) {
    this.#hosts = hosts;
    this.#slots = slots;
    this.#maxBatch = maxBatch;
  }

  /**
   * What became of one changeset. Rejects with what concerned its whole batch (host down, token refused), or
   * with the signal's reason.
   */
  ask(wanted: WantedChangeset, priority: Priority, signal: AbortSignal): Promise<ChangesetResult> {
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

  /** Asks for one slot at a time a host; high priority asks on its own account, so that it waits behind nobody. */
  #askForSlot(host: string, priority: Priority): void {
    const name = `${priority} ${host}`;
    if (this.#asking.has(name)) return;
    this.#asking.add(name);
    // All claims that the queue gave at once begin within a turn of the event loop: they go together.
    setImmediate(async () => {
      try {
        await this.#slots.run(host, priority, NEVER, async lost => {
          this.#asking.delete(name);
          await this.#run(host, lost);
        });
      } catch (error) {
        // No slot could be had, nor will be for those that wait.
        this.#asking.delete(name);
        this.#refuse(host, error);
      }
      if ((this.#waiting.get(host) ?? []).length > 0) this.#askForSlot(host, 'normal');
    });
  }

  #refuse(host: string, error: unknown): void {
    const all = this.#waiting.get(host) ?? [];
    this.#waiting.delete(host);
    for (const asked of all) asked.reject(error);
  }

  /** @param lost aborts when the slot is somebody else's. Never rejects. */
  async #run(host: string, lost: AbortSignal): Promise<void> {
    const all = this.#waiting.get(host) ?? [];
    const inOrder = [
      ...all.filter(({ priority }) => priority === 'high'),
      ...all.filter(({ priority }) => priority === 'normal'),
    ];
    const batch = inOrder.slice(0, this.#maxBatch(host));
    this.#waiting.set(
      host,
      all.filter(asked => !batch.includes(asked)),
    );
    if (batch.length === 0) return;
    // More wait than fit: another slot may take them meanwhile.
    if (all.length > batch.length) this.#askForSlot(host, 'normal');
    const left = new Map(batch.map(asked => [changesetKey(asked.wanted.ref), asked]));
    const stop = stopWhenAllAbort(batch);
    try {
      const priority = batch.some(asked => asked.priority === 'high') ? 'high' : 'normal';
      const wanted = batch.map(asked => asked.wanted);
      const results = this.#hosts.of(host).fetchChangesets(wanted, {
        signal: AbortSignal.any([stop.signal, lost]),
        priority,
      });
      for await (const result of results) {
        left.get(changesetKey(result.ref))?.resolve(result);
        left.delete(changesetKey(result.ref));
      }
      const unanswered = new SluiceError(
        'forge_answer_invalid',
        `${host} did not answer for every changeset asked for`,
      );
      for (const asked of left.values()) asked.reject(unanswered);
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
  const abortWhenAll = (): void => {
    if (batch.every(({ signal }) => signal.aborted)) controller.abort(batch[0]?.signal.reason);
  };
  for (const { signal } of batch) signal.addEventListener('abort', abortWhenAll);
  abortWhenAll();
  return {
    signal: controller.signal,
    dispose: () => {
      for (const { signal } of batch) signal.removeEventListener('abort', abortWhenAll);
    },
  };
}
