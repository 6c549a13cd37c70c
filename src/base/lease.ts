import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from './clock.ts';

/**
 * Until when what somebody works under is theirs. A process that stood still (SIGSTOP, a debugger) goes on where
 * it was, in any of its threads, before a timer or a message has told it that another has taken over: whoever is about to
 * begin what only the holder may (a git process) looks here first, which costs nothing but a look.
 *
 *   held ──prolong()──▶ held ──lose(), or its time has passed──▶ over
 *     └──release()──▶ released: binds nobody any more
 */
export class Lease {
  readonly #clock: Clock;
  #untilMs: number;
  #shared: BigInt64Array | undefined;

  /** @param untilMs by the clock's `monotonicMs` */
  constructor(clock: Clock, untilMs: number) {
    this.#clock = clock;
    this.#untilMs = untilMs;
  }

  get isOver(): boolean {
    return this.#untilMs <= this.#clock.monotonicMs();
  }

  /** Never shortens it, and gives nothing back that was lost. */
  prolong(untilMs: number): void {
    if (this.#untilMs !== Number.NEGATIVE_INFINITY) this.#set(Math.max(this.#untilMs, untilMs));
  }

  lose(): void {
    this.#set(Number.NEGATIVE_INFINITY);
  }

  release(): void {
    this.#set(Number.POSITIVE_INFINITY);
  }

  /** The same for other threads: `leaseOfThread` there follows what happens to it here. */
  share(): SharedArrayBuffer {
    if (!this.#shared) {
      this.#shared = new BigInt64Array(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT));
      this.#set(this.#untilMs);
    }
    return this.#shared.buffer as SharedArrayBuffer;
  }

  #set(untilMs: number): void {
    this.#untilMs = untilMs;
    if (!this.#shared) return;
    const leftMs = untilMs - this.#clock.monotonicMs();
    const until = Number.isFinite(leftMs) ? machineMs() + BigInt(Math.floor(leftMs)) : END_OF_TIME;
    Atomics.store(this.#shared, 0, leftMs > 0 ? until : 0n);
  }
}

/** What a thread knows of the lease of whoever asked it. */
export type ObservedLease = Pick<Lease, 'isOver' | 'share'>;

const END_OF_TIME = 2n ** 62n;

/** Milliseconds that are the same in all threads, as those of `Clock.monotonicMs` need not be. */
function machineMs(): bigint {
  return process.hrtime.bigint() / 1_000_000n;
}

/** A lease that another thread has shared. */
export function leaseOfThread(shared: SharedArrayBuffer): ObservedLease {
  const until = new BigInt64Array(shared);
  return {
    get isOver() {
      return Atomics.load(until, 0) <= machineMs();
    },
    share: () => shared,
  };
}

const current = new AsyncLocalStorage<ObservedLease | undefined>();

/** Runs `action`, and all that it begins, under a lease, or under none. */
export function underLease<T>(lease: ObservedLease | undefined, action: () => T): T {
  return current.run(lease, action);
}

/** Under which the caller works. */
export function currentLease(): ObservedLease | undefined {
  return current.getStore();
}
