import { toErrorRecord } from '../../../base/errors.ts';
import type { Random } from '../../../base/random.ts';
import { nextTry, SYNC_RETRY } from '../../../engine/retry.ts';
import type { StoredChangeset, UnseenParts } from '../../../keep/store/changesets.ts';
import type { Unseen } from '../../forges/unseen.ts';
import type { PlannedSync } from '../next-sync.ts';

/** What follows where a changeset was read, but not all of it. Pure. */

/** Failures that leave nothing to be read later: what is readable has been. */
const READ_AS_FAR_AS_IT_GOES = new Set<string>(['forge_answer_invalid', 'listing_endless']);

/**
 * What is to be kept of the parts that a sync did not see; null where there were none. One a part: the first.
 * @param known as it was before
 */
export function unseenParts(
  known: Pick<StoredChangeset, 'unseen' | 'updatedAtMs'>,
  unseen: readonly Unseen[],
): UnseenParts | null {
  if (unseen.length === 0) return null;
  const first = new Map<string, Unseen>();
  for (const each of unseen) if (!first.has(each.part)) first.set(each.part, each);
  const isPassing = unseen.some(({ error }) => error.answer !== 'give-up');
  return {
    parts: [...first.values()].map(({ part, error }) => ({ part, error: toErrorRecord(error) })),
    tries: isPassing ? (known.unseen?.tries ?? 0) + 1 : 0,
    eventsSeenToMs: unseen.some(leavesEvents) ? eventsSeenToMs(known) : (known.updatedAtMs ?? null),
  };
}

function leavesEvents({ error }: Unseen): boolean {
  return error.answer !== 'give-up' || !READ_AS_FAR_AS_IT_GOES.has(error.code);
}

/** Up to when all events are known, on the host's clock; null: they have never been read to their end. */
export function eventsSeenToMs(known: Pick<StoredChangeset, 'unseen' | 'updatedAtMs'>): number | null {
  return known.unseen === null ? known.updatedAtMs : known.unseen.eventsSeenToMs;
}

/**
 * Whether the events need not be asked for: nothing has changed since they were read, or since the host refused some of
 * them, which it would again.
 */
export function hasSeenEnough({ unseen }: Pick<StoredChangeset, 'unseen'>): boolean {
  return unseen === null || unseen.tries === 0;
}

/** The plan, or sooner where passing trouble left something unseen: as after a failure. */
export function planWithUnseen(
  plan: PlannedSync,
  parts: UnseenParts | null,
  unseen: readonly Unseen[],
  random: Random,
  nowMs: number,
): PlannedSync {
  const passing = unseen.find(({ error }) => error.answer !== 'give-up');
  if (parts === null || passing === undefined || plan.nextAtMs === null) return plan;
  const { code, retryAfterMs } = passing.error;
  const again = nextTry(SYNC_RETRY, parts.tries, { code, answer: 'retry', retryAfterMs }, random, nowMs);
  if (!('retryAtMs' in again) || again.retryAtMs >= plan.nextAtMs) return plan;
  return { ...plan, nextAtMs: again.retryAtMs, reason: `${passing.part} not seen (${code}), once more` };
}
