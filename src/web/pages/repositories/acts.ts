// What can be done to repositories: baked now, pinned, forgotten, and compared.
import { client } from '../../live/live.ts';
import type { ListAction } from '../../parts/list/column.ts';
import type { ToastText } from '../../parts/toasts.tsx';
import { count, shortUrl } from '../../parts/words.ts';
import { hrefOf } from '../../router/router.ts';
import { isForgettable, type Repository } from './repository.tsx';

type Some = readonly Pick<Repository, 'url' | 'tracked'>[];

/** As many as one request takes. */
const AT_ONCE = 1000;
/** Requests at the same time, where each is about one. */
const SIDE_BY_SIDE = 6;

/** Those that are kept fresh go to the front of the schedule; the others are baked this once. @returns what is said then */
export async function bakeNow(repositories: Some): Promise<string> {
  const tracked = repositories.filter(one => one.tracked).map(({ url }) => url);
  for (let from = 0; from < tracked.length; from += AT_ONCE)
    await client.syncRepositories({ urls: tracked.slice(from, from + AT_ONCE) });
  await eachOf(
    repositories.filter(one => !one.tracked),
    url => client.bake({ url }),
  );
  return `${namesOf(repositories)} ${repositories.length === 1 ? 'is' : 'are'} first in line.`;
}

/** Keeps clones from eviction, or no longer. */
export async function pin(repositories: Some, pinned: boolean): Promise<ToastText> {
  await eachOf(repositories, url => client.pinClone({ url, pinned }));
  const names = namesOf(repositories);
  const text = pinned
    ? `${names}: never evicted, whatever else has to go.`
    : `${names}: evicted again where room is needed.`;
  return { text, undo: async () => (await pin(repositories, !pinned)).text };
}

/** Their clones, their histories and their places on the schedule are gone then. */
export async function forget(repositories: Some): Promise<string> {
  await eachOf(repositories, url => client.forgetRepository({ url }));
  return `${namesOf(repositories)} forgotten.`;
}

/** What can be done to repositories of a list. */
export const ACTIONS: readonly ListAction<Repository>[] = [
  {
    name: 'Bake now',
    key: 'b',
    isForAll: false,
    act: aim => bakeNow(aim.kind === 'some' ? aim.rows : []),
  },
  {
    name: 'Pin',
    key: 'p',
    isForAll: false,
    isFor: ({ clone }) => !clone?.pinned,
    act: aim => pin(aim.kind === 'some' ? aim.rows : [], true),
  },
  {
    name: 'Unpin',
    key: 'u',
    isForAll: false,
    isFor: ({ clone }) => clone?.pinnedBy === 'hand',
    act: aim => pin(aim.kind === 'some' ? aim.rows : [], false),
  },
  {
    name: 'Compare',
    key: 'c',
    isForAll: false,
    only: 2,
    act: async aim => {
      const [one, other] = aim.kind === 'some' ? aim.rows : [];
      if (one && other) location.hash = hrefOf('repository', { url: one.url, with: other.url }).slice(1);
      return `${shortUrl(one?.url ?? '')} beside ${shortUrl(other?.url ?? '')}.`;
    },
  },
  {
    name: 'Forget',
    key: 'd',
    isForAll: false,
    isFor: isForgettable,
    act: aim => forget(aim.kind === 'some' ? aim.rows : []),
    confirm: many => `Forget ${count(many, 'repository', 'repositories')}, with clone and history?`,
  },
];

async function eachOf(repositories: Some, act: (url: string) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < repositories.length; from += SIDE_BY_SIDE)
    await Promise.all(repositories.slice(from, from + SIDE_BY_SIDE).map(({ url }) => act(url)));
}

function namesOf(repositories: Some): string {
  const [one, other] = repositories;
  return one && !other ? shortUrl(one.url) : count(repositories.length, 'repository', 'repositories');
}
