// What can be done to changesets: synced now, followed, followed no longer.
import type { Given } from '../../../client/index.ts';
import { client } from '../../live/live.ts';
import type { ListAction } from '../../parts/list/column.ts';
import type { ToastText } from '../../parts/toasts.tsx';
import { count } from '../../parts/words.ts';
import { type Changeset, nameOf } from './changeset.tsx';

/** What a list of changesets is narrowed by. */
export type ChangesetFilter = Omit<
  Given<'listChangesets'>,
  'cursor' | 'limit' | 'offset' | 'order' | 'reverse' | 'followed'
>;

/** As many as one request takes. */
const AT_ONCE = 1000;
/** Requests at the same time, where each is about one. */
const SIDE_BY_SIDE = 8;

type Some = readonly Pick<Changeset, 'url' | 'repository' | 'number'>[];

/** @returns what is said then */
export async function syncNow(changesets: Some): Promise<string> {
  let total = 0;
  for (const urls of partsOf(changesets)) total += (await client.syncChangesets({ urls })).raised;
  return raisedWords(total);
}

/** All that fit and are followed, but some. */
async function syncAll({ failing, ...filter }: ChangesetFilter, except: Some): Promise<string> {
  const { raised } = await client.syncChangesets({
    filter: { ...filter, failing: failing === undefined ? undefined : failing === 'true' },
    exceptUrls: except.map(({ url }) => url),
  });
  return raisedWords(raised);
}

export async function follow(changesets: Some): Promise<ToastText> {
  for (const urls of partsOf(changesets)) await client.trackChangesets({ urls });
  const words = changesets.length === 1 ? 'is followed.' : 'are followed.';
  return { text: `${namesOf(changesets)} ${words}`, undo: async () => (await unfollow(changesets)).text };
}

export async function unfollow(changesets: Some): Promise<ToastText> {
  for (let from = 0; from < changesets.length; from += SIDE_BY_SIDE)
    await Promise.all(
      changesets.slice(from, from + SIDE_BY_SIDE).map(({ url }) => client.untrackChangeset({ url })),
    );
  const words = changesets.length === 1 ? 'is followed no longer.' : 'are followed no longer.';
  return { text: `${namesOf(changesets)} ${words}`, undo: async () => (await follow(changesets)).text };
}

/** Of a list that is narrowed so. */
export function actionsFor(filter: ChangesetFilter): readonly ListAction<Changeset>[] {
  return [
    {
      name: 'Sync now',
      key: 's',
      isFor: ({ followed }) => followed,
      act: aim => (aim.kind === 'some' ? syncNow(aim.rows) : syncAll(filter, aim.except)),
    },
    {
      name: 'Follow',
      key: 'f',
      isForAll: false,
      isFor: ({ followed }) => !followed,
      act: aim => follow(aim.kind === 'some' ? aim.rows : []),
    },
    {
      name: 'Unfollow',
      key: 'u',
      isForAll: false,
      isFor: ({ followed }) => followed,
      act: aim => unfollow(aim.kind === 'some' ? aim.rows : []),
    },
  ];
}

function partsOf(changesets: Some): string[][] {
  const urls = changesets.map(({ url }) => url);
  return Array.from({ length: Math.ceil(urls.length / AT_ONCE) }, (_, at) =>
    urls.slice(at * AT_ONCE, (at + 1) * AT_ONCE),
  );
}

function namesOf(changesets: Some): string {
  const [one, other] = changesets;
  return one && !other ? nameOf(one) : count(changesets.length, 'changeset');
}

function raisedWords(raised: number): string {
  return `${count(raised, 'changeset is', 'changesets are')} first in line.`;
}
