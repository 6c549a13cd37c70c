import { asSluiceError } from '../../base/errors.ts';
import { RepeatedMessages } from '../../base/repeated-messages.ts';
import type { FileRecord } from '../../keep/local/journal.ts';
import type { DeliveryOutcome } from '../attempt/outcome.ts';
import type { Turn } from '../attempt/upload/sending.ts';
import type { DeliveryContext } from '../context.ts';
import type { Destination } from '../destinations.ts';
import { logFields } from '../listing.ts';
import { DueTimer } from './due-timer.ts';
import { EndpointRamps } from './endpoint-ramps.ts';
import { ProfileRooms } from './profile-rooms.ts';
import { ReadyQueue } from './ready-queue.ts';

/** Records chosen ahead of their attempt; all others are rows. */
const LOOK_AHEAD = 1024;
/** A record whose attempt broke off on this side (the journal's disk is full) is left alone so long. */
const BROKEN_OFF_PAUSE_MS = 5_000;
/** What others do may be over then. */
const SHORT_PAUSE_MS = 1000;
/** Attempts that break off for the same reason are logged at most this often. */
const LOG_EVERY_MS = 60_000;

/** What the dispatcher calls: once for each record that it has chosen, and once when that has ended. */
export interface DispatcherEvents {
  /** One attempt at a record whose time has come. */
  readonly attempt: (record: FileRecord, destination: Destination, turn: Turn) => Promise<DeliveryOutcome>;
  readonly onEnded: (record: FileRecord, outcome: DeliveryOutcome) => void;
}

/**
 * Chooses what is sent next and keeps the lanes full.
 *
 *   shut ──open()──▶ open ──shut()──▶ shut, any number of times; ──drain()──▶ drained (final)
 *
 * Shut, it chooses nothing and what runs goes on. A record is chosen from the journal when its time has come and its
 * endpoint is not offline and nothing else holds it, unless it is claimed already: no file is sent twice at once.
 */
export class Dispatcher {
  readonly #context: DeliveryContext;
  readonly #events: DispatcherEvents;
  readonly #queue: ReadyQueue;
  readonly #ramps: EndpointRamps;
  readonly #rooms: ProfileRooms;
  readonly #timer: DueTimer;
  readonly #cutOff = new AbortController();
  /** Ends the pauses of records whose attempt broke off. */
  readonly #cancelPauses = new Set<() => void>();
  readonly #messages: RepeatedMessages;
  readonly #withheld = new Set<number>();
  readonly #tried = new Set<number>();
  #isOpen = false;
  #drained = false;
  /** Whether the journal may hold something due that is not claimed. */
  #mayHaveDue = true;
  #isPumpPlanned = false;
  #attempts = 0;
  #idleWaiters: (() => void)[] = [];
  #drainWaiters: (() => void)[] = [];

  constructor(context: DeliveryContext, events: DispatcherEvents) {
    this.#context = context;
    this.#events = events;
    this.#queue = new ReadyQueue(context.settings);
    const { smallAtOnce, workers, probeIntervalMs, atOnce } = context.settings;
    this.#rooms = new ProfileRooms(atOnce);
    this.#ramps = new EndpointRamps({
      clock: context.clock,
      lanes: smallAtOnce + workers,
      longestPauseMs: probeIntervalMs,
    });
    this.#messages = new RepeatedMessages(context.clock, LOG_EVERY_MS);
    this.#timer = new DueTimer(context, () => this.wake());
  }

  /** Uploads under way. */
  get running(): number {
    return this.#queue.running;
  }

  /** Whether a record is chosen or under way. */
  isClaimed(id: number): boolean {
    return this.#queue.has(id);
  }

  open(): void {
    if (this.#isOpen || this.#drained) return;
    this.#isOpen = true;
    this.wake();
  }

  shut(): void {
    this.#isOpen = false;
    this.#chooseAnew();
  }

  /** A record that has just come into being or become due; it need not be due. */
  offer(record: FileRecord): void {
    const nowMs = this.#context.clock.nowMs();
    if (record.nextAttemptAtMs === null || this.#queue.has(record.id)) return;
    if (record.nextAttemptAtMs > nowMs) {
      this.#timer.dueAt(record.nextAttemptAtMs);
      return;
    }
    const isFull = this.#queue.length >= LOOK_AHEAD || this.#isRamping(record.profile);
    if (!this.#isOpen || this.#mayHaveDue || isFull) this.#mayHaveDue = true;
    else this.#queue.offer(record);
    this.#pumpSoon();
  }

  /** An endpoint that was offline is back: a few files go first. */
  endpointBack(endpoint: string): void {
    this.#ramps.begin(endpoint);
    this.wake();
  }

  /** An endpoint asks for less: what was chosen goes as far as it bears it. */
  endpointSlow(endpoint: string): void {
    const pauseMs = this.#ramps.slow(endpoint);
    if (pauseMs === undefined) return;
    this.#chooseAnew();
    this.#timer.dueAt(this.#context.clock.nowMs() + pauseMs);
  }

  /** This machine bears less at once than is under way to an endpoint; what was handed back is due, soon. */
  machineShort(endpoint: string): void {
    const pauseMs = this.#ramps.slow(endpoint) ?? 0;
    this.#chooseAnew();
    this.#timer.dueAt(this.#context.clock.nowMs() + Math.max(pauseMs, SHORT_PAUSE_MS));
  }

  /** Something may have become due: reads the journal. */
  wake(): void {
    this.#mayHaveDue = true;
    this.#pumpSoon();
  }

  /**
   * Keeps a record from being tried until the function returned is called. Undefined while it is being tried, or is
   * withheld already.
   */
  withhold(id: number): (() => void) | undefined {
    if (!this.#queue.withhold(id)) return undefined;
    this.#withheld.add(id);
    this.#rooms.forget(id);
    return () => {
      if (!this.#withheld.delete(id)) return;
      this.#queue.handBack(id);
      this.wake();
    };
  }

  /** Whether a record's file gives way on a full disk just now. */
  isWithheld(id: number): boolean {
    return this.#withheld.has(id);
  }

  /** Ids of the records that are being tried this very moment. */
  get tried(): readonly number[] {
    return [...this.#tried];
  }

  /** Whether a record is being tried this very moment. */
  isTried(id: number): boolean {
    return this.#tried.has(id);
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
   * Chooses nothing any more, lets what runs finish for `graceMs`, then cuts it off: it is handed back and goes on at
   * the next start, uploads in parts where they were. Resolves when nothing runs. May be called again.
   */
  async drain(graceMs: number): Promise<void> {
    this.shut();
    this.#drained = true;
    this.#timer.stop();
    const cancel = this.#context.clock.timer(graceMs, () =>
      this.#cutOff.abort(new DOMException('stopping', 'AbortError')),
    );
    if (this.#attempts > 0) await new Promise<void>(resolve => this.#drainWaiters.push(resolve));
    cancel();
    for (const cancelPause of this.#cancelPauses) cancelPause();
    this.#cancelPauses.clear();
  }

  /** Gives up what was chosen and has not begun; it is due still. */
  #chooseAnew(): void {
    for (const { profile, id } of this.#queue.clear()) {
      this.#rooms.ended(profile, id);
      const destination = this.#context.destinations.get(profile);
      if (destination) this.#ramps.handBack(destination.endpoint, id);
    }
    this.#mayHaveDue = true;
  }

  #pumpSoon(): void {
    if (this.#isPumpPlanned || this.#drained) return;
    this.#isPumpPlanned = true;
    setImmediate(() => {
      this.#isPumpPlanned = false;
      if (!this.#drained) this.#pump();
    });
  }

  #pump(): void {
    if (this.#isOpen) {
      if (this.#mayHaveDue && this.#queue.length < LOOK_AHEAD / 4) this.#refill();
      for (let record = this.#queue.next(); record; record = this.#queue.next()) this.#launch(record);
    }
    const isIdle =
      this.#queue.length === 0 &&
      this.#queue.running === 0 &&
      this.#queue.proving === 0 &&
      !(this.#isOpen && this.#mayHaveDue);
    if (isIdle) for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  /** Reads what is due, a bounded number of rows; an offline endpoint's are left where they are unless tries count. */
  #refill(): void {
    const { journal, clock, destinations, holds, log } = this.#context;
    const nowMs = clock.nowMs();
    this.#timer.noticeSetBack(nowMs);
    // A share each, so that one profile's backlog does not keep the others waiting.
    const share = Math.ceil(LOOK_AHEAD / Math.max(1, destinations.size));
    let isMore = false;
    try {
      for (const [profile, destination] of destinations) {
        if (this.#isOffline(destination)) continue;
        for (const record of holds.trialsOf(profile)) this.#queue.offer(record);
        if (holds.holdsAll(destination)) continue;
        const room = Math.min(this.#ramps.room(destination.endpoint), this.#rooms.room(profile));
        const wanted = Math.min(share, room);
        const due = wanted === 0 ? [] : journal.due(profile, nowMs, wanted, this.#queue.claimed);
        let offered = 0;
        for (const record of due) {
          if (!this.#queue.offer(record)) continue;
          this.#ramps.chose(destination.endpoint, record.id);
          this.#rooms.chose(profile, record.id);
          offered += 1;
        }
        // Where room is what is wanting, the end of an attempt tells, or that of a pause: its timer may have gone to
        // something sooner.
        if (wanted === share && offered === share) isMore = true;
        const pauseLeftMs = this.#ramps.pauseLeftMs(destination.endpoint);
        if (pauseLeftMs > 0) this.#timer.dueAt(nowMs + pauseLeftMs);
        const nextMs = journal.nextDueMs(profile, nowMs);
        if (nextMs !== undefined) this.#timer.dueAt(nextMs);
      }
    } catch (error) {
      if (!holds.journalFailed(error))
        log.error({ reason: asSluiceError(error).message }, 'cannot read the journal');
      this.#timer.dueAt(nowMs + BROKEN_OFF_PAUSE_MS);
    }
    this.#mayHaveDue = isMore;
  }

  /** What may be sent to it is counted, so that only the journal's reading offers it. */
  #isRamping(profile: string): boolean {
    if (this.#rooms.room(profile) !== Number.POSITIVE_INFINITY) return true;
    const destination = this.#context.destinations.get(profile);
    return destination !== undefined && this.#ramps.room(destination.endpoint) !== Number.POSITIVE_INFINITY;
  }

  #isOffline(destination: Destination): boolean {
    const { settings, endpoints } = this.#context;
    return settings.offline === 'hold' && endpoints.isOffline(destination.endpoint);
  }

  #isHeld(record: FileRecord, destination: Destination): boolean {
    const { holds } = this.#context;
    return this.#isOffline(destination) || (holds.holdsAll(destination) && !holds.isTrial(record.id));
  }

  #launch(record: FileRecord): void {
    const destination = this.#context.destinations.get(record.profile);
    if (!destination || this.#isHeld(record, destination)) {
      // It stays due; the place that is right again wakes us.
      this.#queue.release(record);
      this.#rooms.ended(record.profile, record.id);
      if (destination) this.#ramps.handBack(destination.endpoint, record.id);
      return;
    }
    this.#attempts += 1;
    this.#tried.add(record.id);
    void this.#attempt(record, destination);
  }

  async #attempt(record: FileRecord, destination: Destination): Promise<void> {
    const turn: Turn = {
      signal: this.#cutOff.signal,
      onWait: () => {
        this.#queue.sent(record);
        this.#rampEnded(record, destination, true);
        this.#pumpSoon();
      },
    };
    try {
      const outcome = await this.#events.attempt(record, destination, turn);
      this.#events.onEnded(record, outcome);
      this.#queue.release(record);
      this.#rampEnded(record, destination, outcome === 'completed');
      if (outcome === 'waiting' || outcome === 'blocked') this.#noteNextTry(record.id);
    } catch (error) {
      this.#leaveAlone(record, error);
      this.#rampEnded(record, destination, false);
    }
    this.#attempts -= 1;
    this.#tried.delete(record.id);
    if (this.#attempts === 0) for (const resolve of this.#drainWaiters.splice(0)) resolve();
    this.#pumpSoon();
  }

  #rampEnded({ id, profile }: FileRecord, { endpoint }: Destination, hasArrived: boolean): void {
    if (this.#rooms.ended(profile, id)) this.#mayHaveDue = true;
    if (this.#ramps.ended(endpoint, id, hasArrived)) this.#mayHaveDue = true;
  }

  /** The time that the attempt gave its record: maintenance may be far away. */
  #noteNextTry(id: number): void {
    try {
      const atMs = this.#context.journal.byId(id)?.nextAttemptAtMs ?? null;
      if (atMs === null) return;
      if (atMs <= this.#context.clock.nowMs()) this.#mayHaveDue = true;
      else this.#timer.dueAt(atMs);
    } catch {
      // The next reading of the journal brings it up, and logs what is wrong with the journal.
      this.#mayHaveDue = true;
    }
  }

  /** The attempt broke off on this side: its record stays claimed for a while, since it would break off again. */
  #leaveAlone(record: FileRecord, error: unknown): void {
    const { holds, log, clock } = this.#context;
    const { code, message: reason } = asSluiceError(error);
    // What is wrong with the journal is said by its hold.
    const suppressed = holds.journalFailed(error) ? undefined : this.#messages.admit(code);
    if (suppressed !== undefined) {
      const facts = { ...logFields(record), code, reason, repeated: suppressed || undefined };
      log.error(facts, 'delivery broke off; tried again soon');
    }
    const cancel = clock.timer(BROKEN_OFF_PAUSE_MS, () => {
      this.#cancelPauses.delete(cancel);
      this.#queue.release(record);
      this.wake();
    });
    this.#cancelPauses.add(cancel);
  }
}
