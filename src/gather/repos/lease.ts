import type { Clock } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import type { Claim, WorkQueue } from '../../engine/queue/work-queue.ts';

/** A claim is renewed three times before it would be taken for dead. */
export const LEASE_MS = 30_000;
const HEARTBEAT_MS = LEASE_MS / 3;

/**
 * Runs `action` while `claim` is kept alive; the signal that it gets aborts when the claim is lost, or nobody can say.
 * Settling the claim is the caller's business.
 */
export async function whileHeld<T>(
  claim: Claim,
  { queue, clock }: { readonly queue: WorkQueue; readonly clock: Clock },
  action: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  let over = false;
  let cancelHeartbeat = (): void => undefined;
  const beat = (): void => {
    cancelHeartbeat = clock.timer(HEARTBEAT_MS, () => {
      queue.heartbeat([claim], LEASE_MS).then(
        answer => {
          if (answer.lost.length > 0)
            lost.abort(new SluiceError('lease_lost', 'another worker has taken over'));
          else if (!over) beat();
        },
        error => lost.abort(error),
      );
    });
  };
  beat();
  try {
    return await action(lost.signal);
  } finally {
    over = true;
    cancelHeartbeat();
  }
}
