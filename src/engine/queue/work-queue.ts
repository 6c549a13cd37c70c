import { type ErrorRecord, SluiceError } from '../../base/errors.ts';
import type { StoreChange } from '../../keep/store/change.ts';

/**
 * The work queue on the schedule: what is to be done, when, and who does it. It holds every future time of the
 * station but delivery's; implementations behind it pass one suite (test/suites/work-queue-suite.ts).
 *
 * States of an item, named by its key:
 *
 *   absent ──put──▶ waiting ──claim──▶ running ──complete/fail/release with a next time──▶ waiting
 *     ▲                │ drop             │
 *     └────────────────┴──────────────────┴── settled without a next time, or dropped while running
 *
 * Promises:
 *  - At least once: a claim that is not settled before its lease ends is taken back, and the item is due again.
 *    Work must therefore bear being done twice.
 *  - One claim a key at a time. `put` and `drop` never disturb a running claim: what was asked for meanwhile
 *    is remembered and applied when the claim is settled.
 *  - Due items are claimed high priority first, then by time, then by key.
 *  - Only what has been committed is answered. Every method may fail with `database_busy`, `disk_full` or
 *    another `database_*` or `disk_*` error, and has then changed nothing.
 */
export interface WorkQueue {
  /**
   * How long a claim should be taken for: who is silent for longer loses it. Long where a process that is gone is
   * noticed by other means, short where only its silence tells.
   */
  readonly leaseMs: number;

  /**
   * Puts an item on the schedule, or moves one that waits (see `ScheduleRequest`). May be repeated.
   * @throws SluiceError `internal` for a time that is not a number
   */
  put(key: string, placement: ScheduleRequest): Promise<void>;

  /**
   * Makes changes of the store, then puts any number of items, in one transaction: all of it or nothing. As
   * many as come together; some hundreds keep the transaction short.
   */
  putAll(entries: readonly ScheduleEntry[], changes?: readonly StoreChange[]): Promise<void>;

  /**
   * Takes an item off the schedule, with what was put while it runs. A running claim goes on until it is
   * settled, hears of it by `heartbeat`, and leaves nothing behind. Absent: nothing happens.
   */
  drop(key: string): Promise<void>;

  /** Takes due items, in order, for `leaseMs`. Empty when nothing is due or every group with due items is full. */
  claim(request: ClaimRequest): Promise<Claim[]>;

  /**
   * Prolongs claims to `leaseMs` from now, also one whose lease has ended if nobody has taken it yet.
   * `lost`: no longer this worker's. `dropped`: still held, but nobody wants the result any more.
   */
  heartbeat(claims: readonly Claim[], leaseMs: number): Promise<HeartbeatAnswer>;

  /**
   * The work is done: failures in a row start from none again; next at `nextAtMs`, or off the schedule when null.
   * `changes` are made in the same transaction, unless the claim is lost.
   */
  complete(claim: Claim, next: NextRun): Promise<Settlement>;

  /**
   * The work failed: one more in a row; again at `retryAtMs`, with its priority, or off the schedule when null. Its
   * `changes` as with `complete`.
   */
  fail(claim: Claim, failure: WorkFailure): Promise<Settlement>;

  /**
   * Hands back undone work without counting a failure: due at `runAtMs`, or now when that is absent. The
   * priority stays. Its `changes` as with `complete`.
   */
  release(claim: Claim, undone?: UndoneWork): Promise<Settlement>;

  /**
   * Takes back the claims of processes of this machine that are gone (kill -9, crash); answers how many. May be
   * repeated.
   */
  releaseDead(): Promise<number>;

  /**
   * Calls `listener` after each change of this process that may make work claimable, and about a second after any
   * change of another process. Answers how to stop that.
   */
  onWork(listener: () => void): () => void;

  /**
   * The earliest time after `afterMs` at which an item of these kinds falls due or a lease ends; null when
   * there is none. With `afterMs` = the time of a claim that came back short, it is when to claim again.
   */
  nextDueAt(query: { readonly kinds?: readonly string[]; readonly afterMs: number }): Promise<number | null>;

  /** One item, for "why" and "who". */
  get(key: string): Promise<QueueItem | undefined>;

  /** Those of the keys that are on the schedule, by key. */
  getMany(keys: readonly string[]): Promise<ReadonlyMap<string, QueueItem>>;

  /**
   * Waiting items in the order in which they will run: high priority that is due, then by time.
   * @param skipped so many from the front of the line are left out; its cost grows with them
   */
  upcoming(limit: number, choice?: WorkChoice, skipped?: number): Promise<QueueItem[]>;

  /** How many `upcoming` would answer in all. Its cost grows with the number of items. */
  countUpcoming(choice?: WorkChoice): Promise<number>;

  /** Items that are claimed, by key. */
  running(limit: number): Promise<QueueItem[]>;

  /**
   * How many waiting items fall due in each of so many spans from `fromMs` on, by kind and group, of those that have
   * some; what is due already counts in the first. Its cost grows with their number.
   */
  countDue(spans: DueSpans): Promise<DueCounts[]>;

  /**
   * Items that wait and are not well: those whose last try failed, and those whose time has come, by what they have in
   * common. Whatever else waits is in neither. Its cost grows with their number, not with that of the others.
   * @param lateMs who is due for longer than this is `late`
   */
  unsettled(lateMs: number): Promise<UnsettledWork[]>;

  /** Figures for status and metrics; their cost does not grow with the size of the schedule. */
  counts(): Promise<QueueCounts>;
}

/** `high` runs before everything else. */
export type Priority = 'normal' | 'high';

/**
 * What `put` asks for. An item that waits already is moved: by the rule of `repositioned`. Its kind and
 * group are replaced too, unless it is running. Failures in a row are kept: only success clears them.
 */
export interface ScheduleRequest {
  /** Which handler it is for. A key belongs to one kind. */
  readonly kind: string;
  /** What the limits count by: a host, an endpoint. Limits count a group across kinds. */
  readonly group: string;
  /** Milliseconds since the epoch; the past means at once. */
  readonly runAtMs: number;
  /** Default normal. */
  readonly priority?: Priority;
  /** Why then, in words. */
  readonly reason: string;
  /** Leaves an item that waits or runs as it is: for making sure, at start, that everything is on the schedule. */
  readonly ifAbsent?: boolean;
  /**
   * What the next run needs lies with this station, as a clone does. Where several share the queue, it gets the item
   * first, others after a while, or at once when it is silent. Absent: where it lies is left as it was known.
   */
  readonly staysHere?: boolean;
}

/** One item for `putAll`. */
export interface ScheduleEntry {
  readonly key: string;
  readonly request: ScheduleRequest;
}

/** What follows on work that is done. */
export interface NextRun {
  readonly nextAtMs: number | null;
  readonly reason?: string;
  /** What the work has learned, where that is the store's. */
  readonly changes?: readonly StoreChange[];
  /** See `ScheduleRequest.staysHere`. */
  readonly staysHere?: boolean;
}

export interface ClaimRequest {
  /** From `newWorkerId`. */
  readonly worker: string;
  /** Claims only these; all kinds when absent. */
  readonly kinds?: readonly string[];
  /** Claims exactly these, whatever their time and kind, unless running; the group limit holds for them as well. */
  readonly keys?: readonly string[];
  /** At most this many now. */
  readonly max: number;
  /**
   * At most this many running claims a group, those of all workers counted; none when 0 (a group that is
   * paused). Unlimited when absent. It may differ by the priority of what is to be claimed: a group may be paused for
   * ordinary work alone.
   */
  readonly perGroup?: number | ((group: string, priority: Priority) => number);
  readonly leaseMs: number;
}

export interface Claim {
  readonly key: string;
  readonly kind: string;
  readonly group: string;
  readonly priority: Priority;
  /** Why it runs. */
  readonly reason: string;
  /** When it was due. */
  readonly runAtMs: number;
  /** 1 for the first try, and one more for each failure in a row before it. */
  readonly attempt: number;
  readonly leaseUntilMs: number;
  /** For how long a heartbeat prolongs it, where that is not what was asked for: longer on a slow line. */
  readonly leaseMs?: number;
  /** Tells this claim from every other of the key, so that a late settlement is known. */
  readonly token: number;
}

export interface HeartbeatAnswer {
  readonly lost: readonly Claim[];
  readonly dropped: readonly Claim[];
}

/** `lost`: the claim was no longer this worker's, and nothing has been changed. */
export type Settlement = 'settled' | 'lost';

export interface WorkFailure {
  readonly error: ErrorRecord;
  readonly retryAtMs: number | null;
  readonly reason: string;
  readonly changes?: readonly StoreChange[];
}

/** Work that is handed back. */
export interface UndoneWork {
  /** When it is due again, and why then; absent: as before. */
  readonly until?: { readonly runAtMs: number; readonly reason: string };
  readonly changes?: readonly StoreChange[];
}

export interface QueueItem {
  readonly key: string;
  readonly kind: string;
  readonly group: string;
  readonly priority: Priority;
  readonly runAtMs: number;
  readonly reason: string;
  /** Failures in a row. */
  readonly failures: number;
  readonly lastError: ErrorRecord | null;
  /** While it runs: who has it, and until when it is theirs without a sign of life. */
  readonly claimedBy: { readonly worker: string; readonly untilMs: number } | null;
}

export interface DueSpans {
  readonly fromMs: number;
  readonly spanMs: number;
  readonly count: number;
}

/** Waiting items of a kind and group, with a count a span. */
export interface DueCounts {
  readonly kind: string;
  readonly group: string;
  readonly amounts: readonly number[];
}

/** Counts by kind and group of rows of kind, group, span and count. Pure. */
export function dueCounts(
  rows: Iterable<readonly [kind: string, group: string, span: number, items: number]>,
  { count }: DueSpans,
): DueCounts[] {
  const found = new Map<string, DueCounts & { readonly amounts: number[] }>();
  for (const [kind, group, span, items] of rows) {
    const name = JSON.stringify([kind, group]);
    const counted = found.get(name) ?? { kind, group, amounts: new Array<number>(count).fill(0) };
    found.set(name, counted);
    counted.amounts[span] = (counted.amounts[span] ?? 0) + items;
  }
  return [...found.values()];
}

/** Which waiting items are meant: those that fit all that is given. */
export interface WorkChoice {
  readonly kinds?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
  /** Somewhere in the key, without regard to case (ASCII). */
  readonly text?: string | undefined;
  readonly priority?: Priority | undefined;
  /** Their last try failed. */
  readonly isFailing?: boolean | undefined;
  /** Due then or later; milliseconds since the epoch. */
  readonly dueFromMs?: number | undefined;
  /** Due before then. */
  readonly dueBeforeMs?: number | undefined;
}

export interface QueueCounts {
  /** Items on the schedule, the running ones included. */
  readonly size: number;
  /** Waiting items whose time has come; counted up to `DUE_COUNTED` of each kind. */
  readonly due: number;
  /** How long the most overdue of them has waited; 0 when nothing is due. */
  readonly behindMs: number;
  readonly running: number;
  /** Waiting items of high priority, counted likewise. */
  readonly raised: number;
  readonly byKind: readonly { readonly kind: string; readonly size: number; readonly due: number }[];
}

/** Waiting items of one kind and group that are not well for the same reason. */
export interface UnsettledWork {
  readonly kind: string;
  readonly group: string;
  /** `failing`: their last try failed, whenever the next one is; `due` and `late` never failed since they succeeded. */
  readonly state: 'failing' | 'due' | 'late';
  /** Of failing ones: of their last error, which may be of another version's catalogue. */
  readonly code: string | null;
  readonly message: string | null;
  readonly count: number;
  /** The earliest time at which one of them is or was due; `example` is that one. */
  readonly earliestMs: number;
  /** A key. */
  readonly example: string;
}

/** Counting what is due stops here, a kind: beyond it the exact number tells nobody more, and costs. */
export const DUE_COUNTED = 10_000;

/** Where an item stands in line. */
export interface QueuePosition {
  readonly runAtMs: number;
  readonly priority: Priority;
  readonly reason: string;
}

/**
 * The place of a waiting item after it is put again. Both normal: the new time, earlier or later. Where a
 * raised one is involved: the higher priority and the earlier time, so that raising moves it forward and
 * lowering never delays it.
 */
export function repositioned(waiting: QueuePosition, asked: QueuePosition): QueuePosition {
  if (waiting.priority === 'normal' && asked.priority === 'normal') return asked;
  return earliest(waiting, asked);
}

/** Both wishes kept: the higher priority, the earlier time, and the reason of the one that decided. */
export function earliest(first: QueuePosition, second: QueuePosition): QueuePosition {
  const raised = second.priority === 'high' && first.priority === 'normal';
  const lowered = second.priority === 'normal' && first.priority === 'high';
  const decides = raised || (!lowered && second.runAtMs < first.runAtMs) ? second : first;
  return { ...decides, runAtMs: Math.min(first.runAtMs, second.runAtMs) };
}

/** The position that a request asks for. Throws `internal` for a time that is none. */
export function positionAsked(
  key: string,
  { runAtMs, priority = 'normal', reason }: ScheduleRequest,
): QueuePosition {
  return { runAtMs: wholeMs(runAtMs, key), priority, reason };
}

/** A time in whole milliseconds. Throws `internal` for what is no time. */
export function wholeMs(timeMs: number, key: string): number {
  const whole = Math.round(timeMs);
  if (Number.isSafeInteger(whole)) return whole;
  throw new SluiceError('internal', `${key}: ${timeMs} is not a time`, {
    operation: 'schedule',
    subject: key,
  });
}
