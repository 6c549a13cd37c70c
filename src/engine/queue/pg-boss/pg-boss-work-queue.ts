import type { Clock } from '../../../base/clock.ts';
import type { ErrorRecord } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import type { PostgresDatabase } from '../../../keep/postgres/database.ts';
import { KEEPS_PLAN, type SqlExecutor } from '../../../keep/postgres/executor.ts';
import type { StoreChange } from '../../../keep/store/change.ts';
import {
  doneEnding,
  dropTarget,
  type Ending,
  failedEnding,
  putTarget,
  type ScheduledTarget,
  settleTarget,
  undoneEnding,
} from '../scheduled-target.ts';
import {
  type Claim,
  type ClaimRequest,
  type DueCounts,
  type DueSpans,
  type HeartbeatAnswer,
  type NextRun,
  positionAsked,
  type QueueCounts,
  type QueueItem,
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
import { ClaimDispatcher } from './claim-dispatcher.ts';
import { GroupTransaction } from './group-transaction.ts';
import { ClaimsMoved, JobEngine } from './job-engine.ts';
import { ServerTime } from './server-time.ts';
import {
  countDue,
  countTargets,
  countUpcoming,
  itemsOf,
  kindsOf,
  nextDueAfter,
  runningItems,
  unsettledTargets,
  upcomingItems,
} from './status.ts';
import {
  deleteTargets,
  insertTargets,
  type ScheduleRow,
  targetColumns,
  toTarget,
  updateTargets,
} from './targets.ts';
import { Wake } from './wake.ts';

export interface PgBossWorkQueueOptions {
  readonly database: PostgresDatabase;
  readonly clock: Clock;
  readonly log: Logger;
  /** Makes changes of the store within the queue's transaction. */
  readonly applyChanges: (transaction: SqlExecutor, changes: readonly StoreChange[]) => Promise<void>;
  /** Whether a worker's process is certainly gone; see worker-id.ts. */
  readonly isWorkerGone: (worker: string) => boolean;
  /** This station, to which targets come first that have their home here. */
  readonly station: string;
}

/** A change of the schedule, made together with others in one transaction. */
interface Change {
  readonly keys: readonly string[];
  readonly storeChanges: readonly StoreChange[];
  /** Whose claims it ends: where one of them is held no more, the change is not made. */
  readonly ends?: Claim;
  /** What becomes of the target with a key. `nowMs` is the server's. */
  readonly next: (
    key: string,
    target: ScheduledTarget | undefined,
    nowMs: number,
  ) => ScheduledTarget | undefined;
}

/** A target as it is in a transaction: as it was locked, and as it is to be. */
interface Held {
  readonly before: ScheduledTarget | undefined;
  /** pg-boss has not taken its claim back. */
  readonly isHeld: boolean;
  after: ScheduledTarget | undefined;
}

/** Tries of a transaction in which something has moved between two of its statements. */
const MOST_ATTEMPTS = 5;

/**
 * The work queue of stations that share a Postgres. The table `targets` holds every time, and is what the contract
 * speaks of; a claim is a job of pg-boss beside it, and both change in one transaction. Holds no state but listeners.
 */
export class PgBossWorkQueue implements WorkQueue {
  readonly leaseMs = 15_000;
  readonly #options: PgBossWorkQueueOptions;
  readonly #database: PostgresDatabase;
  readonly #clock: Clock;
  readonly #engine: JobEngine;
  readonly #time: ServerTime;
  readonly #changes: GroupTransaction<Change, Settlement>;
  readonly #dispatcher: ClaimDispatcher;
  readonly #listeners = new Set<() => void>();
  readonly #wake: Wake;

  private constructor(options: PgBossWorkQueueOptions, engine: JobEngine) {
    const { database, clock, station } = options;
    this.#options = options;
    this.#database = database;
    this.#clock = clock;
    this.#engine = engine;
    this.#time = new ServerTime(clock);
    this.#changes = new GroupTransaction({ write: changes => this.#write(changes) });
    this.#dispatcher = new ClaimDispatcher({ database, engine, clock, station });
    this.#wake = new Wake({ database, clock, onWork: () => this.#announceHere() });
  }

  /** Makes what pg-boss needs where it is not there yet. The database stays the caller's. Throws `database_*`. */
  static async open(options: PgBossWorkQueueOptions): Promise<PgBossWorkQueue> {
    const queue = new PgBossWorkQueue(options, await JobEngine.open(options));
    await queue.#hearTime();
    return queue;
  }

  /** Resolves when others have been told of what was changed here, and what they told before has been heard. */
  caughtUp(): Promise<void> {
    return this.#wake.caughtUp();
  }

  /** Ends listening and upkeep, after the changes under way. May be repeated. */
  async close(): Promise<void> {
    await this.#changes.settle();
    await this.#wake.stop();
    await this.#engine.close();
  }

  put(key: string, request: ScheduleRequest): Promise<void> {
    return this.putAll([{ key, request }]);
  }

  async putAll(entries: readonly ScheduleEntry[], storeChanges: readonly StoreChange[] = []): Promise<void> {
    const asked = entries.map(({ key, request }) => {
      const position = positionAsked(key, request);
      return { key, request, position: { ...position, runAtMs: this.#time.toServer(position.runAtMs) } };
    });
    await this.#changes.submit({
      keys: entries.map(({ key }) => key),
      storeChanges,
      next: (key, target) =>
        asked
          .filter(each => each.key === key)
          .reduce<ScheduledTarget | undefined>(
            (before, { request, position }) =>
              putTarget(key, before, request, position, this.#options.station),
            target,
          ),
    });
    if (entries.length > 0) this.#announce();
  }

  async drop(key: string): Promise<void> {
    await this.#changes.submit({ keys: [key], storeChanges: [], next: (_, target) => dropTarget(target) });
  }

  async claim(request: ClaimRequest): Promise<Claim[]> {
    if (request.max < 1) return [];
    const claims = await this.#dispatcher.claim(request);
    return claims.map(claim => ({
      ...claim,
      runAtMs: this.#time.toLocal(claim.runAtMs),
      leaseUntilMs: this.#time.toLocal(claim.leaseUntilMs),
    }));
  }

  async heartbeat(claims: readonly Claim[]): Promise<HeartbeatAnswer> {
    if (claims.length === 0) return { lost: [], dropped: [] };
    const tokens = claims.map(({ token }) => token);
    const askedMs = this.#clock.nowMs();
    const { sql } = this.#engine;
    // Both at once: on a slow line a sign of life is late soon enough.
    const [touched, rows] = await Promise.all([
      this.#engine.touch(this.#database, tokens),
      this.#database.query(
        `SELECT t.claim_token, t.dropped, ${sql.nowMs} AS now_ms FROM targets t WHERE t.claim_token = ANY($1)`,
        [tokens],
        KEEPS_PLAN,
      ),
    ]);
    const held = new Map(rows.map(row => [Number(row.claim_token), row.dropped === true]));
    const first = rows[0];
    if (first) this.#time.heard(Number(first.now_ms), askedMs);
    return {
      lost: claims.filter(({ token }) => !touched.has(token) || !held.has(token)),
      dropped: claims.filter(({ token }) => held.get(token)),
    };
  }

  complete(
    claim: Claim,
    { nextAtMs, reason = '', changes = [], staysHere = false }: NextRun,
  ): Promise<Settlement> {
    const runAtMs = this.#serverTime(nextAtMs, claim);
    const { station } = this.#options;
    return this.#settle(
      claim,
      target => doneEnding(target, { runAtMs, reason, staysHere }, station),
      changes,
    );
  }

  fail(claim: Claim, { error, retryAtMs, reason, changes }: WorkFailure): Promise<Settlement> {
    const failure = {
      retryAtMs: this.#serverTime(retryAtMs, claim),
      reason,
      lastError: JSON.stringify(error satisfies ErrorRecord),
    };
    return this.#settle(claim, target => failedEnding(target, failure), changes);
  }

  release(claim: Claim, { until, changes }: UndoneWork = {}): Promise<Settlement> {
    const later = until && { reason: until.reason, runAtMs: this.#serverTime(until.runAtMs, claim) };
    return this.#settle(claim, (target, nowMs) => undoneEnding(target, nowMs, later), changes);
  }

  async releaseDead(): Promise<number> {
    const sql = 'SELECT key, claimed_by, claim_token FROM targets WHERE claim_token IS NOT NULL';
    const rows = await this.#database.query(sql);
    const dead = rows.filter(({ claimed_by: worker }) => this.#options.isWorkerGone(String(worker)));
    const settled = await Promise.all(
      dead.map(({ key, claim_token: token }) =>
        this.#changes.submit(this.#ending({ key: String(key), token: Number(token) }, undoneEnding)),
      ),
    );
    const released = settled.filter(each => each === 'settled').length;
    if (released > 0) this.#announce();
    return released;
  }

  onWork(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#wake.start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) void this.#wake.stop();
    };
  }

  async nextDueAt(query: { kinds?: readonly string[]; afterMs: number }): Promise<number | null> {
    const kinds = query.kinds ?? (await kindsOf(this.#database)).map(({ kind }) => kind);
    const afterMs = this.#time.toServer(query.afterMs);
    const atMs = await nextDueAfter(this.#database, this.#engine.sql, kinds, afterMs);
    return atMs === null ? null : this.#time.toLocal(atMs);
  }

  async get(key: string): Promise<QueueItem | undefined> {
    return (await this.getMany([key])).get(key);
  }

  async getMany(keys: readonly string[]): Promise<ReadonlyMap<string, QueueItem>> {
    if (keys.length === 0) return new Map();
    const items = this.#local(await itemsOf(this.#database, this.#engine.sql, keys));
    return new Map(items.map(item => [item.key, item]));
  }

  countDue(spans: DueSpans): Promise<DueCounts[]> {
    return countDue(this.#database, { ...spans, fromMs: this.#time.toServer(spans.fromMs) });
  }

  async upcoming(limit: number, choice?: WorkChoice, skipped?: number): Promise<QueueItem[]> {
    const { sql } = this.#engine;
    return this.#local(await upcomingItems(this.#database, sql, limit, this.#onServer(choice), skipped));
  }

  countUpcoming(choice?: WorkChoice): Promise<number> {
    return countUpcoming(this.#database, this.#onServer(choice));
  }

  /** Its times by the clock of the server. */
  #onServer(choice: WorkChoice = {}): WorkChoice {
    const { dueFromMs, dueBeforeMs } = choice;
    return {
      ...choice,
      dueFromMs: dueFromMs === undefined ? undefined : this.#time.toServer(dueFromMs),
      dueBeforeMs: dueBeforeMs === undefined ? undefined : this.#time.toServer(dueBeforeMs),
    };
  }

  async running(limit: number): Promise<QueueItem[]> {
    return this.#local(await runningItems(this.#database, this.#engine.sql, limit));
  }

  async unsettled(lateMs: number): Promise<UnsettledWork[]> {
    const counted = await unsettledTargets(this.#database, this.#engine.sql, lateMs);
    return counted.map(one => ({ ...one, earliestMs: this.#time.toLocal(one.earliestMs) }));
  }

  counts(): Promise<QueueCounts> {
    return countTargets(this.#database, this.#engine.sql);
  }

  async #settle(
    claim: Claim,
    ending: (target: ScheduledTarget, nowMs: number) => Ending,
    storeChanges: readonly StoreChange[] = [],
  ): Promise<Settlement> {
    const settled = await this.#changes.submit({ ...this.#ending(claim, ending), storeChanges });
    if (settled === 'settled') this.#announce();
    return settled;
  }

  #ending(
    claim: Pick<Claim, 'key' | 'token'>,
    ending: (target: ScheduledTarget, nowMs: number) => Ending,
  ): Change {
    return {
      keys: [claim.key],
      storeChanges: [],
      ends: claim as Claim,
      next: (_, target, nowMs) => target && settleTarget(target, ending(target, nowMs)),
    };
  }

  /**
   * What a crash of the server takes back of settlements alone is made again: the claim has nobody then, and its target
   * runs once more. What is put is not, and a claim whose number came twice would be two workers'.
   */
  async #write(changes: readonly Change[]): Promise<readonly Settlement[]> {
    const mayBeLost = changes.every(({ ends }) => ends !== undefined);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#database.transaction(transaction => this.#make(transaction, changes), {
          mayBeLost,
        });
      } catch (error) {
        if (!(error instanceof ClaimsMoved) || attempt === MOST_ATTEMPTS) throw error;
      }
    }
  }

  async #make(transaction: SqlExecutor, changes: readonly Change[]): Promise<readonly Settlement[]> {
    const { targets, nowMs } = await this.#lock(transaction, [
      ...new Set(changes.flatMap(({ keys }) => keys)),
    ]);
    const ended: number[] = [];
    const storeChanges: StoreChange[] = [];
    const settlements = changes.map((change): Settlement => {
      const { ends } = change;
      if (ends) {
        const held = targets.get(ends.key);
        if (!held?.isHeld || held.after?.claim?.token !== ends.token) return 'lost';
        ended.push(ends.token);
      }
      storeChanges.push(...change.storeChanges);
      for (const key of new Set(change.keys)) {
        const held = targets.get(key) as Held;
        held.after = change.next(key, held.after, nowMs);
      }
      return 'settled';
    });
    await this.#engine.end(transaction, ended);
    if (storeChanges.length > 0) await this.#options.applyChanges(transaction, storeChanges);
    await this.#store(transaction, [...targets.values()]);
    return settlements;
  }

  /** Locks what there is of the keys, in their order, so that no two wait for each other. */
  async #lock(
    transaction: SqlExecutor,
    keys: readonly string[],
  ): Promise<{ targets: Map<string, Held>; nowMs: number }> {
    const { sql } = this.#engine;
    const targets = new Map<string, Held>(
      keys.map(key => [key, { before: undefined, after: undefined, isHeld: false }]),
    );
    const askedMs = this.#clock.nowMs();
    const rows = await transaction.query(
      `SELECT ${targetColumns(sql.isHeld)}, ${sql.nowMs} AS now_ms FROM targets t
       WHERE t.key = ANY($1) ORDER BY t.key FOR UPDATE OF t`,
      [keys],
      KEEPS_PLAN,
    );
    const timed = rows[0] ?? (await transaction.first(`SELECT ${sql.nowMs} AS now_ms`));
    const nowMs = Number(timed?.now_ms);
    this.#time.heard(nowMs, askedMs);
    for (const row of rows as unknown as ScheduleRow[]) {
      const target = toTarget(row);
      targets.set(target.key, { before: target, after: target, isHeld: row.held === true });
    }
    return { targets, nowMs };
  }

  async #store(transaction: SqlExecutor, targets: readonly Held[]): Promise<void> {
    const made: ScheduledTarget[] = [];
    const changed: ScheduledTarget[] = [];
    const gone: string[] = [];
    for (const { before, after } of targets) {
      if (after === before) continue;
      if (!after) gone.push((before as ScheduledTarget).key);
      else if (before) changed.push(after);
      else made.push(after);
    }
    await deleteTargets(transaction, gone);
    await updateTargets(transaction, changed);
    // Somebody else has put one meanwhile: with that one before us the rules may say otherwise.
    if ((await insertTargets(transaction, made)) !== made.length) throw new ClaimsMoved();
  }

  #serverTime(timeMs: number, claim: Claim): number;
  #serverTime(timeMs: number | null, claim: Claim): number | null;
  #serverTime(timeMs: number | null, { key }: Claim): number | null {
    return timeMs === null ? null : this.#time.toServer(wholeMs(timeMs, key));
  }

  #local(items: readonly QueueItem[]): QueueItem[] {
    return items.map(item => ({
      ...item,
      runAtMs: this.#time.toLocal(item.runAtMs),
      claimedBy: item.claimedBy && {
        ...item.claimedBy,
        untilMs: this.#time.toLocal(item.claimedBy.untilMs),
      },
    }));
  }

  async #hearTime(): Promise<void> {
    const askedMs = this.#clock.nowMs();
    const row = await this.#database.first(`SELECT ${this.#engine.sql.nowMs} AS now_ms`);
    this.#time.heard(Number(row?.now_ms), askedMs);
  }

  #announce(): void {
    this.#announceHere();
    this.#wake.tell();
  }

  #announceHere(): void {
    for (const listener of this.#listeners) listener();
  }
}
