import type { Clock } from '../../../base/clock.ts';
import { Serializer } from '../../../base/serializer.ts';
import type { PostgresDatabase } from '../../../keep/postgres/database.ts';
import { KEEPS_PLAN, type SqlExecutor } from '../../../keep/postgres/executor.ts';
import { LIVING_STATIONS } from '../../../keep/postgres/store/stations.ts';
import { GroupRoom } from '../group-room.ts';
import { type ScheduledTarget, settleTarget, undoneEnding } from '../scheduled-target.ts';
import type { Claim, ClaimRequest } from '../work-queue.ts';
import { anyDue, type DueSearch, dueKeys } from './due.ts';
import { type JobEngine, leaseSeconds } from './job-engine.ts';
import { kindsOf } from './status.ts';
import {
  deleteTargets,
  priorityName,
  type ScheduleRow,
  targetColumns,
  toClaim,
  toTarget,
  updateTargets,
} from './targets.ts';

/**
 * Moves due targets into pg-boss and takes them out again as claims, for whoever asks: one at a time over all stations,
 * under a lock of the database, so that what runs of a group is counted exactly.
 *
 *   lock ▶ put back what is nobody's any more ▶ count what runs ▶ choose ▶ mark as claimed ▶ jobs in, jobs out ▶ commit
 */
export interface ClaimDispatcherOptions {
  readonly database: PostgresDatabase;
  readonly engine: JobEngine;
  readonly clock: Clock;
  /** This station. */
  readonly station: string;
}

/** However slow the line is: others wait so long for what a station has that is gone. */
const LONGEST_LEASE_MS = 120_000;

/** How long a target with a home waits for the station that it has it at, while that one is there. */
export const LEFT_TO_HOME_MS = 30_000;

/**
 * A claim is some twelve round trips, and its lease counts from the beginning of its transaction; two thirds of what is
 * left must do for a sign of life.
 */
const ROUND_TRIPS_OF_A_LEASE = 20;

const MARK_SQL = `
  WITH chosen AS (
    SELECT t.key FROM targets t WHERE t.key = ANY($1) AND t.claim_token IS NULL AND ($3::bigint IS NULL OR t.run_at_ms <= $3)
    FOR UPDATE SKIP LOCKED
  )
  UPDATE targets t SET claimed_by = $2, claim_token = nextval('target_claims') FROM chosen WHERE t.key = chosen.key
  RETURNING ${targetColumns('true')}`;

export class ClaimDispatcher {
  readonly #database: PostgresDatabase;
  readonly #engine: JobEngine;
  readonly #clock: Clock;
  readonly #station: string;
  /** One connection of this process waits for the lock. */
  readonly #turns = new Serializer();

  constructor({ database, engine, clock, station }: ClaimDispatcherOptions) {
    this.#database = database;
    this.#engine = engine;
    this.#clock = clock;
    this.#station = station;
  }

  /** See `WorkQueue.claim`; times are the server's. */
  async claim(request: ClaimRequest): Promise<Claim[]> {
    const askedMs = this.#clock.monotonicMs();
    const search = await this.#search(request);
    const slowMs = ROUND_TRIPS_OF_A_LEASE * (this.#clock.monotonicMs() - askedMs);
    const leaseMs = Math.max(request.leaseMs, Math.min(slowMs, LONGEST_LEASE_MS));
    // Without this every poll of an idle station would take the lock.
    if (!request.keys && !(await this.#anythingToDo(search))) return [];
    const claims = await this.#turns.run(() =>
      this.#database.transaction(transaction => this.#claim(transaction, { ...request, leaseMs }, search)),
    );
    if (leaseMs === request.leaseMs) return claims;
    return claims.map(claim => ({ ...claim, leaseMs: leaseSeconds(leaseMs) * 1000 }));
  }

  async #anythingToDo(search: DueSearch): Promise<boolean> {
    if (await anyDue(this.#database, search)) return true;
    const { sql } = this.#engine;
    const abandoned = await this.#database.first(
      `SELECT FROM targets t WHERE t.claim_token IS NOT NULL AND ${sql.isAbandoned} LIMIT 1`,
      [],
      KEEPS_PLAN,
    );
    return abandoned !== undefined;
  }

  /** @param before as it was searched before the lock was to be had: only the time has gone on */
  async #claim(transaction: SqlExecutor, request: ClaimRequest, before: DueSearch): Promise<Claim[]> {
    const locked = await transaction.first(
      `SELECT pg_advisory_xact_lock(hashtextextended($1, 0)), ${this.#engine.sql.nowMs} AS now_ms`,
      [`sluice dispatch ${this.#database.schema}`],
      KEEPS_PLAN,
    );
    const query = at(before, Number(locked?.now_ms));
    const { perGroup, keys } = request;
    const running = await this.#running(transaction, query.nowMs);
    const room = perGroup === undefined ? undefined : new GroupRoom(perGroup, running);
    const chosen = keys
      ? await this.#chooseOf(transaction, keys, request.max, room)
      : await dueKeys(transaction, { ...query, room });
    if (chosen.length === 0) return [];
    const rows = await transaction.query(
      MARK_SQL,
      [chosen, request.worker, keys ? null : query.nowMs],
      KEEPS_PLAN,
    );
    return this.#handOut(transaction, rows as unknown as ScheduleRow[], chosen, request.leaseMs, query.nowMs);
  }

  /** How much runs of each group, once what is nobody's any more is back on the schedule. */
  async #running(transaction: SqlExecutor, nowMs: number): Promise<ReadonlyMap<string, number>> {
    const sql = `
      SELECT t.work_group, count(*) AS running, count(*) FILTER (WHERE ${this.#engine.sql.isAbandoned}) AS abandoned
        FROM targets t WHERE t.claim_token IS NOT NULL GROUP BY t.work_group`;
    const rows = await transaction.query(sql, [], KEEPS_PLAN);
    if (rows.some(({ abandoned }) => Number(abandoned) > 0)) {
      await this.#putBackAbandoned(transaction, nowMs);
      // Some may have been another's to settle just then.
      return runningOf(await transaction.query(sql, [], KEEPS_PLAN));
    }
    return runningOf(rows);
  }

  /** Claims whose lease has ended, and those that pg-boss knows nothing of: their targets go back to the schedule. */
  async #putBackAbandoned(transaction: SqlExecutor, nowMs: number): Promise<void> {
    const { sql } = this.#engine;
    const rows = await transaction.query(
      `SELECT ${targetColumns('false')} FROM targets t
       WHERE t.claim_token IS NOT NULL AND ${sql.isAbandoned} ORDER BY t.key FOR UPDATE OF t SKIP LOCKED`,
      [],
      KEEPS_PLAN,
    );
    if (rows.length === 0) return;
    const targets = (rows as unknown as ScheduleRow[]).map(toTarget);
    await this.#engine.remove(
      transaction,
      targets.map(({ claim }) => claim?.token ?? 0),
    );
    const next = targets.map(target => settleTarget(target, undoneEnding(target, nowMs)));
    await updateTargets(
      transaction,
      next.filter(target => target !== undefined),
    );
    const gone = targets
      .filter((_, index) => next[index] === undefined)
      .map(({ key }: ScheduledTarget) => key);
    await deleteTargets(transaction, gone);
  }

  /** Exactly these, as far as they wait and their groups have room. */
  async #chooseOf(
    transaction: SqlExecutor,
    keys: readonly string[],
    max: number,
    room: GroupRoom | undefined,
  ): Promise<string[]> {
    const rows = await transaction.query(
      'SELECT key, work_group, priority FROM targets WHERE key = ANY($1) AND claim_token IS NULL',
      [keys],
    );
    const waiting = new Map(rows.map(row => [String(row.key), row]));
    const chosen = [...new Set(keys)].filter(key => {
      const row = waiting.get(key);
      return row && (!room || room.take(String(row.work_group), priorityName(Number(row.priority))));
    });
    return chosen.slice(0, max);
  }

  async #handOut(
    transaction: SqlExecutor,
    rows: readonly ScheduleRow[],
    chosen: readonly string[],
    leaseMs: number,
    nowMs: number,
  ): Promise<Claim[]> {
    const jobs = rows.map(({ claim_token: token, key }) => ({ token: Number(token), key }));
    const held = await this.#engine.handOut(transaction, jobs, leaseMs);
    const untaken = rows.filter(({ claim_token: token }) => !held.has(Number(token)));
    if (untaken.length > 0) {
      const keys = untaken.map(({ key }) => key);
      await transaction.execute(
        'UPDATE targets SET claimed_by = NULL, claim_token = NULL WHERE key = ANY($1)',
        [keys],
      );
    }
    const leaseUntilMs = nowMs + leaseSeconds(leaseMs) * 1000;
    const claims = new Map(
      rows
        .filter(({ claim_token: token }) => held.has(Number(token)))
        .map(row => [row.key, toClaim(row, Number(row.claim_token), leaseUntilMs)]),
    );
    return chosen.map(key => claims.get(key)).filter(claim => claim !== undefined);
  }

  async #search({ kinds, max }: ClaimRequest): Promise<DueSearch> {
    const row = await this.#database.first(
      `SELECT ${this.#engine.sql.nowMs} AS now_ms, ARRAY(${LIVING_STATIONS}) AS others`,
      [this.#station],
      KEEPS_PLAN,
    );
    const search: DueSearch = {
      kinds: kinds ?? (await kindsOf(this.#database)).map(({ kind }) => kind),
      nowMs: 0,
      max,
      station: this.#station,
      others: (row?.others ?? []) as string[],
      leftSinceMs: 0,
    };
    return at(search, Number(row?.now_ms));
  }
}

function at(search: DueSearch, nowMs: number): DueSearch {
  return { ...search, nowMs, leftSinceMs: nowMs - LEFT_TO_HOME_MS };
}

function runningOf(rows: readonly Record<string, unknown>[]): ReadonlyMap<string, number> {
  return new Map(rows.map(row => [String(row.work_group), Number(row.running)]));
}
