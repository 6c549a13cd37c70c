import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import type { WorkQueue } from '../../../engine/queue/work-queue.ts';
import type { SyncRhythm } from '../../../engine/schedule.ts';
import type { Store } from '../../../keep/store/store.ts';
import type { Repository, TrackingOrigin } from '../../../keep/store/types.ts';
import { atOnce, keyOf, nextFetch, REPOSITORY_KIND, type TrackedRepository } from './schedule.ts';

/** The kind under which owners stand on the schedule: each is asked for its repositories on a rhythm (S2). */
export const OWNER_KIND = 'owner';

/**
 * Which repositories are kept fresh, and their places on the schedule:
 *
 *   known ──an origin wants it──▶ tracked, on the schedule ──no origin wants it any more──▶ known, off the schedule
 *
 * Origins come and go by themselves: what was tracked by hand stays when the configuration forgets it.
 */
export interface TrackingTools {
  readonly store: Store;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly rhythm: SyncRhythm;
}

/** Tracks a repository for an origin, and puts it on the schedule. May be repeated: it keeps its time then. */
export async function track(
  { url, host }: TrackedRepository,
  origin: TrackingOrigin,
  tools: TrackingTools,
): Promise<Repository> {
  const { store, clock } = tools;
  const { id } = await store.repositories.ensure(url, host);
  await store.tracking.add(id, origin, clock.nowMs());
  return scheduled(id, tools);
}

/** What `untrack` leaves: who tracks it still, if anybody does. */
export type Untracked = Pick<Repository, 'url' | 'tracked' | 'trackedBy'>;

/** Takes origins off a repository; off the schedule, too, when nobody is left. Its rows stay. May be repeated. */
export async function untrack(
  repository: Repository,
  origins: readonly TrackingOrigin[],
  tools: TrackingTools,
): Promise<Untracked> {
  const { store } = tools;
  const ended = await store.tracking.remove(repository.id, origins);
  if (ended) await takeOff(repository, tools);
  return (await store.repositories.byId(repository.id)) ?? repository;
}

/** Makes what an origin wants exactly these. May be repeated; those that stay keep their time. */
export async function trackExactly(
  wanted: readonly TrackedRepository[],
  origin: TrackingOrigin,
  tools: TrackingTools,
): Promise<void> {
  const { store, clock } = tools;
  const ids: number[] = [];
  for (const { url, host } of wanted) ids.push((await store.repositories.ensure(url, host)).id);
  const { ended } = await store.tracking.replace(origin, ids, clock.nowMs());
  for (const id of ended) {
    const repository = await store.repositories.byId(id);
    if (repository) await takeOff(repository, tools);
  }
  // All of them: a process that was killed between the two may have left one off the schedule.
  for (const id of ids) await scheduled(id, tools);
}

/** Sees to it that everything tracked is on the schedule: a process that was killed may have left something off it. */
export async function scheduleTracked(tools: TrackingTools): Promise<void> {
  for (const repository of await tools.store.repositories.list()) {
    if (repository.tracked) await putOn(repository, tools);
  }
}

/** Brings a tracked repository to the front: it is visited at once, before all others (C6, S11). */
export async function raise(
  repository: Repository,
  reason: string,
  { queue, clock }: Pick<TrackingTools, 'queue' | 'clock'>,
): Promise<void> {
  await queue.put(keyOf(repository), atOnce(repository, reason, clock.nowMs()));
}

async function scheduled(id: number, tools: TrackingTools): Promise<Repository> {
  const repository = await tools.store.repositories.byId(id);
  if (!repository) throw new SluiceError('internal', `repository ${id} vanished from the store`);
  await putOn(repository, tools);
  return repository;
}

async function putOn(repository: Repository, { queue, clock, rhythm }: TrackingTools): Promise<void> {
  const { nextAtMs, reason } = nextFetch(repository, clock.nowMs(), rhythm);
  await queue.put(keyOf(repository), {
    kind: REPOSITORY_KIND,
    group: repository.host,
    runAtMs: nextAtMs ?? clock.nowMs(),
    reason,
    ifAbsent: true,
  });
}

/** A bake that somebody waits for is still done. */
async function takeOff(repository: Repository, { store, queue }: TrackingTools): Promise<void> {
  if ((await store.runs.waiting(repository.id)) === undefined) await queue.drop(keyOf(repository));
}

/**
 * Makes the owners that are asked for their repositories exactly these: they are asked at once, since what is
 * wanted of them may have changed; the repositories of those that are gone are tracked by them no more.
 */
export async function followOwners(owners: readonly Followed[], tools: TrackingTools): Promise<void> {
  const { store, queue, clock } = tools;
  const keys = new Set<TrackingOrigin>(owners.map(({ key }) => key));
  for (const origin of await store.tracking.origins()) {
    if (!origin.startsWith('owner:') || keys.has(origin)) continue;
    await queue.drop(origin);
    await trackExactly([], origin, tools);
  }
  for (const { key, host } of owners) {
    const group = host.replace(/:\d+$/, '');
    await queue.put(key, { kind: OWNER_KIND, group, runAtMs: clock.nowMs(), reason: 'asked at start' });
  }
}

/** What an owner is to the schedule. */
export interface Followed {
  readonly key: TrackingOrigin;
  readonly host: string;
}
