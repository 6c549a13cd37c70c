import type { Clock } from '../../base/clock.ts';
import { asSluiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { FileRecord, Journal } from '../../keep/local/journal.ts';
import type { DeliveryOutcome } from '../attempt/attempt-context.ts';
import type { Destination } from '../destinations.ts';
import type { DeliverySettings } from '../settings.ts';
import type { EndpointHealthChecks } from './endpoint-health.ts';
import { ReadyQueue } from './ready-queue.ts';

/** Records chosen ahead of their upload; all others are rows. */
const LOOK_AHEAD = 1024;
/** A record whose flight broke down on this side (the journal's disk is full) is left alone so long. */
const BROKEN_PAUSE_MS = 5_000;
/** The longest wait for a next try that one timer covers. */
const LONGEST_NAP_MS = 60_000;
/** A wall clock that falls behind the monotonic one by more was set back. */
const SET_BACK_MS = 1_000;

export interface DispatcherOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
  readonly links: EndpointHealthChecks;
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly settings: DeliverySettings;
  readonly fly: (
    record: FileRecord,
    destination: Destination,
    signal: AbortSignal,
  ) => Promise<DeliveryOutcome>;
  readonly onLanded: (record: FileRecord, landing: DeliveryOutcome) => void;
}

/**
 * Chooses what is uploaded next and keeps the lanes full.
 *
 * States: shut ──open()──▶ open ──shut()──▶ shut, any number of times; ──drain()──▶ drained (final).
 * Shut, it chooses nothing and what runs goes on. A record is chosen from the journal when its time has come, its link is
 * not offline, and it is not claimed already (V2).
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #queue: ReadyQueue;
  readonly #flights = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  readonly #broken = new Set<() => void>();
  #isOpen = false;
  #drained = false;
  /** Whether the journal may hold something due that is not claimed. */
  #mayHaveDue = true;
  #pumping = false;
  #cancelNap: (() => void) | undefined;
  #napUntilMs = Number.POSITIVE_INFINITY;
  #idleWaiters: (() => void)[] = [];
  /** Wall clock less monotonic clock, when last looked at; before the first look any clock counts as set back. */
  #clockOffsetMs = Number.POSITIVE_INFINITY;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#queue = new ReadyQueue(options.settings);
  }

  /** Uploads under way. */
  get running(): number {
    return this.#queue.running;
  }

  open(): void {
    if (this.#isOpen || this.#drained) return;
    this.#isOpen = true;
    this.wake();
  }

  shut(): void {
    this.#isOpen = false;
    this.#queue.clear();
    this.#mayHaveDue = true;
  }

  /** A record that has just come into being or become due; it need not be due. */
  offer(record: FileRecord): void {
    const nowMs = this.#options.clock.nowMs();
    if (record.nextAttemptAtMs === null || this.#queue.has(record.id)) return;
    if (record.nextAttemptAtMs > nowMs) {
      this.dueAt(record.nextAttemptAtMs);
      return;
    }
    if (!this.#isOpen || this.#mayHaveDue || this.#queue.length >= LOOK_AHEAD) this.#mayHaveDue = true;
    else this.#queue.offer(record);
    this.#pumpSoon();
  }

  /** Something may have become due: looks into the journal. */
  wake(): void {
    this.#mayHaveDue = true;
    this.#pumpSoon();
  }

  /** Something will be due then. */
  dueAt(atMs: number): void {
    if (atMs >= this.#napUntilMs || this.#drained) return;
    const nowMs = this.#options.clock.nowMs();
    // A time that was set before the clock was set back may be a day away now.
    this.#noticeSetBack(nowMs);
    this.#cancelNap?.();
    this.#napUntilMs = atMs;
    const waitMs = Math.min(Math.max(0, atMs - nowMs), LONGEST_NAP_MS);
    this.#cancelNap = this.#options.clock.timer(waitMs, () => {
      this.#napUntilMs = Number.POSITIVE_INFINITY;
      this.wake();
    });
  }

  /** Resolves when nothing is due, chosen or under way, or `signal` aborts (then it rejects). */
  idle(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#idleWaiters.push(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
      this.#pumpSoon();
    });
  }

  /**
   * Chooses nothing any more, lets what runs finish for `graceMs`, then cuts it off: it is handed back and goes on at the next
   * start, uploads in parts where they were. Resolves when nothing runs. May be called again.
   */
  async drain(graceMs: number): Promise<void> {
    this.shut();
    this.#drained = true;
    this.#cancelNap?.();
    const cancel = this.#options.clock.timer(graceMs, () =>
      this.#abort.abort(new DOMException('stopping', 'AbortError')),
    );
    await Promise.all(this.#flights);
    cancel();
    for (const cancelPause of this.#broken) cancelPause();
    this.#broken.clear();
  }

  #pumpSoon(): void {
    if (this.#pumping || this.#drained) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      if (!this.#drained) this.#pump();
    });
  }

  #pump(): void {
    if (this.#isOpen) {
      if (this.#mayHaveDue && this.#queue.length < LOOK_AHEAD / 4) this.#refill();
      for (let record = this.#queue.next(); record; record = this.#queue.next()) this.#launch(record);
    }
    const isIdle =
      this.#queue.length === 0 && this.#queue.running === 0 && !(this.#isOpen && this.#mayHaveDue);
    if (isIdle) for (const tell of this.#idleWaiters.splice(0)) tell();
  }

  /** Reads what is due, a bounded number of rows; an offline endpoint's are left where they are unless tries count (V10). */
  #refill(): void {
    const { journal, clock, destinations, log } = this.#options;
    const nowMs = clock.nowMs();
    this.#noticeSetBack(nowMs);
    // A share each, so that one profile's backlog does not keep the others waiting.
    const share = Math.ceil(LOOK_AHEAD / Math.max(1, destinations.size));
    const want = share + this.#queue.claimed;
    let isMore = false;
    try {
      for (const [profile, destination] of destinations) {
        if (this.#isHeld(destination)) continue;
        const due = journal.due(profile, nowMs, want);
        let offered = 0;
        for (const record of due) if (offered < share && this.#queue.offer(record)) offered += 1;
        if (offered === share || due.length === want) isMore = true;
        const nextMs = journal.nextDueMs(profile, nowMs);
        if (nextMs !== undefined) this.dueAt(nextMs);
      }
    } catch (error) {
      log.error({ reason: asSluiceError(error).message }, 'cannot read the journal');
      this.dueAt(nowMs + BROKEN_PAUSE_MS);
    }
    this.#mayHaveDue = isMore;
  }

  /** Times of next tries are wall clock: when it is set back, also between two runs, they would be too far away. */
  #noticeSetBack(nowMs: number): void {
    const { journal, clock, log } = this.#options;
    const offsetMs = nowMs - clock.monotonicMs();
    const isSetBack = offsetMs < this.#clockOffsetMs - SET_BACK_MS;
    this.#clockOffsetMs = offsetMs;
    if (!isSetBack) return;
    journal.rewind(nowMs).then(
      files => {
        if (files === 0) return;
        log.info({ files }, 'the clock was set back; waiting files wait as long as they were to');
        this.wake();
      },
      error =>
        log.error(
          { reason: asSluiceError(error).message },
          'could not set times after the clock was set back',
        ),
    );
  }

  /** The time that the flight gave its record: the rounds may be far apart. */
  #noteNextTry(id: number): void {
    try {
      const atMs = this.#options.journal.byId(id)?.nextAttemptAtMs ?? null;
      if (atMs !== null) this.dueAt(atMs);
    } catch {
      // The next look into the journal finds it, and says what is wrong with the journal.
      this.#mayHaveDue = true;
    }
  }

  #isHeld(destination: Destination): boolean {
    return this.#options.settings.offline === 'hold' && this.#options.links.isOffline(destination.endpoint);
  }

  #launch(record: FileRecord): void {
    const { destinations, fly, onLanded, log, clock } = this.#options;
    const destination = destinations.get(record.profile);
    if (!destination || this.#isHeld(destination)) {
      // It stays due; the link's return wakes us.
      this.#queue.done(record);
      return;
    }
    const flight = fly(record, destination, this.#abort.signal).then(
      landing => {
        this.#queue.done(record);
        onLanded(record, landing);
        if (landing === 'waiting' || landing === 'blocked') this.#noteNextTry(record.id);
      },
      error => {
        const { profile, bucket, filepath } = record;
        const reason = asSluiceError(error).message;
        log.error(
          { profile, bucket, path: filepath, record: record.id, reason },
          'delivery broke off; tried again soon',
        );
        const cancel = clock.timer(BROKEN_PAUSE_MS, () => {
          this.#broken.delete(cancel);
          this.#queue.done(record);
          this.wake();
        });
        this.#broken.add(cancel);
      },
    );
    const kept = flight.finally(() => {
      this.#flights.delete(kept);
      this.#pumpSoon();
    });
    this.#flights.add(kept);
  }
}
