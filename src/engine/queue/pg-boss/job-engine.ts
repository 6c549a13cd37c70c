import { PgBoss } from 'pg-boss';
import pgBoss from 'pg-boss/package.json' with { type: 'json' };
import { SluiceError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import { quoteName } from '../../../keep/postgres/address.ts';
import type { PostgresDatabase } from '../../../keep/postgres/database.ts';
import { isDouble } from '../../../keep/postgres/errors.ts';
import { KEEPS_PLAN, type SqlExecutor } from '../../../keep/postgres/executor.ts';

/**
 * pg-boss, as the queue uses it: a job stands for a claim, and lives as long as that. It lets one live a key, keeps the
 * leases, and fences the end of a claim; it holds nothing that is not due, and may be emptied
 * (docs/decisions/0088-claims-are-jobs-of-pg-boss.md).
 */
export interface JobEngineOptions {
  readonly database: PostgresDatabase;
  readonly log: Logger;
}

const QUEUE = 'targets';
/** One job a key lives at a time. */
const POLICY = 'exclusive';
/** pg-boss takes no shorter lease. */
const SHORTEST_LEASE_S = 10;
/** A claim lives by its signs of life, however long it takes. */
const LONGEST_CLAIM_S = 86_400;
/** After so many ends of a lease pg-boss would give up; the schedule never does. */
const RETRIES = 1_000_000;
/** Between two rounds of pg-boss's own upkeep, which is the second to see that a lease has ended. */
const UPKEEP_EVERY_S = 60;
const SELDOM_S = 3600;
const MOST_ATTEMPTS = 5;
/** A new job's, and it has no second attempt: whose lease has ended gets a new job. */
const FIRST_ATTEMPT = 0;

const JOBS = '_jobs';
/** Longer names Postgres cuts. */
const LONGEST_NAME_BYTES = 63;

/** Our tables are in `schema`, those of pg-boss beside them. */
export function jobSchemaOf(schema: string): string {
  return Buffer.from(schema).subarray(0, LONGEST_NAME_BYTES - JOBS.length) + JOBS;
}

/** The id of a claim's job. */
function jobIdOf(token: number): string {
  return `00000000-0000-4000-8000-${token.toString(16).padStart(12, '0')}`;
}

/** The same in SQL, of a claimed target `t`. */
export const JOB_ID = `('00000000-0000-4000-8000-' || lpad(to_hex(t.claim_token), 12, '0'))::uuid`;

function tokenOf(jobId: string): number {
  return Number.parseInt(jobId.slice(-12), 16);
}

/** Statements about jobs, in a schema's names. */
export class JobSql {
  /** The server's clock, in whole milliseconds. */
  readonly nowMs: string;
  /** When the lease of a joined job `j` ends, in milliseconds; later it may be taken back. */
  readonly leaseUntilMs: string;

  readonly #schema: string;

  constructor(schema: string) {
    this.#schema = quoteName(jobSchemaOf(schema));
    this.nowMs = `floor(extract(epoch from ${this.#schema}.job_now()) * 1000)::bigint`;
    this.leaseUntilMs = `floor(extract(epoch from j.heartbeat_on + j.heartbeat_seconds * interval '1 second') * 1000)::bigint`;
  }

  /** Living jobs `j`: as many as work runs at once. */
  get living(): string {
    return `${this.#schema}.job j WHERE j.name = '${QUEUE}' AND j.state = 'active'`;
  }

  /**
   * Joins the living job `j` of a claimed target `t`: none where pg-boss has taken it back, or does not know it. For a few
   * targets only: jobs come and go so fast that the server's statistics of them are of another moment, and may have it go
   * through all of them once a target.
   */
  get joinJob(): string {
    return `LEFT JOIN ${this.#schema}.job j ON j.name = '${QUEUE}' AND j.state = 'active' AND j.id = ${JOB_ID}`;
  }

  /** Whether the job of a claimed target `t` lives. Of any number of targets jobs are gone through once. */
  get isHeld(): string {
    return `coalesce(${JOB_ID} IN (SELECT j.id FROM ${this.living}), false)`;
  }

  /**
   * Makes the jobs of claimed targets `t`, the rows of `claimed`, with a lease of so many seconds. They are put in as taken,
   * as pg-boss's own fetch leaves them, and not put in to wait and then fetched: nobody else would see one that waits before
   * the transaction ends, and the server would write each of them twice
   * (docs/decisions/0129-claims-go-in-as-they-are-held.md). Answers the `id` of those that went in: what lives already under
   * the same key keeps another out.
   */
  begin(claimed: string, leaseSecondsSql: string): string {
    const now = `${this.#schema}.job_now()`;
    return `
      INSERT INTO ${this.#schema}.job (id, name, policy, singleton_key, state, retry_limit, expire_seconds,
        heartbeat_seconds, created_on, start_after, started_on, heartbeat_on)
      SELECT ${JOB_ID}, '${QUEUE}', '${POLICY}', t.key, 'active', ${RETRIES}, ${LONGEST_CLAIM_S},
        ${leaseSecondsSql}, ${now}, ${now}, ${now}, ${now} FROM ${claimed} t
      ON CONFLICT DO NOTHING RETURNING id`;
  }

  /** Whether a claimed target `t` is nobody's any more, likewise. */
  get isAbandoned(): string {
    return `${JOB_ID} NOT IN (SELECT j.id FROM ${this.living} AND
      j.heartbeat_on + j.heartbeat_seconds * interval '1 second' >= ${this.#schema}.job_now())`;
  }
}

export class JobEngine {
  /** For statements that go with others of the schedule. */
  readonly sql: JobSql;
  readonly #boss: PgBoss;

  private constructor(boss: PgBoss, schema: string) {
    this.#boss = boss;
    this.sql = new JobSql(schema);
  }

  /**
   * Makes pg-boss's tables where they are not there yet, and brings older ones up to date; several stations may do so at
   * once.
   * @throws SluiceError `database_newer` where a newer pg-boss has made them, which this one would misread; `database_*`
   */
  static async open(options: JobEngineOptions): Promise<JobEngine> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await JobEngine.#begin(options);
      } catch (error) {
        // Several that make one schema at the same moment are all but one refused; what that one made is there then.
        if (attempt === MOST_ATTEMPTS || !isDouble(error)) throw error;
      }
    }
  }

  static async #begin({ database, log }: JobEngineOptions): Promise<JobEngine> {
    const boss = new PgBoss({
      db: { executeSql: (text, values) => database.executeSql(text, values) },
      schema: quoteName(jobSchemaOf(database.schema)),
      // To make it needs a right that one who owns it need not have, even where it is there.
      createSchema: !(await isThere(database, jobSchemaOf(database.schema))),
      schedule: false,
      registerInstance: false,
      superviseIntervalSeconds: UPKEEP_EVERY_S,
      monitorIntervalSeconds: UPKEEP_EVERY_S,
      maintenanceIntervalSeconds: SELDOM_S,
      queueCacheIntervalSeconds: SELDOM_S,
      bamIntervalSeconds: SELDOM_S,
      flowIntervalSeconds: SELDOM_S,
    });
    boss.on('error', error => log.warn({ reason: String(error) }, 'pg-boss could not do its upkeep'));
    try {
      await assertNotNewer(boss, database.place);
      await boss.start();
      await boss.createQueue(QUEUE, { policy: POLICY });
    } catch (error) {
      await boss.stop({ graceful: false, close: false }).catch(() => undefined);
      throw error instanceof SluiceError ? error : unusable(error, database.place);
    }
    return new JobEngine(boss, database.schema);
  }

  /** Removes what stands in the way of keys whose targets wait: a job without a claim, which is nobody's. */
  async unblock(transaction: SqlExecutor, keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const jobs = await this.#boss.findJobs(QUEUE, { key, db: transaction as never });
      const ids = jobs.map(({ id }) => id);
      if (ids.length > 0) await this.#boss.deleteJob(QUEUE, ids, { db: transaction as never });
    }
  }

  /**
   * Ends claims that are held.
   * @throws ClaimsMoved where one of them is held no more; the transaction is then to be made anew
   */
  async end(transaction: SqlExecutor, tokens: readonly number[]): Promise<void> {
    if (tokens.length === 0) return;
    const jobs = tokens.map(token => ({ id: jobIdOf(token), retryCount: FIRST_ATTEMPT }));
    const answer = await this.#boss.deleteJob(QUEUE, jobs, { db: keepingPlans(transaction) });
    if (affected(answer) !== tokens.length) throw new ClaimsMoved();
  }

  /** Removes the jobs of claims that are nobody's any more, in whatever state they are. */
  async remove(transaction: SqlExecutor, tokens: readonly number[]): Promise<void> {
    if (tokens.length === 0) return;
    await this.#boss.deleteJob(QUEUE, tokens.map(jobIdOf), { db: transaction as never });
  }

  /** Prolongs claims by the lease that they were taken with. @returns those that are held */
  async touch(executor: SqlExecutor, tokens: readonly number[]): Promise<ReadonlySet<number>> {
    const jobs = tokens.map(token => ({ id: jobIdOf(token), retryCount: FIRST_ATTEMPT }));
    const answer = await this.#boss.touch(QUEUE, jobs, { db: keepingPlans(executor) });
    return new Set(settledIds(answer).map(tokenOf));
  }

  /** Ends its upkeep. The database stays open. May be repeated. */
  async close(): Promise<void> {
    await this.#boss.stop({ graceful: false, close: false });
  }
}

/** For statements of pg-boss's that are the same each time. */
function keepingPlans(executor: SqlExecutor): never {
  return {
    executeSql: (text: string, values: unknown[]) => executor.executeSql(text, values, KEEPS_PLAN),
  } as never;
}

/** What was read in this transaction is true no more: it is to be made anew. */
export class ClaimsMoved extends SluiceError {
  constructor() {
    super('database_busy', 'a claim ended while it was being settled');
  }
}

/** The lease that pg-boss keeps for one that was asked for: whole seconds, and not too short. */
export function leaseSeconds(leaseMs: number): number {
  return Math.max(SHORTEST_LEASE_S, Math.ceil(leaseMs / 1000));
}

/** How many jobs a call was about: its type leaves out what the documentation names. */
function affected(answer: object): number {
  return 'affected' in answer ? Number(answer.affected) : Number.NaN;
}

/** Which jobs a call was about, likewise. */
function settledIds(answer: object): readonly string[] {
  if ('settled' in answer && Array.isArray(answer.settled)) return answer.settled.map(String);
  throw new SluiceError('internal', 'pg-boss does not say which claims it has prolonged');
}

async function isThere(database: PostgresDatabase, schema: string): Promise<boolean> {
  return (await database.first('SELECT FROM pg_namespace WHERE nspname = $1', [schema])) !== undefined;
}

/** pg-boss itself goes on beside tables of a later version. */
async function assertNotNewer(boss: PgBoss, place: string): Promise<void> {
  const version = (await boss.isInstalled()) ? await boss.schemaVersion() : null;
  if (version === null || version <= pgBoss.pgboss.schema) return;
  const message = `${place}: pg-boss's tables have version ${version}, made by a newer station; this one knows up to ${pgBoss.pgboss.schema}`;
  throw new SluiceError('database_newer', message, { hint: 'Upgrade this station.' });
}

function unusable(error: unknown, place: string): SluiceError {
  const words = error instanceof Error ? error.message : String(error);
  return new SluiceError('database_failed', `${place}: pg-boss cannot begin: ${words}`, {
    operation: 'open queue',
    subject: place,
    cause: error,
  });
}
