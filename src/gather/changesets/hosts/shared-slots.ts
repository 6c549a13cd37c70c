import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import { Heartbeat } from '../../../engine/queue/heartbeat.ts';
import type { CallSlot, SharedCalls } from '../../../keep/store/shared-calls.ts';

/** Somebody who stands still has no slot any more after that. */
const LEASE_MS = 15_000;
/** Between two looks for a slot where other stations have them all. */
const POLL_MS = 100;

/** A slot with the time until which it is this station's, on this machine's clock. */
interface LeasedSlot extends CallSlot {
  readonly leaseUntilMs: number;
}

/** A slot that is held. */
export interface HeldSlot {
  /** Aborts when somebody else may have it: the call under it must end. */
  readonly lost: AbortSignal;
  leave(): void;
}

/**
 * Slots for calls that stations share: at most so many calls at once to a host, those of all stations counted.
 *
 *   wanted ──the store has one──▶ held ──leave()──▶ free
 *                                  └── not renewed in time ──▶ lost
 */
export class SharedSlots {
  readonly #calls: SharedCalls;
  readonly #clock: Clock;
  readonly #heartbeat: Heartbeat<LeasedSlot>;
  readonly #stopping = new AbortController();

  constructor(calls: SharedCalls, clock: Clock) {
    this.#calls = calls;
    this.#clock = clock;
    const heartbeat = async (slots: readonly LeasedSlot[], leaseMs: number) => {
      const kept = new Set((await calls.renewSlots(slots, leaseMs)).map(({ token }) => token));
      return { lost: slots.filter(({ token }) => !kept.has(token)), dropped: [] };
    };
    this.#heartbeat = new Heartbeat({ queue: { heartbeat }, clock, leaseMs: LEASE_MS });
  }

  /** Waits until the host has one. Rejects with the signal's reason, `stopping`, `database_*`. */
  async take(host: string, limit: () => number, signal: AbortSignal): Promise<HeldSlot> {
    const ends = AbortSignal.any([signal, this.#stopping.signal]);
    for (;;) {
      ends.throwIfAborted();
      const leaseUntilMs = this.#clock.nowMs() + LEASE_MS;
      const slot = await this.#calls.takeSlot(host, limit(), LEASE_MS);
      if (slot) return this.#hold({ ...slot, leaseUntilMs });
      await this.#clock.sleep(POLL_MS, ends);
    }
  }

  /** Has slots count as lost whose time is over, without waiting for the next renewal. */
  check(): void {
    this.#heartbeat.check();
  }

  /** Whoever waits is refused. What is held stays so until it is left. */
  stop(): void {
    this.#stopping.abort(new SluiceError('stopping', 'the station is stopping'));
  }

  #hold(slot: LeasedSlot): HeldSlot {
    const lost = new AbortController();
    const letGo = this.#heartbeat.hold(slot, { onLost: reason => lost.abort(reason) });
    return {
      lost: lost.signal,
      leave: () => {
        letGo();
        // Where it cannot be told, it is free once its time is over.
        this.#calls.leaveSlot(slot).catch(() => undefined);
      },
    };
  }
}
