import type { Clock } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import { Lease, underLease } from '../../base/lease.ts';
import type { Claim } from './work-queue.ts';

/** Hears what becomes of a claim; whoever works under it must then stop. May hear it again: the first time counts. */
export interface ClaimListener {
  /** `lease_lost`: another worker has it, or its lease has ended without a sign of life. */
  onLost(reason: SluiceError): void;
  /** The item was taken off the schedule while it runs: still held, but nobody wants the result. */
  onDropped?(): void;
}

/** What is held for a while, and no longer unless it is prolonged: a claim, a slot for a call. */
export interface Leased {
  readonly leaseUntilMs: number;
  /** To which a beat prolongs it; `HeartbeatOptions.leaseMs` unless given. */
  readonly leaseMs?: number;
}

export interface HeartbeatOptions<T extends Leased = Claim> {
  readonly queue: {
    /** As `WorkQueue.heartbeat`. */
    heartbeat(
      held: readonly T[],
      leaseMs: number,
    ): Promise<{ readonly lost: readonly T[]; readonly dropped: readonly T[] }>;
  };
  readonly clock: Clock;
  /** To which each beat prolongs the claims; a third of it passes between two. */
  readonly leaseMs: number;
  /** The queue could not be reached. The claims hold until their leases end, and the next beat tries again. */
  readonly onFailure?: (error: unknown) => void;
}

/** Beats that wait for their answer at once: a slow one must not keep the next from being in time. */
const MOST_BEATS = 3;

interface HeldClaim {
  readonly listener: ClaimListener;
  /** Until when it is held for certain; later it may have been taken back. */
  readonly lease: Lease;
}

/**
 * Keeps claims alive while work is done under them:
 *
 *   no claims ──hold()──▶ beating every third of a lease ──the last one is let go, or stop()──▶ no claims
 *
 *   a claim: held ──a beat prolongs it──▶ held ──let go──▶ over
 *              └─ answered as lost, or not prolonged before its lease ended ─▶ `onLost`; it is let go by the caller
 */
export class Heartbeat<T extends Leased = Claim> {
  readonly #options: HeartbeatOptions<T>;
  readonly #held = new Map<T, HeldClaim>();
  #beating = 0;
  #cancelBeat: () => void = () => undefined;

  constructor(options: HeartbeatOptions<T>) {
    this.#options = options;
  }

  /**
   * Begins to keep a claim alive. @returns lets it go; may be repeated. Settling the claim is the caller's business.
   * @param lease of the claim (`leaseOf`), where something works under it
   */
  hold(claim: T, listener: ClaimListener, lease: Lease = leaseOf(claim, this.#options.clock)): () => void {
    if (this.#held.size === 0) this.#beatLater();
    this.#held.set(claim, { listener, lease });
    return () => {
      // What goes on afterwards is nothing of the claim's.
      if (this.#held.delete(claim) && !lease.isOver) lease.release();
      if (this.#held.size === 0) this.#cancelBeat();
    };
  }

  /**
   * Has claims count as lost whose leases have ended, as every beat does: for whoever is about to do what only the holder
   * may, since a process that stood still may get there before its next beat.
   */
  check(): void {
    this.#loseExpired();
  }

  /** Lets all claims go: their leases end by themselves. May be repeated. */
  stop(): void {
    this.#held.clear();
    this.#cancelBeat();
  }

  #beatLater(): void {
    const { clock, leaseMs } = this.#options;
    this.#cancelBeat = clock.timer(leaseMs / 3, () => {
      this.#beatLater();
      // Whoever stood still for a lease (SIGSTOP, a laptop that slept), or whose last beat still waits for the database,
      // must not go on: another may have taken over, and only asking takes time.
      this.#loseExpired();
      if (this.#beating < MOST_BEATS) void this.#beat();
    });
  }

  async #beat(): Promise<void> {
    const { queue, clock, leaseMs, onFailure } = this.#options;
    const beaten = [...this.#held];
    this.#beating += 1;
    const startMs = clock.monotonicMs();
    try {
      const claims = beaten.map(([claim]) => claim);
      const { lost, dropped } = await queue.heartbeat(claims, leaseMs);
      for (const [claim, held] of beaten) {
        if (lost.includes(claim)) held.lease.lose();
        else held.lease.prolong(startMs + (claim.leaseMs ?? leaseMs));
        // Let go while the queue was asked.
        if (!this.#held.has(claim)) continue;
        if (lost.includes(claim))
          held.listener.onLost(new SluiceError('lease_lost', 'another worker has taken over'));
        if (dropped.includes(claim)) held.listener.onDropped?.();
      }
    } catch (error) {
      onFailure?.(error);
      this.#loseExpired();
    } finally {
      this.#beating -= 1;
    }
  }

  #loseExpired(): void {
    for (const { listener, lease } of this.#held.values()) {
      if (!lease.isOver) continue;
      lease.lose();
      listener.onLost(new SluiceError('lease_lost', 'the claim could not be prolonged in time'));
    }
  }
}

/** Of what is held, as it was taken. */
export function leaseOf({ leaseUntilMs }: Leased, clock: Clock): Lease {
  return new Lease(clock, clock.monotonicMs() + leaseUntilMs - clock.nowMs());
}

/**
 * Runs `action` under one claim, kept alive meanwhile; the signal that `action` gets aborts with `lease_lost` when the
 * claim is held no more. Settling it is the caller's business.
 */
export async function underClaim<T>(
  claim: Claim,
  options: HeartbeatOptions,
  action: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const lease = leaseOf(claim, options.clock);
  const letGo = new Heartbeat(options).hold(claim, { onLost: reason => lost.abort(reason) }, lease);
  try {
    return await underLease(lease, () => action(lost.signal));
  } finally {
    letGo();
  }
}
