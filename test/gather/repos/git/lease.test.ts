import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Clock, sleepWith } from '../../../../src/base/clock.ts';
import { leaseOfThread, underLease } from '../../../../src/base/lease.ts';
import { leaseOf, underClaim } from '../../../../src/engine/queue/heartbeat.ts';
import type { Claim } from '../../../../src/engine/queue/work-queue.ts';
import { runGit } from '../../../../src/gather/repos/git/spawn.ts';
import { temporaryDirectory } from '../../../support/git-repositories.ts';

const LEASE_MS = 15_000;

/** Time that passes while the process stands still: no timer fires. */
class StillClock implements Clock {
  #ms = 1;

  standStill(ms: number): void {
    this.#ms += ms;
  }

  nowMs(): number {
    return 1_700_000_000_000 + this.#ms;
  }

  monotonicMs(): number {
    return this.#ms;
  }

  timer(): () => void {
    return () => undefined;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepWith(this, ms, signal);
  }
}

test('who stood still for longer than a lease starts no git for it, before any timer or message told it to stop (F-454)', async t => {
  const clock = new StillClock();
  const trace = join(temporaryDirectory(t), 'started');
  const claim = { key: 'a', leaseUntilMs: clock.nowMs() + LEASE_MS } as Claim;
  const queue = { heartbeat: () => assert.fail('no beat is due') };
  const started: boolean[] = [];
  const git = async (): Promise<void> => {
    await runGit(['version'], { env: { GIT_TRACE: trace } });
  };
  await underClaim(claim, { queue, clock, leaseMs: LEASE_MS }, async lost => {
    await git();
    started.push(existsSync(trace));
    clock.standStill(LEASE_MS - 1);
    await git();
    clock.standStill(1);
    assert.equal(lost.aborted, false);
    const options = {
      env: { GIT_TRACE: `${trace} again` },
      output: { target: 'ignore', started: () => started.push(true) },
    } as const;
    await assert.rejects(runGit(['version'], options), { code: 'lease_lost' });
  });
  assert.deepEqual(started, [true, true]);
  assert.equal(existsSync(`${trace} again`), false);
  // Nobody's claim any more, and no claim at all.
  await git();
});

test('another thread sees a lease as it is: over while the process stood still, prolonged, released, lost (F-454)', () => {
  const clock = new StillClock();
  const lease = leaseOf({ leaseUntilMs: clock.nowMs() + LEASE_MS }, clock);
  const there = leaseOfThread(lease.share());
  const both = (): boolean[] => [lease.isOver, there.isOver];
  assert.deepEqual(both(), [false, false]);
  clock.standStill(LEASE_MS);
  lease.prolong(clock.monotonicMs());
  assert.deepEqual(both(), [true, true]);
  lease.prolong(clock.monotonicMs() + LEASE_MS);
  assert.deepEqual(both(), [false, false]);
  lease.release();
  clock.standStill(2 * LEASE_MS);
  assert.deepEqual(both(), [false, false]);
  lease.lose();
  lease.prolong(clock.monotonicMs() + LEASE_MS);
  assert.deepEqual(both(), [true, true]);
  assert.equal(
    underLease(there, () => underLease(undefined, () => 'under none')),
    'under none',
  );
});
