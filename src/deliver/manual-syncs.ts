import { asSluiceError } from '../base/errors.ts';
import type { FileRecord } from '../keep/local/journal.ts';
import type { DeliveryOutcome } from './attempt/outcome.ts';
import type { DeliveryContext } from './context.ts';
import type { Gate } from './gate.ts';
import type { Intake } from './intake/intake.ts';
import type { Watch } from './intake/watch/watch.ts';
import type { Maintenance } from './maintenance.ts';
import type { Dispatcher } from './queue/dispatcher.ts';
import { holdStatuses } from './queue/hold-status.ts';
import { nothingAnswers, SyncCount, type SyncOutcome, type SyncPatience, unfinishedOf } from './sync-now.ts';

export interface ManualSyncsParts {
  readonly context: DeliveryContext;
  readonly gate: Gate;
  readonly dispatcher: Dispatcher;
  readonly maintenance: Maintenance;
  readonly watch: Watch;
  readonly intake: Intake;
  /** Files that wait in a folder for it to be read. */
  readonly waitingIn: (place: string) => number;
  /** Ends all of them. */
  readonly stopping: AbortSignal;
}

/** Syncs that persons asked for: each sends what there is, with the gate held open, and tells what came of it. */
export class ManualSyncs {
  readonly #parts: ManualSyncsParts;
  readonly #underWay = new Set<SyncCount>();

  constructor(parts: ManualSyncsParts) {
    this.#parts = parts;
  }

  /** An attempt ended. */
  note(record: FileRecord, outcome: DeliveryOutcome): void {
    for (const sync of this.#underWay) sync.note(record, outcome);
  }

  /** As Delivery.syncNow has it. */
  async run(callerSignal: AbortSignal, { quietMs }: SyncPatience = {}): Promise<SyncOutcome> {
    const { context, stopping } = this.#parts;
    const { clock, log, journal, endpoints } = context;
    const caller = new AbortController();
    const onAbort = (): void => caller.abort(callerSignal.reason);
    if (callerSignal.aborted) onAbort();
    callerSignal.addEventListener('abort', onAbort, { once: true });
    const count = new SyncCount(clock);
    const unanswered = new Set(endpoints.endpoints);
    const whole = this.#sync(count, unanswered, AbortSignal.any([caller.signal, stopping]));
    const quiet = quietMs === undefined ? undefined : count.quiet(quietMs);
    try {
      const soon = await Promise.race([whole, ...(quiet ? [quiet.come] : [])]);
      if (soon !== undefined) return soon;
    } finally {
      quiet?.cancel();
      callerSignal.removeEventListener('abort', onAbort);
    }
    // It goes on by itself.
    whole.catch(error => log.info({ reason: asSluiceError(error).message }, 'a manual sync came to its end'));
    const outcome = this.#outcome(count);
    return { ...outcome, unfinished: unfinishedOf(journal, outcome, [...unanswered]) };
  }

  async #sync(count: SyncCount, unanswered: Set<string>, signal: AbortSignal): Promise<SyncOutcome> {
    signal.throwIfAborted();
    const { context, gate, dispatcher, maintenance, watch, intake } = this.#parts;
    const { journal, clock, destinations, endpoints, holds, buckets } = context;
    const names = endpoints.endpoints;
    const asked = names.map(async endpoint => {
      await endpoints.ask(endpoint);
      unanswered.delete(endpoint);
      if (endpoints.isSilent(endpoint)) throw nothingAnswers(endpoints.status());
    });
    const allAsked = Promise.allSettled(asked);
    // Files for those that answer do not wait for one that says nothing until its time is out.
    await Promise.any(asked).catch(() => undefined);
    signal.throwIfAborted();
    if (names.every(endpoint => endpoints.isSilent(endpoint))) throw nothingAnswers(endpoints.status());
    this.#underWay.add(count);
    const release = gate.holdOpen();
    try {
      await maintenance.gather();
      await watch.sweepNow();
      await intake.settle();
      buckets.askAgainForMissing();
      await maintenance.askForMissingBuckets();
      await holds.probeAll();
      for (const profile of destinations.keys()) await journal.makeDueNow(profile, clock.nowMs());
      dispatcher.wake();
      await dispatcher.idle(signal);
      await allAsked;
      // Gone meanwhile; that a single call broke is told by the count of what waits.
      if (names.every(endpoint => endpoints.isOffline(endpoint))) throw nothingAnswers(endpoints.status());
      return this.#outcome(count);
    } finally {
      release();
      this.#underWay.delete(count);
    }
  }

  #outcome(count: SyncCount): SyncOutcome {
    const { context, intake, waitingIn } = this.#parts;
    const { endpoints, journal } = context;
    const unentered = intake.countUnentered();
    const isMeant = (endpoint: string): boolean => endpoints.isSilent(endpoint);
    return count.outcome(
      journal,
      holdStatuses(context, { counts: journal, unentered, waitingIn, isMeant }),
      unentered,
    );
  }
}
