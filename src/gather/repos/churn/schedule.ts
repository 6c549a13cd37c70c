import type { Clock } from '../../../base/clock.ts';
import type { Config } from '../../../config/schema.ts';
import type { WorkQueue } from '../../../engine/queue/work-queue.ts';
import type { Repository } from '../../../keep/store/types.ts';
import { trackedRepository } from '../tracking/schedule.ts';

/** The kind under which churn stands on the schedule, and the group: it takes all processors, so one at a time. */
export const CHURN_KIND = 'churn';
const KEY_PREFIX = 'churn:';

export function churnKeyOf(repository: { readonly url: string }): string {
  return KEY_PREFIX + repository.url;
}

export function urlOfChurnKey(key: string): string {
  return key.slice(KEY_PREFIX.length);
}

/** Whether the configuration wants the churn of a repository: what it says of that one goes before what it says of all. */
export function wantsChurn(
  { url }: { readonly url: string },
  { repos, insights }: Pick<Config, 'repos' | 'insights'>,
): boolean {
  const one = repos.filter(entry => entry.url !== undefined);
  const said = one.find(entry => entry.churn !== undefined && trackedRepository(entry.url, '.').url === url);
  return said?.churn ?? insights.churn;
}

/** Puts a repository's churn on the schedule. May be repeated. */
export function scheduleChurn(
  repository: Repository,
  reason: string,
  { queue, clock }: { readonly queue: WorkQueue; readonly clock: Clock },
): Promise<void> {
  return queue.put(churnKeyOf(repository), {
    kind: CHURN_KIND,
    group: CHURN_KIND,
    runAtMs: clock.nowMs(),
    reason,
  });
}
