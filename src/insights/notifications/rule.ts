import type { Notice, NotificationEvent } from '../../keep/store/notifications.ts';

/** What a visit to a tracked repository showed. Times are milliseconds since the Unix epoch. */
export interface Sighting {
  readonly nowMs: number;
  /** As the newest commit has it; null for an empty repository. Whatever its author wrote: 1970 and 2100, too. */
  readonly lastCommitAtMs: number | null;
  /** When commits last came that were not there before; null when none have since the first bake. */
  readonly lastNewsAtMs: number | null;
  /** How the visit failed, and how many before it in a row, this one included. */
  readonly failure?: { readonly message: string; readonly inARow: number } | undefined;
}

export interface NotifyPolicy {
  /** Never told to be stale when absent. */
  readonly staleAfterDays?: number | undefined;
  readonly afterFailures: number;
}

/** What is to be told; `message` is a sentence less its subject. */
export interface Told {
  readonly event: NotificationEvent;
  readonly message: string;
}

const DAY_MS = 86_400_000;

/**
 * P12: what a visit gives cause to tell. A notice is begun once and ended once: stale by new commits, failing by
 * a success. Failures say nothing about commits, so a repository that cannot be reached is never told to be stale.
 * A commit that was written long ago and came today is news today.
 * @param notices since when the repository is under which
 */
export function whatToTell(
  sighting: Sighting,
  notices: ReadonlyMap<Notice, number>,
  policy: NotifyPolicy,
): readonly Told[] {
  const { nowMs, lastNewsAtMs, failure } = sighting;
  if (failure) {
    if (notices.has('failing') || failure.inARow < policy.afterFailures) return [];
    return [{ event: 'failing', message: `failed ${times(failure.inARow)}: ${failure.message}` }];
  }
  const told: Told[] = [];
  if (notices.has('failing')) told.push({ event: 'recovered', message: 'can be fetched again' });
  const staleSinceMs = notices.get('stale');
  if (staleSinceMs !== undefined) {
    if (lastNewsAtMs !== null && lastNewsAtMs > staleSinceMs) {
      told.push({ event: 'awake', message: 'has new commits again' });
    }
    return told;
  }
  const stillDays = (nowMs - (lastActivityMs(sighting) ?? nowMs)) / DAY_MS;
  if (policy.staleAfterDays !== undefined && stillDays >= policy.staleAfterDays) {
    told.push({ event: 'stale', message: `has had no new commits for ${Math.floor(stillDays)} days` });
  }
  return told;
}

/** A commit of the future is no activity before it has come. */
function lastActivityMs({ nowMs, lastCommitAtMs, lastNewsAtMs }: Sighting): number | undefined {
  const known = [lastCommitAtMs, lastNewsAtMs]
    .filter(atMs => atMs !== null)
    .map(atMs => Math.min(atMs, nowMs));
  return known.length === 0 ? undefined : Math.max(...known);
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times in a row`;
}
