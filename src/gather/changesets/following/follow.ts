import { SluiceError } from '../../../base/errors.ts';
import { followChangesets, unfollowChangesets } from '../../../keep/store/change.ts';
import {
  type ChangesetFilter,
  type ChangesetStore,
  changesetPlace,
  type StoredChangeset,
} from '../../../keep/store/changesets.ts';
import type { ChangesetRef } from '../../forges/changeset.ts';
import type { ChangesetContext } from '../context.ts';
import {
  BY_HAND,
  changesetKey,
  firstInLine,
  groupOf,
  keyOfSource,
  LISTING_REASON,
  SOURCE_KIND,
} from '../schedule.ts';
import { type ChangesetSource, CONFIGURATION, HAND, type WantedChangesets } from './sources.ts';

/** What following by address needs: beside a running station as well as within one. */
export type FollowContext = Pick<ChangesetContext, 'changesets' | 'queue' | 'clock' | 'hosts'> &
  Partial<Pick<ChangesetContext, 'unseen'>>;

const PAGE = 200;

/**
 * Follows one changeset by its address, first in line (`sluice track URL`). May be repeated.
 * @throws SluiceError `url_invalid` when no known host has a changeset there
 */
export async function followByHand(url: string, context: FollowContext): Promise<StoredChangeset> {
  return follow(url, HAND, BY_HAND, context);
}

async function follow(
  url: string,
  source: string,
  reason: string,
  context: FollowContext,
): Promise<StoredChangeset> {
  const { changesets, queue, clock, hosts } = context;
  const asked = hosts.locate(url);
  const nowMs = clock.nowMs();
  const known = await knownAt(asked, changesets);
  const ref = known ?? asked;
  const key = known?.key ?? changesetKey(asked);
  const change = followChangesets([{ ...ref, key, url: known?.url ?? url }], source, nowMs);
  await queue.putAll([{ key, request: firstInLine(ref.host, reason, nowMs) }], [change]);
  const followed = await changesets.byAddress(ref);
  if (!followed) throw new SluiceError('internal', `${url} was followed and is not there`);
  return followed;
}

/** Follows one no longer; what is known of it stays. A source of the configuration that lists it brings it back. */
export async function unfollow(url: string, context: FollowContext): Promise<StoredChangeset> {
  const changeset = await changesetAt(url, context);
  await unfollowAll([changeset], context);
  return changeset;
}

/** The changeset that an address means. Throws `not_found` for one that is not known here. */
export async function changesetAt(
  url: string,
  { hosts, changesets }: Pick<FollowContext, 'hosts' | 'changesets'>,
): Promise<StoredChangeset> {
  const known = await knownAt(hosts.locate(url), changesets);
  if (known) return known;
  const hint = `Follow it first: sluice track ${url}`;
  throw new SluiceError('not_found', `no changeset ${url} is known here`, { subject: url, hint });
}

/** By its address, or by the one that it had before its repository was renamed: keys outlive a rename. */
async function knownAt(ref: ChangesetRef, changesets: ChangesetStore): Promise<StoredChangeset | undefined> {
  return (await changesets.byAddress(ref)) ?? changesets.byKey(changesetKey(ref));
}

/** First off the schedule, then out of the store: whatever comes between, the next time finds it. */
async function unfollowAll(
  gone: readonly StoredChangeset[],
  { queue, unseen }: FollowContext,
): Promise<void> {
  for (const { url } of gone) unseen?.forget(url);
  await Promise.all(gone.map(({ key }) => queue.drop(key)));
  await queue.putAll([], [unfollowChangesets(gone.map(({ id }) => id))]);
}

/** Makes what is followed on the configuration's account exactly what it wants. May be repeated. */
export async function followExactly(wanted: WantedChangesets, context: FollowContext): Promise<void> {
  const names = new Set(wanted.sources.map(({ name }) => name));
  for (const { name } of await context.changesets.sources()) {
    if (!names.has(name)) await dropSource(name, context);
  }
  for (const source of wanted.sources) await addSource(source, context);
  const keys = new Set<string>();
  for (const url of wanted.urls) {
    const known = await knownAt(context.hosts.locate(url), context.changesets);
    const changeset = known?.followed ? known : await follow(url, CONFIGURATION, 'never synced', context);
    keys.add(changeset.key);
  }
  await unfollowWhere(CONFIGURATION, ({ key }) => !keys.has(key), context);
}

async function addSource(
  { name, host }: ChangesetSource,
  { changesets, queue, clock }: FollowContext,
): Promise<void> {
  await changesets.ensureSource(name, host);
  await queue.put(keyOfSource(name), {
    kind: SOURCE_KIND,
    group: groupOf(host),
    runAtMs: clock.nowMs(),
    reason: LISTING_REASON,
    ifAbsent: true,
  });
}

async function dropSource(name: string, context: FollowContext): Promise<void> {
  await context.queue.drop(keyOfSource(name));
  context.unseen?.forget(name);
  await unfollowWhere(name, () => true, context);
  await context.changesets.dropSource(name);
}

async function unfollowWhere(
  followedBy: string,
  isGone: (changeset: StoredChangeset) => boolean,
  context: FollowContext,
): Promise<void> {
  for await (const page of pagesOf({ followedBy, followed: true }, context.changesets)) {
    await unfollowAll(page.filter(isGone), context);
  }
}

/** Everything that a filter finds, page by page. */
export async function* pagesOf(
  filter: ChangesetFilter,
  changesets: ChangesetStore,
  limit = PAGE,
): AsyncGenerator<readonly StoredChangeset[]> {
  let after: StoredChangeset | undefined;
  for (;;) {
    const page = await changesets.list(filter, { after: after && changesetPlace(after, 'id'), limit });
    if (page.length === 0) return;
    yield page;
    after = page.at(-1);
  }
}
