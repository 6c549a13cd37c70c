import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import type { Claim, Work } from '../../../engine/work/work.ts';
import type { Repository } from '../../../keep/store/types.ts';
import { keyOf, REPOSITORY_KIND } from '../work.ts';

const LEASE_MS = 30_000;
const HEARTBEAT_MS = LEASE_MS / 3;
/** Says that the item is there for the claim only: it goes with it. */
const REASON = 'churn is being read';

export interface TurnTools {
  readonly work: Work;
  readonly clock: Clock;
  readonly worker: string;
}

/** Whether a bake of the repository is due: then it goes before churn. */
export async function bakeIsDue(repository: Repository, { work, clock }: TurnTools): Promise<boolean> {
  const item = await work.get(keyOf(repository));
  return item !== undefined && item.claimedBy === null && item.runAtMs <= clock.nowMs();
}

/**
 * Runs `action` while holding the repository's claim, which is the only lock on its clone, and gives it back as it
 * was. Answers undefined, without running it, where a bake runs or is due. The signal that `action` gets aborts with
 * `signal` and when the claim is lost.
 */
export async function withClone<T>(
  repository: Repository,
  tools: TurnTools,
  signal: AbortSignal,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly result: T } | undefined> {
  if (await bakeIsDue(repository, tools)) return undefined;
  const claim = await claimClone(repository, tools);
  if (!claim) return undefined;
  const { work, clock } = tools;
  const lost = new AbortController();
  let cancelHeartbeat = (): void => undefined;
  const beat = (): void => {
    cancelHeartbeat = clock.timer(HEARTBEAT_MS, () => {
      work.heartbeat([claim], LEASE_MS).then(
        answer => {
          if (answer.lost.length === 0) beat();
          else lost.abort(new SluiceError('lease_lost', 'another worker has taken over the repository'));
        },
        error => lost.abort(error),
      );
    });
  };
  beat();
  try {
    return { result: await action(AbortSignal.any([signal, lost.signal])) };
  } finally {
    cancelHeartbeat();
    await giveBack(claim, work);
  }
}

async function claimClone(
  repository: Repository,
  { work, clock, worker }: TurnTools,
): Promise<Claim | undefined> {
  const key = keyOf(repository);
  // A repository that is not tracked has no item to claim; not due, so that no station bakes it.
  await work.put(key, {
    kind: REPOSITORY_KIND,
    group: repository.host,
    runAtMs: clock.nowMs() + LEASE_MS,
    reason: REASON,
    ifAbsent: true,
  });
  const [claim] = await work.claim({ worker, keys: [key], max: 1, leaseMs: LEASE_MS });
  return claim;
}

async function giveBack(claim: Claim, work: Work): Promise<void> {
  if (claim.reason === REASON) await work.complete(claim, { nextAtMs: null });
  else await work.release(claim, { runAtMs: claim.runAtMs, reason: claim.reason });
}
