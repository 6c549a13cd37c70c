import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import type { ScheduleEntry, WorkQueue } from '../../../engine/queue/work-queue.ts';
import type { SyncRhythm } from '../../../engine/schedule.ts';
import {
  followChangesets,
  type StoreChange,
  setLoad,
  unfollowChangesets,
} from '../../../keep/store/change.ts';
import type { ChangesetStore, StoredChangeset } from '../../../keep/store/changesets.ts';
import type { ChangesetRef } from '../../forges/changeset.ts';
import type { CodeHosts } from '../hosts/code-hosts.ts';
import { atOnce, atPlannedTime, groupOf, keyOf, keyOfSource, planSync, SOURCE_KIND } from '../next-sync.ts';
import { type ChangesetSource, CONFIGURATION, HAND, type WantedChangesets } from './sources.ts';

export interface FollowTools {
  readonly changesets: ChangesetStore;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly hosts: CodeHosts;
  readonly rhythm: (host: string) => SyncRhythm;
  readonly forgetClosedAfterMs: () => number;
}

const PAGE = 200;

/**
 * Follows one changeset by its address, first in line (`sluice track URL`). May be repeated.
 * @throws SluiceError `url_invalid` when no known host has a changeset there
 */
export async function followByHand(url: string, tools: FollowTools): Promise<StoredChangeset> {
  return follow(url, HAND, 'asked for by hand', tools);
}

async function follow(
  url: string,
  source: string,
  reason: string,
  tools: FollowTools,
): Promise<StoredChangeset> {
  const { changesets, queue, clock, hosts } = tools;
  const asked = hosts.locate(url);
  const nowMs = clock.nowMs();
  const known = await knownAt(asked, changesets);
  const ref = known ?? asked;
  const key = known?.key ?? keyOf(asked);
  const change = followChangesets([{ ...ref, key, url: known?.url ?? url }], source, nowMs);
  await queue.putAll([{ key, request: atOnce(ref.host, reason, nowMs) }], [change]);
  const followed = await changesets.byAddress(ref);
  if (!followed) throw new SluiceError('internal', `${url} was followed and is not there`);
  return followed;
}

/** Follows one no longer; what is known of it stays. A source of the configuration that lists it brings it back. */
export async function unfollow(url: string, tools: FollowTools): Promise<StoredChangeset> {
  const changeset = await changesetAt(url, tools);
  await unfollowAll([changeset], tools);
  return changeset;
}

/** The changeset that an address means. Throws `not_found` for one that is not known here. */
export async function changesetAt(
  url: string,
  { hosts, changesets }: Pick<FollowTools, 'hosts' | 'changesets'>,
): Promise<StoredChangeset> {
  const known = await knownAt(hosts.locate(url), changesets);
  if (known) return known;
  const hint = `Follow it first: sluice track ${url}`;
  throw new SluiceError('not_found', `no changeset ${url} is known here`, { subject: url, hint });
}

/** By its address, or by the one that it had before its repository was renamed: keys outlive a rename. */
async function knownAt(ref: ChangesetRef, changesets: ChangesetStore): Promise<StoredChangeset | undefined> {
  return (await changesets.byAddress(ref)) ?? changesets.byKey(keyOf(ref));
}

/** First off the schedule, then out of the store: whatever comes between, the next time finds it. */
async function unfollowAll(gone: readonly StoredChangeset[], { queue }: FollowTools): Promise<void> {
  await Promise.all(gone.map(({ key }) => queue.drop(key)));
  await queue.putAll([], [unfollowChangesets(gone.map(({ id }) => id))]);
}

/** Makes what is followed on the configuration's account exactly what it wants. May be repeated. */
export async function followExactly(wanted: WantedChangesets, tools: FollowTools): Promise<void> {
  const names = new Set(wanted.sources.map(({ name }) => name));
  for (const { name } of await tools.changesets.sources()) {
    if (!names.has(name)) await dropSource(name, tools);
  }
  for (const source of wanted.sources) await addSource(source, tools);
  const keys = new Set<string>();
  for (const url of wanted.urls) {
    const known = await knownAt(tools.hosts.locate(url), tools.changesets);
    const changeset = known?.followed ? known : await follow(url, CONFIGURATION, 'never synced', tools);
    keys.add(changeset.key);
  }
  await unfollowWhere(CONFIGURATION, ({ key }) => !keys.has(key), tools);
}

async function addSource(
  { name, host }: ChangesetSource,
  { changesets, queue, clock }: FollowTools,
): Promise<void> {
  await changesets.ensureSource(name, host);
  await queue.put(keyOfSource(name), {
    ...{ kind: SOURCE_KIND, group: groupOf(host), runAtMs: clock.nowMs() },
    ...{ reason: 'look for newly opened changesets', ifAbsent: true },
  });
}

async function dropSource(name: string, tools: FollowTools): Promise<void> {
  await tools.queue.drop(keyOfSource(name));
  await unfollowWhere(name, () => true, tools);
  await tools.changesets.dropSource(name);
}

async function unfollowWhere(
  followedBy: string,
  isGone: (changeset: StoredChangeset) => boolean,
  tools: FollowTools,
): Promise<void> {
  for await (const page of pagesOf({ followedBy, followed: true }, tools.changesets)) {
    await unfollowAll(page.filter(isGone), tools);
  }
}

/** Everything that a filter finds, page by page. */
export async function* pagesOf(
  filter: Parameters<ChangesetStore['list']>[0],
  changesets: ChangesetStore,
  limit = PAGE,
): AsyncGenerator<readonly StoredChangeset[]> {
  let afterId = 0;
  for (;;) {
    const page = await changesets.list(filter, { afterId, limit });
    if (page.length === 0) return;
    yield page;
    afterId = page.at(-1)?.id ?? afterId;
  }
}

/**
 * Gives every followed changeset its place anew, after the rhythm, or a stretch factor, has changed: page by page,
 * with pauses, so that other work goes on. Those backing off after an error keep their place.
 * @param host only its own; all when absent
 * @returns how many were moved
 */
export async function reschedule(
  host: string | undefined,
  tools: FollowTools,
  signal: AbortSignal,
): Promise<number> {
  const { changesets, queue, clock, rhythm, forgetClosedAfterMs } = tools;
  let moved = 0;
  const filter = { followed: true, ...(host === undefined ? {} : { host }) };
  for await (const page of pagesOf(filter, changesets, RESCHEDULED_AT_ONCE)) {
    const puts: ScheduleEntry[] = [];
    const changes: StoreChange[] = [];
    for (const changeset of page) {
      if (changeset.lastError !== null || changeset.lastSyncAtMs === null) continue;
      const nowMs = clock.nowMs();
      const planning = { nowMs, rhythm: rhythm(changeset.host), forgetClosedAfterMs: forgetClosedAfterMs() };
      const plan = planSync(changeset, planning);
      const item = await queue.get(changeset.key);
      if (plan.nextAtMs === null || item?.runAtMs === plan.nextAtMs || item?.claimedBy) continue;
      if (item?.priority === 'high') continue;
      puts.push({ key: changeset.key, request: atPlannedTime(changeset.host, plan, nowMs) });
      changes.push(setLoad(changeset.id, plan.load));
    }
    if (puts.length > 0) await queue.putAll(puts, changes);
    moved += puts.length;
    await clock.sleep(PAUSE_MS, signal);
  }
  return moved;
}

/** The event loop stands still for a page; so many take some milliseconds. */
const RESCHEDULED_AT_ONCE = 50;

/** Between two pages of a million changesets. */
const PAUSE_MS = 10;
