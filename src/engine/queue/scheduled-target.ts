import { earliest, type QueuePosition, repositioned, type ScheduleRequest } from './work-queue.ts';

/**
 * What becomes of a target when it is put, dropped or settled, as pure functions of the target before; undefined where
 * it is not on the schedule. The states are the work queue's (work-queue.ts).
 */
export interface ScheduledTarget extends QueuePosition {
  readonly key: string;
  readonly kind: string;
  readonly group: string;
  /** In a row. */
  readonly failures: number;
  /** The last one, as JSON of an ErrorRecord. */
  readonly lastError: string | null;
  /** While it runs. */
  readonly claim: { readonly worker: string; readonly token: number } | null;
  /** Taken off the schedule while it runs: gone once the claim is settled. */
  readonly dropped: boolean;
  /** Put again while it runs: applied when the claim is settled. */
  readonly again: QueuePosition | null;
  /** The station that has what the next run needs, its clone; null: any will do. */
  readonly home: string | null;
}

/** How a claim ended: where the target goes next (null: off the schedule) and what it remembers. */
export interface Ending {
  readonly next: QueuePosition | null;
  readonly failures: number;
  readonly lastError: string | null;
  /** Where its home is now; undefined: where it was. */
  readonly home?: string | null;
}

/** After `put` by a station; `asked` is the request's position. */
export function putTarget(
  key: string,
  target: ScheduledTarget | undefined,
  { kind, group, ifAbsent = false, staysHere = false }: ScheduleRequest,
  asked: QueuePosition,
  station: string,
): ScheduledTarget {
  if (!target) return { ...asked, ...UNTOUCHED, key, kind, group, home: staysHere ? station : null };
  if (target.claim) {
    if (ifAbsent && (!target.dropped || target.again)) return target;
    return { ...target, again: target.again ? repositioned(target.again, asked) : asked };
  }
  const home = staysHere ? station : target.home;
  return ifAbsent ? target : { ...target, ...repositioned(target, asked), kind, group, home };
}

/** After `drop`. */
export function dropTarget(target: ScheduledTarget | undefined): ScheduledTarget | undefined {
  return target?.claim ? { ...target, dropped: true, again: null } : undefined;
}

/** After its claim has ended: what was put or dropped meanwhile takes effect now. */
export function settleTarget(target: ScheduledTarget, ending: Ending): ScheduledTarget | undefined {
  const wanted = target.dropped ? null : ending.next;
  const next = wanted && target.again ? earliest(wanted, target.again) : (wanted ?? target.again);
  if (!next) return undefined;
  // Dropped or given up, and put again since: a new beginning.
  const failures = wanted ? ending.failures : 0;
  const { key, kind, group } = target;
  const home = ending.home === undefined ? target.home : ending.home;
  return { ...UNTOUCHED, key, kind, group, home, ...next, failures, lastError: ending.lastError };
}

/** The work is done, at a station where what the next run needs stays, or does not. */
export function doneEnding(
  target: ScheduledTarget,
  next: { readonly runAtMs: number | null; readonly reason: string; readonly staysHere: boolean },
  station: string,
): Ending {
  const { runAtMs, reason, staysHere } = next;
  const home = target.home === station ? null : target.home;
  return {
    next: runAtMs === null ? null : { runAtMs, priority: 'normal', reason },
    failures: 0,
    lastError: null,
    home: staysHere ? station : home,
  };
}

/** The work failed. */
export function failedEnding(
  target: ScheduledTarget,
  failure: { readonly retryAtMs: number | null; readonly reason: string; readonly lastError: string },
): Ending {
  const { retryAtMs, reason, lastError } = failure;
  const next = retryAtMs === null ? null : { priority: target.priority, runAtMs: retryAtMs, reason };
  return { next, failures: target.failures + 1, lastError };
}

/** Undone work: nothing counted, due now or when it was due before, unless a later time is wanted. */
export function undoneEnding(
  target: ScheduledTarget,
  nowMs: number,
  later?: { readonly runAtMs: number; readonly reason: string },
): Ending {
  const { priority, reason, runAtMs, failures, lastError } = target;
  const next = later
    ? { priority, runAtMs: later.runAtMs, reason: later.reason }
    : { priority, reason, runAtMs: Math.min(runAtMs, nowMs) };
  return { next, failures, lastError };
}

const UNTOUCHED = { failures: 0, lastError: null, claim: null, dropped: false, again: null };
