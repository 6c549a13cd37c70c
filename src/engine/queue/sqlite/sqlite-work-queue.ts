import { randomInt } from 'node:crypto';
import type { Clock } from '../../../base/clock.ts';
import type { ErrorRecord } from '../../../base/errors.ts';
import type { Database } from '../../../keep/sqlite/database.ts';
import { GroupCommit } from '../../../keep/sqlite/group-commit.ts';
import { applyChanges } from '../../../keep/sqlite/store/changes.ts';
import type { StoreChange } from '../../../keep/store/change.ts';
import { GroupRoom } from '../group-room.ts';
import {
  type Claim,
  type ClaimRequest,
  type DueCounts,
  type DueSpans,
  earliest,
  type HeartbeatAnswer,
  type NextRun,
  positionAsked,
  type QueueCounts,
  type QueueItem,
  type QueuePosition,
  repositioned,
  type ScheduleEntry,
  type ScheduleRequest,
  type Settlement,
  type UndoneWork,
  type UnsettledWork,
  type WorkChoice,
  type WorkFailure,
  type WorkQueue,
  wholeMs,
} from '../work-queue.ts';
import { anyDue, dueKeys } from './due.ts';
import { OtherWriters } from './other-writers.ts';
import {
  countDue,
  countTargets,
  countUpcoming,
  kindsOf,
  nextDueAfter,
  runningItems,
  unsettledTargets,
  upcomingItems,
} from './status.ts';
import {
  AGAIN_SQL,
  againOf,
  CLAIM_SQL,
  CLAIMED,
  DROP_RUNNING_SQL,
  HEARTBEAT_SQL,
  INSERT_SQL,
  MOVE_SQL,
  PUT_BACK_SQL,
  positionOf,
  priorityName,
  priorityNumber,
  type TargetRow,
  toClaim,
  toItem,
} from './targets.ts';

export interface SqliteWorkQueueOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** Whether a worker's process is certainly gone; see worker-id.ts. */
  readonly isWorkerGone: (worker: string) => boolean;
}

/** How a claim ended: where the row goes next (null: off the schedule) and what it remembers. */
interface Ending {
  readonly next: QueuePosition | null;
  readonly failures: number;
  readonly lastError: string | null;
}

/** The work queue in a SQLite database, for any number of processes on one machine. Holds no state but listeners. */
export class SqliteWorkQueue implements WorkQueue {
  readonly leaseMs = 60_000;
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #isWorkerGone: (worker: string) => boolean;
  readonly #writes: GroupCommit;
  readonly #listeners = new Set<() => void>();
  readonly #others: OtherWriters;

  constructor(options: SqliteWorkQueueOptions) {
    this.#database = options.database;
    this.#clock = options.clock;
    this.#isWorkerGone = options.isWorkerGone;
    this.#writes = new GroupCommit(options.database, { clock: options.clock, durable: false });
    this.#others = new OtherWriters(options.database, options.clock, () => this.#announce());
  }

  put(key: string, request: ScheduleRequest): Promise<void> {
    return this.putAll([{ key, request }]);
  }

  async putAll(entries: readonly ScheduleEntry[], changes: readonly StoreChange[] = []): Promise<void> {
    const asked = entries.map(({ key, request }) => positionAsked(key, request));
    await this.#writes.submit(() => {
      applyChanges(this.#database, changes);
      for (const [index, { key, request }] of entries.entries())
        this.#put(key, request, asked[index] as QueuePosition);
    });
    if (entries.length > 0) this.#announce();
  }

  async drop(key: string): Promise<void> {
    await this.#writes.submit(() => {
      const row = this.#row(key);
      if (row && row.lease_owner === null) this.#delete(key);
      else if (row) this.#database.statement(DROP_RUNNING_SQL).run(key);
    });
  }

  async claim(request: ClaimRequest): Promise<Claim[]> {
    if (request.max < 1) return [];
    // Without this check every poll of an idle station would be a write.
    if (!request.keys && !this.#database.read(() => this.#anythingDue(request.kinds))) return [];
    return this.#writes.submit(() => this.#claim(request));
  }

  heartbeat(claims: readonly Claim[], leaseMs: number): Promise<HeartbeatAnswer> {
    return this.#writes.submit(() => {
      const lost: Claim[] = [];
      const dropped: Claim[] = [];
      const untilMs = this.#clock.nowMs() + leaseMs;
      for (const claim of claims) {
        const row = this.#database.statement(HEARTBEAT_SQL).get(untilMs, claim.key, claim.token);
        if (!row) lost.push(claim);
        else if (row.dropped === 1) dropped.push(claim);
      }
      return { lost, dropped };
    });
  }

  complete(claim: Claim, { nextAtMs, reason = '', changes }: NextRun): Promise<Settlement> {
    const runAtMs = nextAtMs === null ? null : wholeMs(nextAtMs, claim.key);
    const next: QueuePosition | null = runAtMs === null ? null : { runAtMs, priority: 'normal', reason };
    return this.#settle(claim, changes, () => ({ next, failures: 0, lastError: null }));
  }

  fail(claim: Claim, { error, retryAtMs, reason, changes }: WorkFailure): Promise<Settlement> {
    const runAtMs = retryAtMs === null ? null : wholeMs(retryAtMs, claim.key);
    const lastError = JSON.stringify(error satisfies ErrorRecord);
    return this.#settle(claim, changes, row => ({
      next: runAtMs === null ? null : { ...positionOf(row), runAtMs, reason },
      failures: row.failures + 1,
      lastError,
    }));
  }

  release(claim: Claim, { until, changes }: UndoneWork = {}): Promise<Settlement> {
    const later = until && { runAtMs: wholeMs(until.runAtMs, claim.key), reason: until.reason };
    return this.#settle(claim, changes, row => this.#undone(row, later));
  }

  async releaseDead(): Promise<number> {
    const sql = `SELECT DISTINCT lease_owner AS worker FROM ${CLAIMED}`;
    const workers = this.#database.read(() => this.#database.statement(sql).all());
    const gone = workers.map(({ worker }) => String(worker)).filter(worker => this.#isWorkerGone(worker));
    if (gone.length === 0) return 0;
    const released = await this.#writes.submit(() => {
      const rows = this.#database.statement(`SELECT * FROM ${CLAIMED}`).all() as unknown as TargetRow[];
      const abandoned = rows.filter(row => gone.includes(row.lease_owner ?? ''));
      for (const row of abandoned) this.#putBack(row, this.#undone(row));
      return abandoned.length;
    });
    if (released > 0) this.#announce();
    return released;
  }

  onWork(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#others.start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#others.stop();
    };
  }

  async nextDueAt(query: { kinds?: readonly string[]; afterMs: number }): Promise<number | null> {
    return this.#database.read(() =>
      nextDueAfter(this.#database, query.kinds ?? this.#kinds(), query.afterMs),
    );
  }

  async get(key: string): Promise<QueueItem | undefined> {
    const row = this.#database.read(() => this.#row(key));
    return row && toItem(row);
  }

  async getMany(keys: readonly string[]): Promise<ReadonlyMap<string, QueueItem>> {
    return this.#database.read(() => {
      const rows = keys.map(key => this.#row(key)).filter(row => row !== undefined);
      return new Map(rows.map(row => [row.key, toItem(row)]));
    });
  }

  async countDue(spans: DueSpans): Promise<DueCounts[]> {
    return this.#database.read(() => countDue(this.#database, spans));
  }

  async upcoming(limit: number, choice?: WorkChoice, skipped?: number): Promise<QueueItem[]> {
    return this.#database.read(() =>
      upcomingItems(this.#database, this.#clock.nowMs(), limit, choice, skipped),
    );
  }

  async countUpcoming(choice?: WorkChoice): Promise<number> {
    return this.#database.read(() => countUpcoming(this.#database, choice));
  }

  async running(limit: number): Promise<QueueItem[]> {
    return this.#database.read(() => runningItems(this.#database, limit));
  }

  async unsettled(lateMs: number): Promise<UnsettledWork[]> {
    return this.#database.read(() => unsettledTargets(this.#database, this.#clock.nowMs(), lateMs));
  }

  async counts(): Promise<QueueCounts> {
    return this.#database.read(() => countTargets(this.#database, this.#clock.nowMs()));
  }

  #put(key: string, request: ScheduleRequest, asked: QueuePosition): void {
    const row = this.#row(key);
    if (!row) {
      const { kind, group } = request;
      const insert = this.#database.statement(INSERT_SQL);
      insert.run(key, kind, group, priorityNumber(asked.priority), asked.runAtMs, asked.reason);
      return;
    }
    if (request.ifAbsent && row.dropped === 0) return;
    if (row.lease_owner === null) {
      const to = repositioned(positionOf(row), asked);
      const move = this.#database.statement(MOVE_SQL);
      const { kind, group } = request;
      move.run(kind, group, priorityNumber(to.priority), to.runAtMs, to.reason, key);
      return;
    }
    const before = againOf(row);
    if (request.ifAbsent && before) return;
    const again = before ? repositioned(before, asked) : asked;
    this.#database.statement(AGAIN_SQL).run(priorityNumber(again.priority), again.runAtMs, again.reason, key);
  }

  #anythingDue(kinds: readonly string[] | undefined): boolean {
    const nowMs = this.#clock.nowMs();
    const expired = this.#database.statement(`SELECT 1 FROM ${CLAIMED} AND lease_until_ms <= ? LIMIT 1`);
    return anyDue(this.#database, kinds ?? this.#kinds(), nowMs) || expired.get(nowMs) !== undefined;
  }

  #claim(request: ClaimRequest): Claim[] {
    const { worker, max, leaseMs } = request;
    const nowMs = this.#clock.nowMs();
    const expired = this.#database.statement(`SELECT * FROM ${CLAIMED} AND lease_until_ms <= ?`).all(nowMs);
    for (const row of expired as unknown as TargetRow[]) this.#putBack(row, this.#undone(row));
    const lease = this.#database.statement(CLAIM_SQL);
    return this.#keysToClaim(request, nowMs)
      .slice(0, max)
      .map(key => lease.get(worker, nowMs + leaseMs, randomInt(2 ** 47), key))
      .map(row => toClaim(row as unknown as TargetRow));
  }

  #keysToClaim({ kinds, keys, max, perGroup }: ClaimRequest, nowMs: number): string[] {
    const room = perGroup === undefined ? undefined : new GroupRoom(perGroup, this.#runningByGroup());
    if (!keys) return dueKeys(this.#database, { kinds: kinds ?? this.#kinds(), nowMs, max, room });
    return [...new Set(keys)].filter(key => {
      const row = this.#row(key);
      return (
        row && row.lease_owner === null && (!room || room.take(row.work_group, priorityName(row.priority)))
      );
    });
  }

  #runningByGroup(): Map<string, number> {
    const sql = `SELECT work_group, count(*) AS running FROM ${CLAIMED} GROUP BY work_group`;
    const rows = this.#database.statement(sql).all();
    return new Map(rows.map(row => [String(row.work_group), Number(row.running)]));
  }

  async #settle(
    claim: Claim,
    changes: readonly StoreChange[] = [],
    ending: (row: TargetRow) => Ending,
  ): Promise<Settlement> {
    const settled = await this.#writes.submit((): Settlement => {
      const row = this.#row(claim.key);
      if (row?.claim_token !== claim.token) return 'lost';
      applyChanges(this.#database, changes);
      this.#putBack(row, ending(row));
      return 'settled';
    });
    if (settled === 'settled') this.#announce();
    return settled;
  }

  /** Undone work: nothing counted, due now or when it was due before, unless a later time is wanted. */
  #undone(row: TargetRow, later?: { runAtMs: number; reason: string }): Ending {
    const was = positionOf(row);
    const next = later
      ? { ...was, ...later }
      : { ...was, runAtMs: Math.min(was.runAtMs, this.#clock.nowMs()) };
    return { next, failures: row.failures, lastError: row.last_error };
  }

  /** Ends a claim: what was put or dropped meanwhile takes effect now. */
  #putBack(row: TargetRow, ending: Ending): void {
    const wanted = row.dropped === 1 ? null : ending.next;
    const again = againOf(row);
    const next = wanted && again ? earliest(wanted, again) : (wanted ?? again);
    if (!next) {
      this.#delete(row.key);
      return;
    }
    // Dropped or given up, and put again since: a new beginning.
    const failures = wanted ? ending.failures : 0;
    this.#database
      .statement(PUT_BACK_SQL)
      .run(priorityNumber(next.priority), next.runAtMs, next.reason, failures, ending.lastError, row.key);
  }

  #row(key: string): TargetRow | undefined {
    const row = this.#database.statement('SELECT * FROM targets WHERE key = ?').get(key);
    return row as unknown as TargetRow | undefined;
  }

  #delete(key: string): void {
    this.#database.statement('DELETE FROM targets WHERE key = ?').run(key);
  }

  #kinds(): string[] {
    return kindsOf(this.#database).map(({ kind }) => kind);
  }

  #announce(): void {
    for (const listener of this.#listeners) listener();
  }
}
