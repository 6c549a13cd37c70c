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
}

/** After `put`; `asked` is the request's position. */
export function putTarget(
  key: string,
  target: ScheduledTarget | undefined,
  { kind, group, ifAbsent = false }: ScheduleRequest,
  asked: QueuePosition,
): ScheduledTarget {
  if (!target) return { ...asked, ...UNTOUCHED, key, kind, group, home: null };
  if (target.claim) {
    if (ifAbsent && (!target.dropped || target.again)) return target;
    return { ...target, again: target.again ? repositioned(target.again, asked) : asked };
  }
  return ifAbsent ? target : { ...target, ...repositioned(target, asked), kind, group };
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
  const { key, kind, group, home } = target;
  return { ...UNTOUCHED, key, kind, group, home, ...next, failures, lastError: ending.lastError };
}

/** The work is done. */
export function doneEnding(next: { readonly runAtMs: number | null; readonly reason: string }): Ending {
  const { runAtMs, reason } = next;
  return {
    next: runAtMs === null ? null : { runAtMs, priority: 'normal', reason },
    failures: 0,
    lastError: null,
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
