import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ErrorRecord } from '../../src/base/errors.ts';
import type { Claim, WorkQueue } from '../../src/engine/queue/work-queue.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';
import { type ModelClaim, WorkModel } from './work-queue-model.ts';

export interface EmptyWork {
  readonly clock: VirtualClock;
  readonly queue: WorkQueue;
  readonly gone: Set<string>;
  /** All times are multiples of it: the finest that the queue's leases know. */
  readonly tickMs: number;
  close(): Promise<void>;
}

/** Of one claim, in ticks. */
const LEASE_TICKS = 50;
const ERROR: ErrorRecord = { code: 'timed_out', message: 'nothing heard', hint: 'Wait.', answer: 'retry' };

const KEYS = ['a', 'b', 'c', 'd'];
const key = fc.constantFrom(...KEYS);
const kind = fc.constantFrom('bake', 'sync');
const inTicks = fc.integer({ min: -40, max: 60 });
const which = fc.nat(1000);

const operation = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      name: fc.constant('put'),
      key,
      kind,
      inTicks,
      high: fc.boolean(),
      ifAbsent: fc.nat(4),
    }),
  },
  { weight: 1, arbitrary: fc.record({ name: fc.constant('drop'), key }) },
  {
    weight: 4,
    arbitrary: fc.record({
      name: fc.constant('claim'),
      worker: fc.constantFrom('one', 'two', 'three'),
      kinds: fc.option(fc.subarray(['bake', 'sync']), { nil: undefined }),
      keys: fc.option(fc.array(key, { minLength: 1, maxLength: 1 }), { nil: undefined, freq: 4 }),
      max: fc.integer({ min: 1, max: 4 }),
      limit: fc.option(fc.nat(2), { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ name: fc.constant('complete'), which, nextInTicks: fc.option(inTicks) }),
  },
  { weight: 2, arbitrary: fc.record({ name: fc.constant('fail'), which, nextInTicks: fc.option(inTicks) }) },
  { weight: 1, arbitrary: fc.record({ name: fc.constant('release'), which }) },
  { weight: 1, arbitrary: fc.record({ name: fc.constant('heartbeat'), which }) },
  { weight: 1, arbitrary: fc.record({ name: fc.constant('die'), worker: fc.constantFrom('one', 'two') }) },
  {
    weight: 3,
    arbitrary: fc.record({ name: fc.constant('advance'), ticks: fc.integer({ min: 1, max: 40 }) }),
  },
);

// The union of the records above, distinguished by `name` once each name is a literal.
type Operation =
  | { name: 'put'; key: string; kind: string; inTicks: number; high: boolean; ifAbsent: number }
  | { name: 'drop'; key: string }
  | { name: 'claim'; worker: string; kinds?: string[]; keys?: string[]; max: number; limit?: number }
  | { name: 'complete' | 'fail'; which: number; nextInTicks: number | null }
  | { name: 'release' | 'heartbeat'; which: number }
  | { name: 'die'; worker: string }
  | { name: 'advance'; ticks: number };

/** A queue and its model, driven alike; what claims were ever made, stale ones included, can be settled. */
class Pair {
  readonly #real: EmptyWork;
  readonly #model = new WorkModel();
  readonly #claims: { real: Claim; model: ModelClaim }[] = [];

  constructor(real: EmptyWork) {
    this.#real = real;
  }

  async apply(step: Operation): Promise<void> {
    const { queue, clock, gone, tickMs } = this.#real;
    const nowMs = clock.nowMs();
    switch (step.name) {
      case 'put': {
        const placement = {
          kind: step.kind,
          group: step.key < 'c' ? 'left' : 'right',
          runAtMs: nowMs + step.inTicks * tickMs,
          priority: step.high ? ('high' as const) : ('normal' as const),
          reason: `put in ${step.inTicks}`,
          ifAbsent: step.ifAbsent === 0,
        };
        this.#model.put(step.key, placement);
        return queue.put(step.key, placement);
      }
      case 'drop':
        this.#model.drop(step.key);
        return queue.drop(step.key);
      case 'claim':
        return this.#claim(step);
      case 'die': {
        gone.add(step.worker);
        assert.equal(await queue.releaseDead(), this.#model.releaseDead(nowMs, step.worker));
        gone.delete(step.worker);
        return;
      }
      case 'advance':
        return clock.advance(step.ticks * tickMs);
      default:
        return this.#settle(step, nowMs);
    }
  }

  async #claim(step: Operation & { name: 'claim' }): Promise<void> {
    const { queue, clock } = this.#real;
    const { worker, max, limit, keys } = step;
    const perGroup = limit === undefined ? undefined : () => limit;
    const request = {
      worker,
      max,
      keys,
      perGroup,
      leaseMs: LEASE_TICKS * this.#real.tickMs,
      kinds: keys ? undefined : step.kinds,
    };
    const expected = this.#model.claim(clock.nowMs(), request);
    const claims = await queue.claim(request);
    assert.deepEqual(
      claims.map(claim => claim.key),
      expected.map(claim => claim.key),
    );
    for (const [index, real] of claims.entries()) {
      this.#claims.push({ real, model: expected[index] as ModelClaim });
    }
  }

  async #settle(
    step: Operation & { name: 'complete' | 'fail' | 'release' | 'heartbeat' },
    nowMs: number,
  ): Promise<void> {
    const { queue } = this.#real;
    const pair = this.#claims[step.which % Math.max(1, this.#claims.length)];
    if (!pair) return;
    const { real, model } = pair;
    switch (step.name) {
      case 'complete': {
        const nextAtMs = step.nextInTicks === null ? null : nowMs + step.nextInTicks * this.#real.tickMs;
        const expected = this.#model.complete(model, nextAtMs);
        return assert.equal(await queue.complete(real, { nextAtMs, reason: 'done' }), expected);
      }
      case 'fail': {
        const retryAtMs = step.nextInTicks === null ? null : nowMs + step.nextInTicks * this.#real.tickMs;
        const expected = this.#model.fail(model, ERROR, retryAtMs);
        return assert.equal(await queue.fail(real, { error: ERROR, retryAtMs, reason: 'retry' }), expected);
      }
      case 'release':
        return assert.equal(await queue.release(real), this.#model.release(nowMs, model));
      case 'heartbeat': {
        const leaseMs = LEASE_TICKS * this.#real.tickMs;
        const [expected] = this.#model.heartbeat(nowMs, [model], leaseMs);
        const { lost, dropped } = await queue.heartbeat([real], leaseMs);
        const answer = lost.length > 0 ? 'lost' : dropped.length > 0 ? 'dropped' : 'held';
        return assert.equal(answer, expected);
      }
    }
  }

  async compare(): Promise<void> {
    const { queue, clock } = this.#real;
    const nowMs = clock.nowMs();
    const items = await Promise.all(KEYS.map(name => queue.get(name)));
    assert.deepEqual(
      items.filter(item => item !== undefined),
      this.#model.items(),
    );
    assert.deepEqual(
      (await queue.upcoming(10)).map(item => item.key),
      this.#model.upcomingKeys(nowMs),
    );
    const { byKind, ...counts } = await queue.counts();
    assert.deepEqual(counts, this.#model.counts(nowMs));
    assert.equal(
      byKind.reduce((sum, { size }) => sum + size, 0),
      counts.size,
    );
    assert.equal(await queue.nextDueAt({ afterMs: nowMs }), this.#model.nextDueAt(nowMs));
  }
}

/** Whatever several workers do in whatever order, the queue answers as the model does. */
export function workProperties(open: () => Promise<EmptyWork>, runs: number): void {
  test(`any operations of several workers agree with a plain model, after each step (${runs} runs) (C-11)`, async () => {
    const steps = fc.array(operation as fc.Arbitrary<Operation>, { maxLength: 40, size: 'max' });
    await fc.assert(
      fc.asyncProperty(steps, async operations => {
        const real = await open();
        try {
          const pair = new Pair(real);
          for (const step of operations) {
            await pair.apply(step);
            await pair.compare();
          }
        } finally {
          await real.close();
        }
      }),
      { numRuns: runs },
    );
  });
}
