import type { Clock } from '../base/clock.ts';
import { asSluiceError, SluiceError } from '../base/errors.ts';
import type { Service } from '../base/lifecycle.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { EndedWork, WorkHandler } from './queue/handler.ts';
import { Heartbeat, leaseOf } from './queue/heartbeat.ts';
import { RunningClaim } from './queue/running-claim.ts';
import type { ClaimRequest, WorkQueue } from './queue/work-queue.ts';
import { newWorkerId } from './queue/worker-id.ts';

/**
 * States of the workers:
 *
 *   idle ──start()──▶ running ──stop()──▶ draining ──all over, or drainMs──▶ aborting ──all over, or abortMs──▶ stopped
 *
 *  running   claims when there is room: after a put of this process, a piece of work that is over, the next due
 *            time, what another process wrote, and every pollMs for what announces itself to nobody: leases that end
 *  draining  claims nothing; what runs may finish
 *  aborting  what still runs is asked to stop, and handed back without counting a failure
 *  stopped   final. A handler that did not stop even then keeps its claim until its lease ends or its process is
 *            gone: handing it back while it runs would let another work beside it.
 */
type State = 'idle' | 'running' | 'draining' | 'aborting' | 'stopped';

export interface WorkersOptions {
  readonly name: string;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** From `newWorkerId`; a new one when absent. */
  readonly worker?: string;
  /** By kind of work; nothing else is claimed. */
  readonly handlers: ReadonlyMap<string, WorkHandler>;
  /** At most so many at once here. */
  readonly concurrency: number;
  /**
   * Work that has run for so long leaves its place to others, for as many at once as `concurrency` says, so that what
   * waits for a slow far side does not keep all others waiting; it keeps its place in its group. Never by default.
   */
  readonly longAfterMs?: number;
  /** At most so many at once of a group, other workers' included (see ClaimRequest). */
  readonly perGroup?: ClaimRequest['perGroup'];
  /** Called with every claim that is over; must not throw. */
  readonly onEnd?: (ended: EndedWork) => void;
  readonly timing?: Partial<WorkersTiming>;
}

export interface WorkersTiming {
  /** A worker that is silent for longer loses its work; a third of it passes between signs of life. The queue's own. */
  readonly leaseMs: number;
  /** Longest pause between two claims, whatever the queue announces: work whose lease has run out is not announced. */
  readonly pollMs: number;
  /** How long running work may take to finish once stop() is called, */
  readonly drainMs: number;
  /** and how long after that to stop once it is aborted. */
  readonly abortMs: number;
  /** Between two searches for processes that are gone. */
  readonly deadCheckMs: number;
}

const DEFAULT_TIMING: Omit<WorkersTiming, 'leaseMs'> = {
  pollMs: 5000,
  drainMs: 10_000,
  abortMs: 5000,
  deadCheckMs: 5000,
};

/** Waits after errors of the queue itself: doubling from the first to the longest. */
const FIRST_ERROR_WAIT_MS = 250;
const LONGEST_ERROR_WAIT_MS = 30_000;

/**
 * A bounded pool that works off the queue. Nothing in it runs while nothing is due, save one cheap claim every pollMs.
 */
export class Workers implements Service {
  readonly name: string;
  readonly #options: WorkersOptions;
  readonly #timing: WorkersTiming;
  readonly #worker: string;
  readonly #active = new Set<RunningClaim>();
  readonly #heartbeat: Heartbeat;
  #state: State = 'idle';
  /** The loop of claims, from start() on. */
  #loop: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  /** Something may have become claimable since the last claim. */
  #isWoken = false;
  /** The loop's present pause. One after an error is ended by stop() only. */
  #pause: { readonly isAfterError: boolean; readonly end: () => void } | undefined;
  #deadCheckedMs = Number.NEGATIVE_INFINITY;
  #unsubscribe: () => void = () => undefined;

  constructor(options: WorkersOptions) {
    this.name = options.name;
    this.#options = options;
    this.#timing = { ...DEFAULT_TIMING, leaseMs: options.queue.leaseMs, ...options.timing };
    this.#worker = options.worker ?? newWorkerId();
    const { name, queue, clock, log } = options;
    this.#heartbeat = new Heartbeat({
      queue,
      clock,
      leaseMs: this.#timing.leaseMs,
      onFailure: error => {
        const { code, message } = asSluiceError(error);
        log.warn({ code, reason: message }, `${name} could not prolong its claims`);
      },
    });
  }

  /** How many pieces of work run here. */
  get active(): number {
    return this.#active.size;
  }

  /** Has work be aborted whose claims may be somebody else's by now: see `Heartbeat.check`. */
  checkClaims(): void {
    this.#heartbeat.check();
  }

  /** Something may have become claimable that no queue announces: a group has room again. */
  wake(): void {
    this.#wake();
  }

  async start(): Promise<void> {
    if (this.#state === 'running') return;
    if (this.#state !== 'idle') throw new SluiceError('stopping', `${this.name}: already stopped`);
    this.#state = 'running';
    this.#unsubscribe = this.#options.queue.onWork(() => this.#wake());
    this.#loop = this.#run();
  }

  /** Finishes or hands back what runs, as the states above say. Never throws. May be repeated. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
    this.#state = 'draining';
    this.#pause?.end();
    await this.#loop;
    if (!(await this.#allOver(this.#timing.drainMs))) {
      this.#state = 'aborting';
      for (const one of this.#active) one.abort(new SluiceError('stopping', 'the station is stopping'));
      await this.#allOver(this.#timing.abortMs);
    }
    for (const one of this.#active) {
      this.#options.log.warn({ key: one.claim.key }, 'work did not stop in time');
      one.abandon();
    }
    this.#unsubscribe();
    this.#heartbeat.stop();
    this.#state = 'stopped';
  }

  /** Whether all that runs was over within `ms`. */
  async #allOver(ms: number): Promise<boolean> {
    if (this.#active.size === 0) return true;
    const done = new AbortController();
    const over = Promise.all([...this.#active].map(one => one.over)).then(() => true);
    const late = this.#options.clock.sleep(ms, done.signal).then(
      () => false,
      () => false,
    );
    const result = await Promise.race([over, late]);
    done.abort();
    return result;
  }

  #isRunning(): boolean {
    return this.#state === 'running';
  }

  /** Claims, pauses until another claim may bring something, and so on until stop(). */
  async #run(): Promise<void> {
    let errorsInRow = 0;
    while (this.#isRunning()) {
      this.#isWoken = false;
      try {
        const waitMs = await this.#claim();
        errorsInRow = 0;
        if (!this.#isWoken && this.#isRunning()) await this.#wait(waitMs);
      } catch (error) {
        // The queue failed (database locked, disk full): the workers live on and ask again, ever more seldom.
        const { log, random } = this.#options;
        const { code, message } = asSluiceError(error);
        const waitMs = Math.min(FIRST_ERROR_WAIT_MS * 2 ** errorsInRow, LONGEST_ERROR_WAIT_MS);
        errorsInRow += 1;
        log.error({ code, reason: message }, `${this.name} cannot reach the queue; trying again`);
        if (this.#isRunning()) await this.#wait(waitMs * (1 + 0.2 * random()), true);
      }
    }
  }

  /** Claims as much as there is room for; answers how long until another claim is worth it. */
  async #claim(): Promise<number> {
    const { queue, clock, handlers, perGroup } = this.#options;
    const { leaseMs, pollMs } = this.#timing;
    const room = this.#room();
    // A piece of work that is over wakes the loop.
    if (room < 1) return pollMs;
    await this.#releaseDead();
    const kinds = [...handlers.keys()];
    const beforeMs = clock.nowMs();
    const claims = await queue.claim({ worker: this.#worker, kinds, max: room, perGroup, leaseMs });
    if (!this.#isRunning()) {
      // stop() was called meanwhile.
      await Promise.all(claims.map(claim => queue.release(claim)));
      return 0;
    }
    for (const claim of claims) this.#begin(claim);
    if (claims.length === room) return pollMs;
    // Due items that were left lie in full groups: only later times count, or the loop would spin.
    const nextMs = await queue.nextDueAt({ kinds, afterMs: beforeMs });
    if (nextMs === null) return pollMs;
    return Math.min(pollMs, Math.max(0, nextMs - clock.nowMs()));
  }

  #room(): number {
    const { clock, concurrency, longAfterMs = Number.POSITIVE_INFINITY } = this.#options;
    const longMs = clock.monotonicMs() - longAfterMs;
    const long = [...this.#active].filter(({ startedMs }) => startedMs <= longMs).length;
    return concurrency - (this.#active.size - Math.min(long, concurrency));
  }

  async #releaseDead(): Promise<void> {
    const { queue, clock, log } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#deadCheckedMs < this.#timing.deadCheckMs) return;
    const released = await queue.releaseDead();
    this.#deadCheckedMs = nowMs;
    if (released > 0) log.info({ released }, 'took back work of a process that is gone');
  }

  #begin(claim: RunningClaim['claim']): void {
    const { queue, clock, random, log, handlers, onEnd } = this.#options;
    const handler = handlers.get(claim.kind);
    if (!handler) throw new SluiceError('internal', `no handler for ${claim.kind}`, { subject: claim.key });
    const lease = leaseOf(claim, clock);
    const options = { queue, clock, random, log, handler, lease, onEnd: onEnd ?? (() => undefined) };
    const running = new RunningClaim(claim, options);
    this.#active.add(running);
    const listener = {
      onLost: (reason: SluiceError) => running.abort(reason),
      onDropped: () => running.abort(new SluiceError('cancelled', 'taken off the schedule')),
    };
    const letGo = this.#heartbeat.hold(claim, listener, lease);
    running.over.then(() => {
      letGo();
      this.#active.delete(running);
      this.#wake();
    });
  }

  #wake(): void {
    this.#isWoken = true;
    if (!this.#pause?.isAfterError) this.#pause?.end();
  }

  #wait(ms: number, isAfterError = false): Promise<void> {
    return new Promise(resolve => {
      const cancel = this.#options.clock.timer(ms, resolve);
      const end = (): void => {
        cancel();
        resolve();
      };
      this.#pause = { isAfterError, end };
    });
  }
}
