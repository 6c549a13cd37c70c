import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { PgBoss } from 'pg-boss';
import { systemClock } from '../../../src/base/clock.ts';
import { SluiceError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { GroupRoom } from '../../../src/engine/queue/group-room.ts';
import { anyDue, dueKeys, readLine } from '../../../src/engine/queue/pg-boss/due.ts';
import { JobSql, jobSchemaOf } from '../../../src/engine/queue/pg-boss/job-engine.ts';
import { PgBossWorkQueue } from '../../../src/engine/queue/pg-boss/pg-boss-work-queue.ts';
import { nextDueAfter } from '../../../src/engine/queue/pg-boss/status.ts';
import { updateTargets } from '../../../src/engine/queue/pg-boss/targets.ts';
import type { Claim } from '../../../src/engine/queue/work-queue.ts';
import { quoteName } from '../../../src/keep/postgres/address.ts';
import { PostgresDatabase } from '../../../src/keep/postgres/database.ts';
import type { SqlExecutor } from '../../../src/keep/postgres/executor.ts';
import { addressIn, ownServer, testAddress } from '../../support/postgres/postgres.ts';

/** What engines of this kind are known to do wrong, each on a real server with its own clock. */

const { url, schema } = await testAddress();
const jobs = quoteName(jobSchemaOf(schema));
let databases: PostgresDatabase[] = [];
let queues: PgBossWorkQueue[] = [];
let [database, queue] = [undefined as unknown as PostgresDatabase, undefined as unknown as PgBossWorkQueue];

before(async () => {
  for (const station of ['a', 'b', 'c']) {
    const opened = await PostgresDatabase.open({ url, clock: systemClock, env: {} });
    databases.push(opened);
    queues.push(
      await PgBossWorkQueue.open({
        database: opened,
        clock: systemClock,
        log: silentLogger,
        isWorkerGone: () => false,
        applyChanges: async () => undefined,
        station,
      }),
    );
  }
  [database, queue] = [databases[0] as PostgresDatabase, queues[0] as PgBossWorkQueue];
});

after(async () => {
  await Promise.all(queues.map(each => each.close()));
  await Promise.all(databases.map(each => each.close()));
  [databases, queues] = [[], []];
});

beforeEach(() => database.run(`TRUNCATE targets, target_kinds; DELETE FROM ${jobs}.job`));

const request = { worker: 'one', max: 100, leaseMs: 10_000 };

/** Targets straight into the table: so many of one group, due from `fromMs` on, one a millisecond. */
function fill(of: { count: number; group: string; fromMs: number; priority?: number }): Promise<void> {
  return database.run(`
    INSERT INTO targets (key, kind, work_group, priority, run_at_ms, reason)
    SELECT '${of.group} ' || n, 'sync', '${of.group}', ${of.priority ?? 0}, ${of.fromMs} + n, 'test'
    FROM generate_series(1, ${of.count}) n`);
}

/** Runs every statement twice, and adds up the rows that its plan has read from tables and indexes. */
function countingReads(): SqlExecutor & { rowsRead: number } {
  const counting = {
    rowsRead: 0,
    async query(sql: string, values: readonly never[] = []) {
      const [row] = await database.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, values);
      assert.ok(row);
      const [root] = row['QUERY PLAN'] as [PlanRoot];
      counting.rowsRead += rowsScanned(root.Plan);
      return database.query(sql, values);
    },
    first: async (sql: string, values: readonly never[] = []) => (await counting.query(sql, values))[0],
    execute: () => assert.fail('only reads'),
    run: () => assert.fail('only reads'),
    executeSql: () => assert.fail('only reads'),
  };
  return counting as unknown as SqlExecutor & { rowsRead: number };
}

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Plan[];
}
interface PlanRoot {
  readonly Plan: Plan;
}

function rowsScanned(plan: Plan | undefined): number {
  if (!plan) return 0;
  const own =
    plan['Relation Name'] === undefined
      ? 0
      : (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops'];
  return own + (plan.Plans ?? []).reduce((sum, child) => sum + rowsScanned(child), 0);
}

test('three stations that claim and settle at once never run more of a group than its limit (F-451)', async () => {
  const groups = Array.from({ length: 6 }, (_, index) => `host ${index}`);
  for (const group of groups) await fill({ count: 60, group, fromMs: 0 });
  const running = new Map<string, number>();
  let most = 0;
  let done = 0;
  const runs = new Map<string, number>();
  const work = async (mine: PgBossWorkQueue, max: number): Promise<void> => {
    while (done < 360) {
      const claims = await mine.claim({ ...request, max, perGroup: 2 });
      for (const { group, key } of claims) {
        running.set(group, (running.get(group) ?? 0) + 1);
        runs.set(key, (runs.get(key) ?? 0) + 1);
        most = Math.max(most, running.get(group) ?? 0);
      }
      await mine.heartbeat(claims);
      for (const claim of claims) {
        // From here on it may be counted as over, and no earlier.
        running.set(claim.group, (running.get(claim.group) ?? 0) - 1);
        done += 1;
        await mine.complete(claim, { nextAtMs: null });
      }
    }
  };
  await Promise.all(queues.flatMap(each => [work(each, 3), work(each, 10)]));
  assert.equal(most, 2);
  assert.deepEqual([runs.size, Math.max(...runs.values())], [360, 1]);
});

test('100 000 waiting behind full hosts, and 100 000 that are due later, cost the others nothing (F-452)', async () => {
  const nowMs = Date.now();
  await fill({ count: 100_000, group: 'full', fromMs: nowMs - 200_000, priority: 1 });
  await fill({ count: 100_000, group: 'free', fromMs: nowMs + 60_000 });
  await fill({ count: 3, group: 'free too', fromMs: nowMs - 10 });
  await database.run('VACUUM ANALYZE targets');
  const reads = countingReads();
  const sql = new JobSql(schema);
  const search = { kinds: ['sync'], max: 10, station: 'a' };
  const room = new GroupRoom(2, new Map([['full', 2]]));
  assert.equal(await anyDue(reads, sql, search), true);
  const line = await readLine(reads, sql, search);
  assert.deepEqual(await dueKeys(reads, sql, search, line, room), ['free too 1', 'free too 2']);
  assert.equal(await nextDueAfter(reads, sql, ['sync'], nowMs), nowMs + 60_001);
  await database.run("UPDATE targets SET priority = 0 WHERE work_group = 'full'");
  await database.run('VACUUM ANALYZE targets');
  assert.equal(await anyDue(reads, sql, search), true);
  assert.ok(reads.rowsRead < 200, `${reads.rowsRead} rows were read`);
});

test('targets that are put again are found by their keys, in a table of any size (F-452)', async () => {
  await fill({ count: 8000, group: 'a', fromMs: 0 });
  await database.run('VACUUM ANALYZE targets');
  const targets = Array.from({ length: 20 }, (_, index) => ({
    ...{
      key: `a ${index + 1}`,
      kind: 'sync',
      group: 'a',
      priority: 'normal' as const,
      runAtMs: 1,
      reason: 'again',
    },
    ...{ failures: 0, lastError: null, claim: null, dropped: false, again: null, home: null },
  }));
  await database.transaction(async transaction => {
    // A plan that is kept is made after five calls.
    for (let call = 0; call < 10; call += 1) await updateTargets(transaction, targets);
    const read = await transaction.first(
      "SELECT seq_tup_read, n_tup_upd FROM pg_stat_xact_user_tables WHERE relid = 'targets'::regclass",
    );
    assert.deepEqual(read, { seq_tup_read: 0, n_tup_upd: 200 });
  });
});

test('a job that is left over blocks neither its key nor a worker (F-453)', async () => {
  const boss = new PgBoss({
    db: { executeSql: (text, values) => database.executeSql(text, values) },
    schema: jobs,
    supervise: false,
    schedule: false,
  });
  await boss.start();
  await boss.insert('targets', [{ singletonKey: 'blocked' }, { singletonKey: 'nobody knows it' }]);
  await boss.stop({ graceful: false });
  await queue.put('blocked', { kind: 'sync', group: 'a', runAtMs: 0, reason: 'test' });
  await queue.put('free', { kind: 'sync', group: 'a', runAtMs: 0, reason: 'test' });
  const keys = async (): Promise<string[]> => (await queue.claim(request)).map(({ key }) => key);
  const claimed = [...(await keys()), ...(await keys())];
  assert.deepEqual(claimed.sort(), ['blocked', 'free']);
});

test('the job of a claim is as pg-boss itself makes and hands out one (F-453)', async t => {
  const boss = new PgBoss({
    db: { executeSql: (text, values) => database.executeSql(text, values) },
    schema: jobs,
    supervise: false,
    schedule: false,
  });
  await boss.start();
  t.after(() => boss.stop({ graceful: false }));
  await queue.put('ours', { kind: 'sync', group: 'a', runAtMs: 0, reason: 'test' });
  const [claim] = await queue.claim(request);
  assert.ok(claim);
  const asked = { heartbeatSeconds: 10, expireInSeconds: 86_400, retryLimit: 1_000_000 };
  await boss.insert('targets', [{ singletonKey: 'theirs', ...asked }]);
  assert.equal((await boss.fetch('targets')).length, 1);
  const rows = await database.query(`
    SELECT to_jsonb(job) - ARRAY['id', 'singleton_key', 'created_on', 'start_after', 'started_on', 'heartbeat_on', 'keep_until']
           || jsonb_build_object('kept', justify_hours(keep_until - created_on), 'is due', start_after = created_on,
                'is old', least(created_on, started_on, heartbeat_on) < now() - interval '1 minute') AS job
      FROM ${jobs}.job ORDER BY singleton_key`);
  const [ours, theirs] = rows.map(({ job }) => job);
  assert.ok(ours);
  assert.deepEqual(ours, theirs);
  await queue.complete(claim, { nextAtMs: null });
});

test('claims whose jobs are gone, all of pg-boss emptied, are given anew, and settle as lost (F-453)', async () => {
  for (const key of ['a', 'b'])
    await queue.put(key, { kind: 'sync', group: 'a', runAtMs: 0, reason: 'test' });
  const [first, second] = await queue.claim(request);
  assert.ok(first && second);
  await database.run(`DELETE FROM ${jobs}.job`);
  assert.deepEqual(await queue.heartbeat([first]), { lost: [first], dropped: [] });
  assert.equal(await queue.complete(first, { nextAtMs: null }), 'lost');
  const again = await queues[1]?.claim(request);
  assert.deepEqual(
    again?.map(({ key }) => key),
    ['a', 'b'],
  );
  assert.equal(await queue.complete(second, { nextAtMs: null }), 'lost');
  assert.equal(await queues[1]?.complete(again?.[0] as Claim, { nextAtMs: null }), 'settled');
});

test('what pg-boss takes back by itself is given anew once, and what was put meanwhile holds (F-453)', async () => {
  await queue.put('a', { kind: 'sync', group: 'a', runAtMs: 0, reason: 'test' });
  const [claim] = await queue.claim(request);
  assert.ok(claim);
  await queue.put('a', { kind: 'sync', group: 'a', runAtMs: 0, reason: 'webhook', priority: 'high' });
  await database.run(`
    UPDATE ${jobs}.job SET state = 'retry', heartbeat_on = NULL WHERE state = 'active'`);
  const again = await queue.claim(request);
  assert.deepEqual(
    again.map(({ key, priority, reason }) => [key, priority, reason]),
    [['a', 'high', 'webhook']],
  );
  assert.equal(await queue.complete(claim, { nextAtMs: null }), 'lost');
  assert.deepEqual(await queue.claim(request), []);
});

test('a station that stands still within the dispatch holds up the others for seconds only (F-453)', async () => {
  assert.equal(
    (await database.first('SHOW idle_in_transaction_session_timeout'))?.idle_in_transaction_session_timeout,
    '5s',
  );
  await queue.put('a', { kind: 'sync', group: 'a', runAtMs: 0, reason: 'test' });
  const still = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const standing = databases[2]?.transaction(async transaction => {
    await transaction.run("SET LOCAL idle_in_transaction_session_timeout = '300ms'");
    await transaction.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `sluice dispatch ${schema}`,
    ]);
    locked.resolve();
    await still.promise;
    throw new Error('it goes on too late');
  });
  await locked.promise;
  assert.deepEqual(
    (await queue.claim(request)).map(({ key }) => key),
    ['a'],
  );
  still.resolve();
  await assert.rejects(standing ?? Promise.resolve());
});

test('a crash of the server takes back settlements of its last moment at most: those targets run again, and nothing else is lost (F-606)', async t => {
  // What is not on the disk when a transaction ends is not there for a long while.
  const server = await ownServer(t, { synchronous_commit: 'on', wal_writer_delay: '10s' });
  const { url } = addressIn(server);
  const database = await PostgresDatabase.open({ url, clock: systemClock, env: {} });
  t.after(() => database.close());
  const queue = await PgBossWorkQueue.open({
    ...{ database, station: 'one', clock: systemClock, log: silentLogger },
    isWorkerGone: () => true,
    applyChanges: async () => undefined,
  });
  t.after(() => queue.close());
  const put = (key: string) => queue.put(key, { kind: 'sync', group: key, runAtMs: 0, reason: 'test' });
  await put('settled');
  await put('unsettled');
  const claims = await queue.claim(request);
  const first = claims.find(({ key }) => key === 'settled') as Claim;
  assert.equal(await queue.complete(first, { nextAtMs: Date.now() + 3_600_000 }), 'settled');
  await server.kill();
  await server.start();
  await queue.releaseDead();
  const again = await queue.claim(request);
  assert.deepEqual(again.map(({ key }) => key).sort(), ['settled', 'unsettled']);
  const tokens = [...claims, ...again].map(({ token }) => token);
  assert.equal(new Set(tokens).size, 4);
  assert.equal(await queue.complete(first, { nextAtMs: null }), 'lost');
});

test('tables of a newer pg-boss are refused, and nothing is done to them (F-466)', async t => {
  const { url } = await testAddress();
  const database = await PostgresDatabase.open({ url, clock: systemClock, env: {} });
  t.after(() => database.close());
  const open = (): Promise<PgBossWorkQueue> =>
    PgBossWorkQueue.open({
      ...{ database, station: 'one', clock: systemClock, log: silentLogger },
      isWorkerGone: () => false,
      applyChanges: async () => undefined,
    });
  await (await open()).close();
  await database.run(`UPDATE ${jobSchemaOf(database.schema)}.version SET version = 1000000`);
  await assert.rejects(
    open(),
    (error: unknown) => error instanceof SluiceError && error.code === 'database_newer',
  );
});
