import type { Priority } from '../../../engine/queue/work-queue.ts';
import type { SharedSlots } from './shared-slots.ts';

/**
 * Room for calls: so many at once to one host, so many overall. Who waits gets room in order of priority,
 * then in the order of asking, as far as the own host has room. Where stations share the hosts, it then waits until all of
 * them together leave room.
 */
export class CallSlots {
  readonly #limits: () => { readonly overall: number; readonly perHost: number };
  readonly #shared: SharedSlots | undefined;
  readonly #busy = new Map<string, number>();
  #running = 0;
  #waiting: Waiting[] = [];

  /**
   * @param limits as they are now
   * @param shared with other stations; undefined where there are none
   */
  constructor(limits: () => { readonly overall: number; readonly perHost: number }, shared?: SharedSlots) {
    this.#limits = limits;
    this.#shared = shared;
  }

  /** Whether a call to the host could begin now. */
  hasRoom(host: string): boolean {
    const { overall, perHost } = this.#limits();
    return this.#running < overall && (this.#busy.get(host) ?? 0) < perHost;
  }

  /**
   * Waits for room and runs `call` in it, with a signal that aborts as the given one does, and when the room is lost.
   * Rejects with the signal's reason when that aborts first; with `database_*` where other stations cannot be asked.
   */
  async run<T>(
    host: string,
    priority: Priority,
    signal: AbortSignal,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    await this.#wait(host, priority, signal);
    try {
      return await this.#runShared(host, signal, call);
    } finally {
      this.#leave(host);
    }
  }

  async #runShared<T>(
    host: string,
    signal: AbortSignal,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (!this.#shared) return call(signal);
    const held = await this.#shared.take(host, () => this.#limits().perHost, signal);
    try {
      return await call(AbortSignal.any([signal, held.lost]));
    } finally {
      held.leave();
    }
  }

  /** Resolves with room taken. */
  #wait(host: string, priority: Priority, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const waiting: Waiting = {
        host,
        priority,
        go: () => {
          signal.removeEventListener('abort', stop);
          resolve();
        },
      };
      const stop = (): void => {
        this.#waiting = this.#waiting.filter(other => other !== waiting);
        reject(signal.reason);
      };
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting.push(waiting);
      this.#admit();
    });
  }

  #enter(host: string): void {
    this.#running += 1;
    this.#busy.set(host, (this.#busy.get(host) ?? 0) + 1);
  }

  /** Gives room back and lets the next ones in. */
  #leave(host: string): void {
    this.#running -= 1;
    this.#busy.set(host, (this.#busy.get(host) ?? 0) - 1);
    this.#admit();
  }

  #admit(): void {
    for (const priority of ['high', 'normal'] as const) {
      for (const waiting of this.#waiting.filter(each => each.priority === priority)) {
        if (!this.hasRoom(waiting.host)) continue;
        this.#waiting = this.#waiting.filter(other => other !== waiting);
        this.#enter(waiting.host);
        waiting.go();
      }
    }
  }
}

interface Waiting {
  readonly host: string;
  readonly priority: Priority;
  readonly go: () => void;
}
