import type { Clock } from '../../../base/clock.ts';
import { underClaim } from '../../../engine/queue/heartbeat.ts';
import type { Claim, WorkQueue } from '../../../engine/queue/work-queue.ts';
import { configuredAddress, type RepositoryAddress } from '../address/url.ts';
import { REPOSITORY_KIND, repositoryKey } from '../tracking/schedule.ts';

/**
 * A repository's claim on the work queue is the only lock on its clone. Workers of the queue take it for syncs; here it
 * is taken for what is no sync: baking by hand, evicting, taking over, reading churn.
 */
export interface CloneClaimContext {
  readonly queue: WorkQueue;
  /** From `newWorkerId`. */
  readonly worker: string;
  readonly clock: Clock;
}

/** When an item that is put for its claim alone would be due: a worker that finds it then was not meant. */
const NOT_YET_MS = 30_000;

/** Says that an item is there for the claim only: it goes with it, and whoever finds it left over bakes nothing. */
export const CLONE_CLAIM_REASON = 'its clone is being worked in';

/** Takes a repository's claim, whether it is on the schedule or not. Undefined where somebody else has it. */
export async function claimClone(
  { url, host }: RepositoryAddress,
  reason: string,
  { queue, worker, clock }: CloneClaimContext,
): Promise<Claim | undefined> {
  const key = repositoryKey({ url });
  // A repository that is not tracked has no item to claim. Not due yet, so that no worker takes it before us.
  const runAtMs = clock.nowMs() + NOT_YET_MS;
  await queue.put(key, { kind: REPOSITORY_KIND, group: host, runAtMs, reason, ifAbsent: true });
  const [claim] = await queue.claim({ worker, keys: [key], max: 1, leaseMs: queue.leaseMs });
  return claim;
}

/**
 * Runs `action` under a claim of `claimClone`; its signal aborts when the claim is lost. The caller settles the claim.
 */
export function underCloneClaim<T>(
  claim: Claim,
  { queue, clock }: Pick<CloneClaimContext, 'queue' | 'clock'>,
  action: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  return underClaim(claim, { queue, clock, leaseMs: queue.leaseMs }, action);
}

/**
 * Runs `action` with the claim on a repository's clone, and gives it back: what stood on the schedule stands there
 * again afterwards as before. `in use` where somebody else has it, or somebody waits for it first in line. The signal
 * that `action` gets aborts with `signal` and when the claim is lost.
 */
export async function withCloneClaim<T>(
  url: string,
  context: CloneClaimContext,
  signal: AbortSignal,
  action: (signal: AbortSignal, claim: Claim) => Promise<T>,
): Promise<T | 'in use'> {
  const { queue } = context;
  const { host } = configuredAddress(url, '/');
  const claim = await claimClone({ url, host }, CLONE_CLAIM_REASON, context);
  if (!claim) return 'in use';
  if (claim.priority === 'high') {
    await giveBack(claim, queue);
    return 'in use';
  }
  try {
    return await underCloneClaim(claim, context, lost => action(AbortSignal.any([signal, lost]), claim));
  } finally {
    if (claim.reason === CLONE_CLAIM_REASON) await queue.complete(claim, { nextAtMs: null });
    else await giveBack(claim, queue);
  }
}

function giveBack(claim: Claim, queue: WorkQueue): Promise<unknown> {
  return queue.release(claim, { until: { runAtMs: claim.runAtMs, reason: claim.reason } });
}
