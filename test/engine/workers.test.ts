import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { SluiceError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/log.ts';
import type { EndedWork, FailedWork, WorkHandler, WorkOutcome } from '../../src/engine/queue/handler.ts';
import { SqliteWorkQueue } from '../../src/engine/queue/sqlite/sqlite-work-queue.ts';
import type { Claim, ScheduleRequest, WorkQueue } from '../../src/engine/queue/work-queue.ts';
import { SYNC_RETRY } from '../../src/engine/retry.ts';
import { Workers, type WorkersOptions } from '../../src/engine/workers.ts';
import { Database } from '../../src/keep/sqlite/database.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';
import { FaultyWorkQueue } from '../support/faulty-work-queue.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const LEASE_MS = 60_000;
const POLL_MS = 1000;

/** One call of the handler, which goes on until the test ends it. */
interface Call {
  readonly claim: Claim;
  readonly signal: AbortSignal;
  end(outcome: WorkOutcome): void;
  fail(error: unknown): void;
}

class Bench {
  readonly clock = new VirtualClock();
  readonly calls: Call[] = [];
  readonly ended: EndedWork[] = [];
  readonly failures: FailedWork[] = [];
  readonly asked = new Map<keyof WorkQueue, number>();
  /** Thrown by the queue's calls of that name while set. */
  readonly faults = new Map<keyof WorkQueue, SluiceError>();
  readonly #started: Workers[] = [];
  readonly queue: WorkQueue;
  /** The same queue as other processes see it, through a connection of its own. */
  readonly elsewhere: WorkQueue;

  private constructor(database: Database, other: Database) {
    const options = { clock: this.clock, isWorkerGone: (worker: string) => worker === 'dead' };
    this.elsewhere = new SqliteWorkQueue({ ...options, database: other });
    this.queue = new FaultyWorkQueue(new SqliteWorkQueue({ ...options, database }), call => {
      this.asked.set(call, (this.asked.get(call) ?? 0) + 1);
      const fault = this.faults.get(call);
      if (fault) throw fault;
    });
  }

  static async open(t: TestContext): Promise<Bench> {
    const path = join(await tempDirectory(t), 'work.db');
    const database = await Database.open({ path, clock: systemClock });
    const other = await Database.open({ path, clock: systemClock });
    const bench = new Bench(database, other);
    t.after(async () => {
      for (const workers of bench.#started) await bench.stop(workers);
      await database.close();
      await other.close();
    });
    return bench;
  }

  /** Runs until `end` or `fail` is called; stops at once when aborted, unless it is deaf. */
  handler(more: Partial<WorkHandler> & { deaf?: boolean } = {}): WorkHandler {
    return {
      retry: SYNC_RETRY,
      run: (claim, signal) =>
        new Promise((end, fail) => {
          this.calls.push({ claim, signal, end, fail });
          if (!more.deaf) signal.addEventListener('abort', () => fail(signal.reason));
        }),
      onFailure: async failure => void this.failures.push(failure),
      ...more,
    };
  }

  async start(options: Partial<WorkersOptions> = {}): Promise<Workers> {
    const workers = new Workers({
      name: 'workers',
      queue: this.queue,
      clock: this.clock,
      random: () => 0,
      log: silentLogger,
      worker: 'me',
      handlers: new Map([['sync', this.handler()]]),
      concurrency: 2,
      onEnd: ended => this.ended.push(ended),
      ...options,
    });
    this.#started.push(workers);
    await workers.start();
    await this.clock.settle();
    return workers;
  }

  /** Stops, letting as much time pass as that takes, and leaves no timer. */
  async stop(workers: Workers): Promise<void> {
    this.faults.clear();
    const stopped = workers.stop();
    await this.clock.advance(60_000);
    await stopped;
    assert.equal(this.clock.pendingTimers, 0, 'timers left behind');
  }

  async put(key: string, inMs = 0, more: Partial<ScheduleRequest> = {}, queue = this.queue): Promise<void> {
    const runAtMs = this.clock.nowMs() + inMs;
    await queue.put(key, { kind: 'sync', group: 'host', reason: 'test', runAtMs, ...more });
    await this.clock.settle();
  }

  /** The n-th call of the handler so far. */
  call(index: number): Call {
    const call = this.calls[index];
    assert.ok(call, `the handler was called ${this.calls.length} times only`);
    return call;
  }

  async end(index: number, outcome: WorkOutcome = { nextAtMs: null }): Promise<void> {
    this.call(index).end(outcome);
    await this.clock.settle();
  }

  get keys(): string[] {
    return this.calls.map(({ claim }) => claim.key);
  }

  get endings(): string[] {
    return this.ended.map(({ claim, ending }) => `${claim.key} ${ending}`);
  }
}

test('at most so many at once overall, in order; the next one as soon as one is over (C-11)', async t => {
  const bench = await Bench.open(t);
  for (const [index, key] of ['a', 'b', 'c', 'd'].entries()) await bench.put(key, index - 10);
  const workers = await bench.start();
  assert.deepEqual(bench.keys, ['a', 'b']);
  assert.equal(workers.active, 2);
  await bench.end(1);
  assert.deepEqual(bench.keys, ['a', 'b', 'c']);
  await bench.end(0);
  await bench.end(2);
  await bench.end(3);
  assert.deepEqual(bench.endings, ['b done', 'a done', 'c done', 'd done']);
  assert.equal(workers.active, 0);
});

test('work that takes very long leaves its place to others, as many at once again (R-655)', async t => {
  const bench = await Bench.open(t);
  for (let index = 0; index < 9; index += 1) await bench.put(`${index}`, index - 10);
  await bench.start({ longAfterMs: 10_000, timing: { pollMs: POLL_MS } });
  await bench.clock.advance(9000);
  assert.deepEqual(bench.keys, ['0', '1']);
  await bench.clock.advance(2000);
  assert.deepEqual(bench.keys, ['0', '1', '2', '3']);
  await bench.end(3);
  assert.deepEqual(bench.keys, ['0', '1', '2', '3', '4']);
  await bench.clock.advance(15_000);
  assert.equal(bench.keys.length, 5, 'no more than twice as many, however long they take');
  await bench.end(0);
  assert.deepEqual(bench.keys.slice(5), ['5']);
});

test('at most so many of a group, others go on beside it (C-11)', async t => {
  const bench = await Bench.open(t);
  for (const key of ['a', 'b', 'c']) await bench.put(key, -10, { group: 'full' });
  await bench.put('d', 0, { group: 'other' });
  await bench.start({ concurrency: 4, perGroup: 1 });
  assert.deepEqual(bench.keys, ['a', 'd']);
  await bench.end(1);
  assert.deepEqual(bench.keys, ['a', 'd']);
  await bench.end(0);
  assert.deepEqual(bench.keys, ['a', 'd', 'b']);
});

test('each kind goes to its handler, other kinds are left to others', async t => {
  const bench = await Bench.open(t);
  const done: string[] = [];
  const note = (name: string): WorkHandler =>
    bench.handler({
      run: async claim => {
        done.push(`${name} ${claim.key}`);
        return { nextAtMs: null };
      },
    });
  for (const kind of ['bake', 'other', 'sync']) await bench.put(kind, 0, { kind });
  await bench.start({
    handlers: new Map([
      ['sync', note('syncs')],
      ['bake', note('bakes')],
    ]),
  });
  assert.deepEqual(done, ['bakes bake', 'syncs sync']);
  assert.equal((await bench.queue.counts()).size, 1);
});

test('a put of this process starts work at once (C-10)', async t => {
  const bench = await Bench.open(t);
  await bench.start();
  await bench.put('a', 0, { priority: 'high' });
  assert.deepEqual(bench.keys, ['a']);
});

test('work starts exactly when it is due', async t => {
  const bench = await Bench.open(t);
  await bench.start({ timing: { pollMs: 3_600_000, deadCheckMs: 3_600_000 } });
  await bench.put('a', 5000);
  await bench.clock.advance(4999);
  assert.deepEqual(bench.keys, []);
  await bench.clock.advance(1);
  await bench.clock.settle();
  assert.deepEqual(bench.keys, ['a']);
});

test('what another process puts is seen within a second (C-9)', async t => {
  const bench = await Bench.open(t);
  await bench.start();
  await bench.put('a', 0, {}, bench.elsewhere);
  assert.deepEqual(bench.keys, []);
  await bench.clock.advance(1000);
  assert.deepEqual(bench.keys, ['a']);
});

test('nothing polls hot: idle, full, or with a full group due, the queue is asked once a poll', async t => {
  const bench = await Bench.open(t);
  const claims = (): number => bench.asked.get('claim') ?? 0;
  await bench.start({ perGroup: 1, concurrency: 2 });
  const idle = claims();
  await bench.clock.advance(60 * POLL_MS);
  assert.ok(claims() - idle <= 61, `idle: ${claims() - idle} claims in 60 polls`);
  await bench.put('a');
  await bench.put('b');
  const groupFull = claims();
  await bench.clock.advance(60 * POLL_MS);
  assert.ok(claims() - groupFull <= 62, `group full: ${claims() - groupFull} claims in 60 polls`);
  await bench.put('c', 0, { group: 'other' });
  const full = claims();
  await bench.clock.advance(60 * POLL_MS);
  assert.equal(claims() - full, 0, 'no room, nothing asked');
});

test('done work goes back with its next time and reason (C-8)', async t => {
  const bench = await Bench.open(t);
  await bench.start();
  await bench.put('a');
  await bench.end(0, { nextAtMs: bench.clock.nowMs() + 7000, reason: 'every 2 min' });
  assert.equal((await bench.queue.get('a'))?.reason, 'every 2 min');
  await bench.clock.advance(7000);
  assert.deepEqual(bench.keys, ['a', 'a']);
});

test('postponed work waits without an attempt counted (D-41)', async t => {
  const bench = await Bench.open(t);
  await bench.start();
  await bench.put('a');
  await bench.end(0, { postponedToMs: bench.clock.nowMs() + 60_000, reason: 'endpoint offline' });
  const item = await bench.queue.get('a');
  assert.deepEqual([item?.reason, item?.failures], ['endpoint offline', 0]);
  await bench.clock.advance(60_000);
  assert.equal(bench.call(1).claim.attempt, 1);
  assert.deepEqual(bench.endings, ['a postponed']);
});

test('ten retries at 30 s doubling, each recorded, then given up and off the schedule (D-37, D-39)', async t => {
  const bench = await Bench.open(t);
  const handler = bench.handler({
    retry: DELIVERY_RETRY,
    run: async () => {
      throw new SluiceError('timed_out', 'nothing heard');
    },
  });
  await bench.start({ handlers: new Map([['sync', handler]]) });
  const startMs = bench.clock.nowMs();
  await bench.put('a');
  for (let hour = 0; hour < 9; hour += 1) await bench.clock.advance(3_600_000);
  const waits = bench.failures.map(({ decision }) => 'retryAtMs' in decision && decision.retryAtMs - startMs);
  const expected = Array.from({ length: 10 }, (_, index) => 30_000 * (2 ** (index + 1) - 1));
  assert.deepEqual(waits, [...expected, false]);
  assert.deepEqual(
    bench.failures.map(({ claim }) => claim.attempt),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  );
  assert.equal(bench.endings.at(-1), 'a gave up');
  assert.equal(await bench.queue.get('a'), undefined);
});

test('Errors: a failure shows its error and reason; whatever is thrown, the workers live on', async t => {
  const bench = await Bench.open(t);
  const handler = bench.handler({
    onFailure: async () => {
      throw new Error('could not record');
    },
  });
  await bench.start({ handlers: new Map([['sync', handler]]) });
  await bench.put('a');
  bench.call(0).fail('a string, thrown');
  await bench.clock.settle();
  const item = await bench.queue.get('a');
  assert.deepEqual(
    [item?.lastError?.code, item?.lastError?.message, item?.reason],
    ['internal', 'a string, thrown', 'backing off after error internal'],
  );
  await bench.put('b');
  assert.deepEqual(bench.keys, ['a', 'b']);
});

test('long work keeps its claim by heartbeats', async t => {
  const bench = await Bench.open(t);
  await bench.start();
  await bench.put('a');
  for (let minute = 0; minute < 30; minute += 1) await bench.clock.advance(60_000);
  assert.deepEqual(bench.keys, ['a']);
  await bench.end(0);
  assert.deepEqual(bench.endings, ['a done']);
});

test('work that another has taken over is stopped, and its end changes nothing (S-25)', async t => {
  const bench = await Bench.open(t);
  await bench.start();
  await bench.put('a');
  bench.faults.set('heartbeat', new SluiceError('database_busy', 'locked'));
  await bench.clock.advance(LEASE_MS - 1);
  assert.equal(bench.call(0).signal.aborted, false);
  const taken = bench.elsewhere.claim({ worker: 'other', keys: ['a'], max: 1, leaseMs: LEASE_MS });
  assert.deepEqual(await taken, [], 'the lease still holds');
  await bench.clock.advance(1);
  assert.equal(bench.call(0).signal.reason.code, 'lease_lost');
  assert.deepEqual(bench.endings, ['a handed back']);
});

test('a heartbeat that answers "lost" stops the work (S-25)', async t => {
  const bench = await Bench.open(t);
  await bench.start({ handlers: new Map([['sync', bench.handler({ deaf: true })]]) });
  await bench.put('a');
  bench.clock.jump(LEASE_MS);
  const [other] = await bench.elsewhere.claim({ worker: 'other', keys: ['a'], max: 1, leaseMs: LEASE_MS });
  assert.ok(other);
  await bench.clock.advance(LEASE_MS / 3);
  assert.equal(bench.call(0).signal.reason.code, 'lease_lost');
  await bench.end(0);
  assert.deepEqual(bench.endings, ['a lost']);
  assert.equal((await bench.queue.get('a'))?.claimedBy?.worker, 'other');
});

test('work that is taken off the schedule is stopped at the next heartbeat', async t => {
  const bench = await Bench.open(t);
  await bench.start();
  await bench.put('a');
  await bench.elsewhere.drop('a');
  await bench.clock.advance(LEASE_MS / 3);
  assert.equal(bench.call(0).signal.reason.code, 'cancelled');
  assert.equal(await bench.queue.get('a'), undefined);
});

test('work of a process that is gone is taken over (S-25)', async t => {
  const bench = await Bench.open(t);
  await bench.start();
  await bench.put('a', 9000);
  const [claim] = await bench.elsewhere.claim({ worker: 'dead', keys: ['a'], max: 1, leaseMs: 3_600_000 });
  assert.ok(claim);
  await bench.clock.advance(6000);
  assert.deepEqual(bench.keys, ['a']);
});

test('stop: nothing new is taken, what runs may finish', async t => {
  const bench = await Bench.open(t);
  const workers = await bench.start();
  await bench.put('a');
  const stopped = workers.stop();
  await bench.put('b');
  await bench.clock.advance(5000);
  assert.equal(bench.call(0).signal.aborted, false);
  await bench.end(0);
  await stopped;
  assert.deepEqual([bench.keys, bench.endings], [['a'], ['a done']]);
  assert.equal(bench.clock.pendingTimers, 0);
});

test('stop: what does not finish in the grace is asked to stop and handed back, due now, uncounted (S-23)', async t => {
  const bench = await Bench.open(t);
  const workers = await bench.start();
  await bench.put('a');
  const stopped = workers.stop();
  await bench.clock.advance(10_000);
  await stopped;
  assert.equal(bench.call(0).signal.reason.code, 'stopping');
  assert.deepEqual([bench.endings, bench.failures], [['a handed back'], []]);
  const item = await bench.queue.get('a');
  assert.deepEqual([item?.failures, item?.claimedBy, item?.lastError], [0, null, null]);
  assert.ok((item?.runAtMs ?? Infinity) <= bench.clock.nowMs());
});

test('stop: a handler that is deaf to it keeps its claim, so that nobody works beside it', async t => {
  const bench = await Bench.open(t);
  const workers = await bench.start({ handlers: new Map([['sync', bench.handler({ deaf: true })]]) });
  await bench.put('a');
  await bench.stop(workers);
  assert.equal((await bench.queue.get('a'))?.claimedBy?.worker, 'me');
});

test('stop and start may be repeated; stopped is final', async t => {
  const bench = await Bench.open(t);
  const workers = await bench.start();
  await workers.start();
  await Promise.all([bench.stop(workers), workers.stop()]);
  await workers.stop();
  await assert.rejects(workers.start(), { code: 'stopping' });
});

test('the queue fails: the workers back off, log, and go on once it is back (T-14)', async t => {
  const bench = await Bench.open(t);
  await bench.start();
  const claims = (): number => bench.asked.get('claim') ?? 0;
  bench.faults.set('claim', new SluiceError('disk_full', 'no room'));
  const before = claims();
  for (let index = 0; index < 20; index += 1) await bench.put(`a${index}`);
  await bench.clock.advance(120_000);
  assert.ok(claims() - before < 20, `${claims() - before} claims in two minutes of failure`);
  bench.faults.clear();
  await bench.clock.advance(30_000);
  assert.deepEqual(bench.keys, ['a0', 'a1']);
});

test('the queue fails while work ends: its result is kept and settled later (T-14)', async t => {
  const bench = await Bench.open(t);
  await bench.start();
  await bench.put('a');
  bench.faults.set('complete', new SluiceError('database_busy', 'locked'));
  await bench.end(0);
  await bench.clock.advance(90_000);
  assert.deepEqual(bench.endings, []);
  bench.faults.clear();
  await bench.clock.advance(10_000);
  assert.deepEqual([bench.endings, bench.keys], [['a done'], ['a']]);
});
