import type { Clock } from '../../../base/clock.ts';
import type { Claim, WorkQueue } from '../../../engine/queue/work-queue.ts';
import { LEASE_MS, whileHeld } from '../lease.ts';
import { keyOf, REPOSITORY_KIND, trackedRepository } from '../tracking/schedule.ts';

/** Says that an item is there for the claim only: it goes with it, and whoever finds it left over bakes nothing. */
export const CLONE_CLAIM_REASON = 'its clone is being worked in';

export interface ClaimTools {
  readonly queue: WorkQueue;
  readonly worker: string;
  readonly clock: Clock;
}

/**
 * Runs `action` with the claim on a repository's clone, which is the only lock on it, for work that is no bake: evicting,
 * taking over, reading churn. `in use` where somebody else has it, or somebody waits for it first in line. What stood on
 * the schedule stands there again afterwards as before. The signal that `action` gets aborts with `signal` and when the
 * claim is lost.
 */
export async function withClone<T>(
  url: string,
  tools: ClaimTools,
  signal: AbortSignal,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T | 'in use'> {
  const { queue } = tools;
  const claim = await claimClone(url, tools);
  if (!claim) return 'in use';
  try {
    return await whileHeld(claim, tools, lost => action(AbortSignal.any([signal, lost])));
  } finally {
    if (claim.reason === CLONE_CLAIM_REASON) await queue.complete(claim, { nextAtMs: null });
    else await giveBack(claim, queue);
  }
}

async function claimClone(url: string, { queue, worker, clock }: ClaimTools): Promise<Claim | undefined> {
  const key = keyOf({ url });
  // A repository that is not tracked has no item to claim. Not due yet, so that no worker takes it before us.
  const { host } = trackedRepository(url, '/');
  const placement = { kind: REPOSITORY_KIND, group: host, runAtMs: clock.nowMs() + LEASE_MS };
  await queue.put(key, { ...placement, reason: CLONE_CLAIM_REASON, ifAbsent: true });
  const [claim] = await queue.claim({ worker, keys: [key], max: 1, leaseMs: LEASE_MS });
  if (claim?.priority !== 'high') return claim;
  await giveBack(claim, queue);
  return undefined;
}

function giveBack(claim: Claim, queue: WorkQueue): Promise<unknown> {
  return queue.release(claim, { runAtMs: claim.runAtMs, reason: claim.reason });
}
