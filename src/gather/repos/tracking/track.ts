import { SluiceError } from '../../../base/errors.ts';
import type { Repository, TrackingOrigin } from '../../../keep/store/types.ts';
import type { RepositoryAddress } from '../address/url.ts';
import type { ScheduleContext } from '../context.ts';
import { dueNow, nextRepositorySync, putInBatches, REPOSITORY_KIND, repositoryKey } from './schedule.ts';

/**
 * Which repositories are kept fresh, and their places on the schedule:
 *
 *   known ──an origin wants it──▶ tracked, on the schedule ──no origin wants it any more──▶ known, off the schedule
 *
 * Origins come and go by themselves: what was tracked by hand stays when the configuration forgets it.
 */

/** Looked at together when the rhythm changes. */
const RESCHEDULED_AT_ONCE = 500;
/** Times so near are the same. */
const SAME_TIME_MS = 1000;

/** Tracks a repository for an origin, and puts it on the schedule. May be repeated: it keeps its time then. */
export async function track(
  { url, host }: RepositoryAddress,
  origin: TrackingOrigin,
  context: ScheduleContext,
): Promise<Repository> {
  const { store, clock } = context;
  const { id } = await store.repositories.ensure(url, host);
  await store.tracking.add(id, origin, clock.nowMs());
  const repository = await mustFind(id, context);
  await putOnSchedule([repository], context);
  return repository;
}

/** What `untrack` leaves: who tracks it still, if anybody does. */
export type Untracked = Pick<Repository, 'url' | 'tracked' | 'trackedBy'>;

/** Takes origins off a repository; off the schedule, too, when nobody is left. Its rows stay. May be repeated. */
export async function untrack(
  repository: Repository,
  origins: readonly TrackingOrigin[],
  context: ScheduleContext,
): Promise<Untracked> {
  const { store } = context;
  const ended = await store.tracking.remove(repository.id, origins);
  if (ended) await takeOffSchedule(repository, context);
  return (await store.repositories.byId(repository.id)) ?? repository;
}

/** Makes what an origin wants exactly these. May be repeated; those that stay keep their time. */
export async function trackExactly(
  wanted: readonly RepositoryAddress[],
  origin: TrackingOrigin,
  context: ScheduleContext,
): Promise<void> {
  const { store, clock } = context;
  const ids = (await store.repositories.ensureMany(wanted)).map(({ id }) => id);
  const { ended } = await store.tracking.replace(origin, ids, clock.nowMs());
  const repositories = await store.repositories.getMany([...ended, ...ids]);
  for (const id of ended) {
    const repository = repositories.get(id);
    if (repository) await takeOffSchedule(repository, context);
  }
  // All of them: a process that was killed between the two may have left one off the schedule.
  const tracked = ids.map(id => repositories.get(id)).filter(repository => repository !== undefined);
  await putOnSchedule(tracked, context);
}

/** Sees to it that everything tracked is on the schedule: a process that was killed may have left something off it. */
export async function scheduleTracked(context: ScheduleContext): Promise<void> {
  const repositories = await context.store.repositories.list();
  await putOnSchedule(
    repositories.filter(({ tracked }) => tracked),
    context,
  );
}

/**
 * Brings what is tracked to where the configured rhythm has it: after a change of `schedule`. What runs or is first in
 * line keeps its place, and so does what backs off after failures, as long as no wait is longer than the longest one.
 */
export async function rescheduleTracked(context: ScheduleContext): Promise<void> {
  const { store, queue, config, clock } = context;
  const { schedule } = config();
  const tracked = (await store.repositories.list()).filter(repository => repository.tracked);
  for (let from = 0; from < tracked.length; from += RESCHEDULED_AT_ONCE) {
    const page = tracked.slice(from, from + RESCHEDULED_AT_ONCE);
    const items = await queue.getMany(page.map(repositoryKey));
    const nowMs = clock.nowMs();
    const entries = page.flatMap(repository => {
      const key = repositoryKey(repository);
      const item = items.get(key);
      if (!item || item.claimedBy !== null || item.priority === 'high') return [];
      const next = nextRepositorySync(repository, nowMs, schedule);
      const place =
        item.failures > 0
          ? { runAtMs: Math.min(item.runAtMs, nowMs + schedule.maxIntervalMs), reason: item.reason }
          : { runAtMs: next.nextAtMs ?? item.runAtMs, reason: next.reason };
      if (Math.abs(place.runAtMs - item.runAtMs) < SAME_TIME_MS) return [];
      return [{ key, request: { kind: REPOSITORY_KIND, group: repository.host, ...place } }];
    });
    await putInBatches(entries, queue);
  }
}

/** Brings a tracked repository to the front: it is synced at once, before all others. */
export async function makeDueNow(
  repository: Repository,
  reason: string,
  { queue, clock }: Pick<ScheduleContext, 'queue' | 'clock'>,
): Promise<void> {
  await queue.put(repositoryKey(repository), dueNow(repository, reason, clock.nowMs()));
}

/**
 * Brings a tracked repository to the front to which was pushed, though not sooner than the shortest interval after its
 * last sync or try: a burst of pushes brings one sync.
 */
export async function makeDueAfterPush(
  repository: Repository,
  reason: string,
  { queue, clock, config }: Pick<ScheduleContext, 'queue' | 'clock' | 'config'>,
): Promise<void> {
  const key = repositoryKey(repository);
  const nowMs = clock.nowMs();
  const { minIntervalMs } = config().schedule;
  const item = await queue.get(key);
  // One that runs may have listed the refs before the push; of one that backs off, it is not known since when.
  const isBeingTried = item !== undefined && (item.claimedBy !== null || item.failures > 0);
  const lastTryAtMs = isBeingTried ? nowMs : (repository.lastBakedAtMs ?? 0);
  const isPast = lastTryAtMs <= nowMs;
  const runAtMs = isPast ? Math.max(nowMs, lastTryAtMs + minIntervalMs) : nowMs;
  await queue.put(key, { ...dueNow(repository, reason, nowMs), runAtMs });
}

async function mustFind(id: number, { store }: ScheduleContext): Promise<Repository> {
  const repository = await store.repositories.byId(id);
  if (!repository) throw new SluiceError('internal', `repository ${id} vanished from the store`);
  return repository;
}

/** Those that are on it already keep their time. */
async function putOnSchedule(
  repositories: readonly Repository[],
  { config, queue, clock }: ScheduleContext,
): Promise<void> {
  const entries = repositories.map(repository => {
    const { nextAtMs, reason } = nextRepositorySync(repository, clock.nowMs(), config().schedule);
    const runAtMs = nextAtMs ?? clock.nowMs();
    const request = { kind: REPOSITORY_KIND, group: repository.host, runAtMs, reason, ifAbsent: true };
    return { key: repositoryKey(repository), request };
  });
  await putInBatches(entries, queue);
}

/** A bake that somebody waits for is still done. */
async function takeOffSchedule(repository: Repository, { store, queue }: ScheduleContext): Promise<void> {
  if ((await store.runs.waiting(repository.id)) === undefined) await queue.drop(repositoryKey(repository));
}
