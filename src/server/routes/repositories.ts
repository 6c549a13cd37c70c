import { z } from 'zod';
import type { Answer } from '../../api/operations.ts';
import { isoOrNull, isoTime } from '../../base/units.ts';
import { listedClone } from '../../gather/repos/cache/api.ts';
import type { CacheEntry } from '../../gather/repos/cache/clone-cache.ts';
import type { ScheduledRepository } from '../../gather/repos/tracking/service.ts';
import type { Repository } from '../../keep/store/types.ts';
import type { RouteOptions } from '../app-options.ts';
import { cursorOf, readCursor } from '../cursor.ts';

const Place = z.tuple([z.number(), z.string()]);

/** Repositories: which are known, which are kept fresh (track, untrack, sync now), and when one is next and why. */
export function repositoryRoutes({ station, operation }: RouteOptions): void {
  const { tracking, cache } = station;
  const clonesByUrl = async () => new Map((await cache.list()).map(clone => [clone.url, clone]));

  operation('listRepositories', async ({ query }) => {
    const { search: text, show: choice, order, reverse, cursor, offset, limit } = query;
    const place = readCursor(cursor, Place);
    const after = place && { value: place[0], url: place[1] };
    const [clones, { page, next, total }] = await Promise.all([
      clonesByUrl(),
      station.listRepositories({ text, choice, order, reverse, after, offset, limit }),
    ]);
    return {
      repositories: page.map(repository => scheduledAnswer(repository, clones)),
      total,
      next: next === undefined ? null : cursorOf([next.value, next.url]),
    };
  });
  operation('getRepository', async ({ query }) =>
    scheduledAnswer(await tracking.findScheduled(query.url), await clonesByUrl()),
  );
  operation('trackRepositories', async ({ body: { url, urls = [] } }) => {
    const tracked = await tracking.track(url === undefined ? urls : [url]);
    return { repositories: tracked.map(repositoryAnswer) };
  });
  operation('untrackRepository', async ({ query }) => {
    const { url, tracked, trackedBy } = await tracking.untrack(query.url);
    return { url, tracked, trackedBy };
  });
  operation('forgetRepository', async ({ query }, context) => {
    await station.repositories.forget(query.url, context.req.raw.signal);
    return undefined;
  });
  operation('syncRepositories', async ({ body: { url, urls = [], state } }) => {
    const raised = state
      ? await tracking.syncState(state)
      : await tracking.syncNow(url === undefined ? urls : [url]);
    return { repositories: raised.map(repository => ({ url: repository.url })) };
  });
}

/** The clones on disk: what is there, pins, evictions. `POST /bake` fetches one. */
export function cacheRoutes({ station: { cache }, operation }: RouteOptions): void {
  operation('getCache', async () => {
    const [figures, clones] = await Promise.all([cache.figures(), cache.list()]);
    return { ...figures, entries: clones.map(listedClone) };
  });
  operation('pinClone', async ({ body: { url, pinned } }) => {
    await cache.pin(url, pinned);
    return { url, pinned };
  });
  operation('evictClones', ({ body }, context) => cache.evict(body, context.req.raw.signal));
}

function scheduledAnswer(
  { repository, next }: ScheduledRepository,
  clones: ReadonlyMap<string, CacheEntry>,
): Answer<'getRepository'> {
  const clone = clones.get(repository.url);
  return {
    ...repositoryAnswer(repository),
    next: next ? { dueAt: isoTime(next.atMs), reason: next.reason, failures: next.failures } : null,
    clone: clone ? withoutUrl(listedClone(clone)) : null,
  };
}

function withoutUrl<Listed extends { readonly url: string }>({ url: _url, ...rest }: Listed) {
  return rest;
}

/** A repository as the API shows it. */
function repositoryAnswer(repository: Repository) {
  const { url, state, tracked, trackedBy, headRef, shallow, totals, lastError, movedTo } = repository;
  const { lastBakedAtMs, lastNewsAtMs } = repository;
  return {
    url,
    state,
    tracked,
    trackedBy,
    movedTo,
    headRef,
    shallow,
    commits: totals.commits,
    authors: totals.authors,
    firstCommitAt: timeOfCommit(totals.firstCommitAt),
    lastCommitAt: timeOfCommit(totals.lastCommitAt),
    lastBakedAt: isoOrNull(lastBakedAtMs),
    lastNewsAt: isoOrNull(lastNewsAtMs),
    lastError,
  };
}

function timeOfCommit(seconds: number | null): string | null {
  return isoOrNull(seconds === null ? null : seconds * 1000);
}
