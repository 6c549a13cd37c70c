import type { Config } from '../../../config/schema.ts';
import type { Repository } from '../../../keep/store/types.ts';
import { configuredAddress } from '../address/url.ts';
import type { RepositoryContext } from '../context.ts';
import { putInBatches } from '../tracking/schedule.ts';

/** The kind under which churn stands on the schedule, and the group: it takes all processors, so one at a time. */
export const CHURN_KIND = 'churn';
const KEY_PREFIX = 'churn:';

/** The key of a repository's churn on the schedule. */
export function churnKey(repository: { readonly url: string }): string {
  return KEY_PREFIX + repository.url;
}

/** The repository that such a key is about. */
export function urlOfChurnKey(key: string): string {
  return key.slice(KEY_PREFIX.length);
}

/**
 * Whether the configuration wants the churn of a repository: what it says of that one goes before what it says of all.
 */
export function wantsChurn(
  { url }: { readonly url: string },
  { repos, insights }: Pick<Config, 'repos' | 'insights'>,
): boolean {
  const ofOne = repos.filter(entry => entry.url !== undefined);
  const own = ofOne.find(entry => entry.churn !== undefined && configuredAddress(entry.url, '.').url === url);
  return own?.churn ?? insights.churn;
}

/**
 * Puts the churn of repositories on the schedule. May be repeated.
 * @param staysHere whether their clones lie with this station
 */
export function scheduleChurn(
  repositories: readonly Repository[],
  { reason, staysHere }: { readonly reason: string; readonly staysHere: boolean },
  { queue, clock }: Pick<RepositoryContext, 'queue' | 'clock'>,
): Promise<void> {
  const request = { kind: CHURN_KIND, group: CHURN_KIND, runAtMs: clock.nowMs(), reason, staysHere };
  return putInBatches(
    repositories.map(repository => ({ key: churnKey(repository), request })),
    queue,
  );
}
