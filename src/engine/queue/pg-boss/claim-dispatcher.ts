import type { Clock } from '../../../base/clock.ts';
import { Serializer } from '../../../base/serializer.ts';
import type { PostgresDatabase } from '../../../keep/postgres/database.ts';
import { KEEPS_PLAN, type SqlExecutor } from '../../../keep/postgres/executor.ts';
import { GroupRoom } from '../group-room.ts';
import { type ScheduledTarget, settleTarget, undoneEnding } from '../scheduled-target.ts';
import type { Claim, ClaimRequest } from '../work-queue.ts';
import { anyDue, type DueSearch, dueKeys, type Line, readLine } from './due.ts';
import { JOB_ID, type JobEngine, type JobSql, leaseSeconds } from './job-engine.ts';
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
 * Makes claims of due targets, and a job of pg-boss of each claim, for whoever asks: one at a time over all stations,
 * under a lock of the database, so that what runs of a group is counted exactly.
 *
 *   lock ▶ put back what is nobody's any more ▶ count what runs, read the line ▶ choose ▶ mark as claimed, with jobs ▶ commit
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

/**
 * A claim is some six round trips, some twelve where what is nobody's any more is in the way; its lease counts from the
 * beginning of its transaction, and two thirds of what is left must do for a sign of life.
 */
const ROUND_TRIPS_OF_A_LEASE = 20;

/** Marks what was chosen, as far as nobody holds it just now, and gives it jobs. */
function markSql(sql: JobSql): string {
  return `
    WITH chosen AS (
      SELECT t.key FROM targets t WHERE t.key = ANY($1) AND t.claim_token IS NULL AND ($3::integer = 1 OR t.run_at_ms <= ${sql.nowMs})
      FOR UPDATE SKIP LOCKED
    ), claimed AS (
      UPDATE targets t SET claimed_by = $2, claim_token = nextval('target_claims') FROM chosen WHERE t.key = chosen.key
      RETURNING ${targetColumns('true')}
    ), job AS (${sql.begin('claimed', '$4')})
    SELECT t.*, job.id IS NOT NULL AS held, ${sql.nowMs} AS now_ms FROM claimed t LEFT JOIN job ON job.id = ${JOB_ID}`;
}

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
    const { keys, max } = request;
    const kinds = request.kinds ?? (await kindsOf(this.#database)).map(({ kind }) => kind);
    const search = { station: this.#station, kinds: keys ? [] : kinds, max };
    const askedMs = this.#clock.monotonicMs();
    const isDue = await anyDue(this.#database, this.#engine.sql, search);
    const slowMs = ROUND_TRIPS_OF_A_LEASE * (this.#clock.monotonicMs() - askedMs);
    const leaseMs = Math.max(request.leaseMs, Math.min(slowMs, LONGEST_LEASE_MS));
    // Without this every poll of an idle station would take the lock.
    if (!keys && !isDue && !(await this.#anyAbandoned())) return [];
    const claims = await this.#turns.run(() =>
      this.#database.transaction(transaction => this.#claim(transaction, { ...request, leaseMs }, search), {
        lock: `sluice dispatch ${this.#database.schema}`,
      }),
    );
    if (leaseMs === request.leaseMs) return claims;
    return claims.map(claim => ({ ...claim, leaseMs: leaseSeconds(leaseMs) * 1000 }));
  }

  async #anyAbandoned(): Promise<boolean> {
    const { sql } = this.#engine;
    const abandoned = await this.#database.first(
      `SELECT FROM targets t WHERE t.claim_token IS NOT NULL AND ${sql.isAbandoned} LIMIT 1`,
      [],
      KEEPS_PLAN,
    );
    return abandoned !== undefined;
  }

  async #claim(transaction: SqlExecutor, request: ClaimRequest, search: DueSearch): Promise<Claim[]> {
    const { sql } = this.#engine;
    const { perGroup, keys, worker, max } = request;
    const line = await this.#line(transaction, search);
    const room = perGroup === undefined ? undefined : new GroupRoom(perGroup, line.running);
    const chosen = keys
      ? await this.#chooseOf(transaction, keys, max, room)
      : await dueKeys(transaction, sql, search, line, room);
    if (chosen.length === 0) return [];
    const seconds = leaseSeconds(request.leaseMs);
    const rows = await transaction.query(
      markSql(sql),
      [chosen, worker, Number(keys !== undefined), seconds],
      KEEPS_PLAN,
    );
    await this.#giveUp(
      transaction,
      rows.filter(({ held }) => held !== true).map(({ key }) => String(key)),
    );
    const claims = new Map(
      rows
        .filter(({ held }) => held === true)
        .map(row => [
          String(row.key),
          toClaim(
            row as unknown as ScheduleRow,
            Number(row.claim_token),
            Number(row.now_ms) + seconds * 1000,
          ),
        ]),
    );
    return chosen.map(key => claims.get(key)).filter(claim => claim !== undefined);
  }

  /** The line, once what is nobody's any more is back in it. */
  async #line(transaction: SqlExecutor, search: DueSearch): Promise<Line> {
    const { sql } = this.#engine;
    const line = await readLine(transaction, sql, search);
    if (!line.hasAbandoned) return line;
    await this.#putBackAbandoned(transaction, line.nowMs);
    // Some may have been another's to settle just then.
    return readLine(transaction, sql, search);
  }

  /** What another job keeps from being claimed waits on, without what is in its way. */
  async #giveUp(transaction: SqlExecutor, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    await this.#engine.unblock(transaction, keys);
    await transaction.execute(
      'UPDATE targets SET claimed_by = NULL, claim_token = NULL WHERE key = ANY($1)',
      [keys],
    );
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
}
