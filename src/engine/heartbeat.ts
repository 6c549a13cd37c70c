import type { Clock } from '../base/clock.ts';
import { asSluiceError, SluiceError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { RunningClaim } from './queue/running-claim.ts';
import type { WorkQueue } from './queue/work-queue.ts';

export interface HeartbeatOptions {
  /** Whose it is, for messages. */
  readonly name: string;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly log: Logger;
  readonly leaseMs: number;
  /** What runs now. */
  readonly running: () => Iterable<RunningClaim>;
}

/**
 * Signs of life for claims that run, one every third of the lease:
 *
 *   stopped ──start()──▶ waiting ──a third of the lease──▶ beating ──the queue answers, or fails──▶ waiting
 *                                                            │ a third later, still no answer
 *                                                            └──▶ claims whose lease has ended are stopped, beating goes on
 *
 * It stops work whose claim another worker has taken over, that nobody wants any more, or that could not be prolonged
 * in time: another may have it by then.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #isBeating = false;
  #cancelTimer: () => void = () => undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, leaseMs } = this.#options;
    this.#cancelTimer = clock.timer(leaseMs / 3, () => {
      this.start();
      if (this.#isBeating) this.#stopExpired();
      else void this.#beat();
    });
  }

  /** No further signs of life. May be repeated. */
  stop(): void {
    this.#cancelTimer();
  }

  async #beat(): Promise<void> {
    const { name, queue, clock, log, leaseMs } = this.#options;
    const running = [...this.#options.running()];
    if (running.length === 0) return;
    this.#isBeating = true;
    const untilMs = clock.nowMs() + leaseMs;
    try {
      const claims = running.map(({ claim }) => claim);
      const { lost, dropped } = await queue.heartbeat(claims, leaseMs);
      for (const one of running) {
        one.leaseUntilMs = untilMs;
        if (lost.includes(one.claim))
          one.abort(new SluiceError('lease_lost', 'another worker has taken over'));
        if (dropped.includes(one.claim)) one.abort(new SluiceError('cancelled', 'taken off the schedule'));
      }
    } catch (error) {
      const { code, message } = asSluiceError(error);
      log.warn({ code, reason: message }, `${name} could not prolong its claims`);
      this.#stopExpired();
    } finally {
      this.#isBeating = false;
    }
  }

  #stopExpired(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const one of this.#options.running()) {
      if (one.leaseUntilMs > nowMs) continue;
      one.abort(new SluiceError('lease_lost', 'the claim could not be prolonged in time'));
    }
  }
}
