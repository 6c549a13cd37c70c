import { z } from 'zod';
import type { Answer, Asked } from '../../api/operations.ts';
import { listedEvent } from '../../gather/changesets/listed-changeset.ts';
import { type ChangesetFilter, type ChangesetOrder, changesetPlace } from '../../keep/store/changesets.ts';
import type { RouteOptions } from '../app-options.ts';
import { nextCursor, readCursor } from '../cursor.ts';

const DAY_MS = 86_400_000;

/** What the order goes by, and the number. */
const Place = z.tuple([z.number(), z.int()]);
const EventPlace = z.tuple([z.int(), z.int(), z.string()]);

/** Pull and merge requests: list, track, sync now, with when next and why. */
export function changesetRoutes({ station: { changesets }, clock, operation }: RouteOptions): void {
  operation('listChangesets', async ({ query: { cursor, offset, limit, order, reverse, ...query } }) => {
    const filter = filterOf(query, clock.nowMs());
    const place = readCursor(cursor, Place);
    const after = place && { value: place[0], id: place[1] };
    const [page, total] = await Promise.all([
      changesets.list(filter, { limit, order, reverse, after, offset }),
      changesets.count(filter),
    ]);
    return { changesets: page, total, next: nextCursor(page, limit, last => placeOf(last, order)) };
  });
  operation('getChangeset', ({ query }) => changesets.find(query.url));
  operation('listChangesetEvents', async ({ query: { url, cursor, limit } }) => {
    const place = readCursor(cursor, EventPlace);
    const after = place && { atMs: place[0], order: place[1], id: place[2] };
    const events = await changesets.events(url, { after, limit });
    return {
      events: events.map(listedEvent),
      next: nextCursor(events, limit, last => [last.atMs, last.order, last.id]),
    };
  });
  operation('trackChangesets', async ({ body: { urls } }) => {
    const tracked = [];
    for (const url of urls) tracked.push(await changesets.track(url));
    return { changesets: tracked };
  });
  operation('untrackChangeset', ({ query }) => changesets.untrack(query.url));
  operation('syncChangesets', async ({ body: { urls, filter, exceptUrls } }) => ({
    raised: urls
      ? await changesets.syncNow(urls)
      : await changesets.syncWhere(filterOf(filter ?? {}, clock.nowMs()), exceptUrls),
  }));
}

function placeOf(
  { id, createdAt, updatedAt }: Answer<'getChangeset'>,
  order: ChangesetOrder,
): z.output<typeof Place> {
  const msOf = (at: string | null): number | null => (at === null ? null : Date.parse(at));
  const { value } = changesetPlace({ id, createdAtMs: msOf(createdAt), updatedAtMs: msOf(updatedAt) }, order);
  return [value, id];
}

type Listed = Omit<Asked<'listChangesets'>['query'], 'cursor' | 'offset' | 'limit' | 'order' | 'reverse'>;
type Query = { [K in keyof Listed]?: Listed[K] | undefined };

function filterOf({ state, search, review, idleDays, ...rest }: Query, nowMs: number): ChangesetFilter {
  return {
    ...rest,
    states: state,
    waitingForReview: review && true,
    idleSinceMs: idleDays && nowMs - idleDays * DAY_MS,
    text: search,
  };
}
