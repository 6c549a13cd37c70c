import type { Hono } from 'hono';
import { z } from 'zod';
import { listedClone } from '../../gather/repos/cache/api.ts';
import type { CacheEntry } from '../../gather/repos/cache/clone-cache.ts';
import type { ScheduledRepository } from '../../gather/repos/tracking/service.ts';
import { REPOSITORY_CHOICES } from '../../keep/store/repositories.ts';
import type { Repository } from '../../keep/store/types.ts';
import { REPOSITORY_ORDERS } from '../../station/status/repository-list.ts';
import type { RouteOptions } from '../app-options.ts';
import { readJson, readQuery } from '../body.ts';

/** As many as one request may name; a list of more is sent in parts. */
const MAX_URLS = 1000;

const Url = z.string().min(1);
const Urls = z
  .strictObject({ url: Url.optional(), urls: z.array(Url).min(1).max(MAX_URLS).optional() })
  .refine(({ url, urls }) => (url === undefined) !== (urls === undefined), { error: 'give url or urls' });
const UrlQuery = z.strictObject({ url: Url });
const PageQuery = z.strictObject({
  search: z.string().optional(),
  show: z.enum(REPOSITORY_CHOICES).optional(),
  order: z.enum(REPOSITORY_ORDERS).default('change'),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** Repositories: which are known, which are kept fresh (track, untrack, sync now), and when one is next and why. */
export function repositoryRoutes(app: Hono, { station, bodies }: RouteOptions): void {
  const { repositories, tracking, cache } = station;
  const scheduledAnswer = (
    { repository, next }: ScheduledRepository,
    clones: ReadonlyMap<string, CacheEntry>,
  ) => {
    const clone = clones.get(repository.url);
    return {
      ...repositoryAnswer(repository),
      next: next ? { ...next, at: new Date(next.atMs).toISOString(), atMs: undefined } : null,
      clone: clone ? { ...listedClone(clone), url: undefined } : null,
    };
  };
  const clonesByUrl = async () => new Map((await cache.list()).map(clone => [clone.url, clone]));

  app.get('/api/v1/repos', async context =>
    context.json({ repositories: (await repositories.list()).map(repositoryAnswer) }),
  );
  // One by its address; without an address a page of all.
  app.get('/api/v1/repositories', async context => {
    const clones = await clonesByUrl();
    if (context.req.query('url') !== undefined)
      return context.json(
        scheduledAnswer(await tracking.findScheduled(readQuery(context, UrlQuery).url), clones),
      );
    const { search: text, show: choice, order, offset, limit } = readQuery(context, PageQuery);
    const page = await station.listRepositories({ text, choice, order, offset, limit });
    const answers = page.map(repository => scheduledAnswer(repository, clones));
    return context.json({ repositories: answers, next: page.length === limit ? offset + limit : null });
  });
  app.post('/api/v1/repositories', async context => {
    const { url, urls = [] } = await readJson(context, Urls, bodies);
    const tracked = await tracking.track(url === undefined ? urls : [url]);
    return context.json({ repositories: tracked.map(repositoryAnswer) }, 201);
  });
  app.delete('/api/v1/repositories', async context => {
    const { url, tracked, trackedBy } = await tracking.untrack(readQuery(context, UrlQuery).url);
    return context.json({ url, tracked, trackedBy });
  });
  app.post('/api/v1/sync', async context => {
    const { url, urls = [] } = await readJson(context, Urls, bodies);
    const raised = await tracking.syncNow(url === undefined ? urls : [url]);
    return context.json({ repositories: raised.map(repository => ({ url: repository.url })) }, 202);
  });
}

/** A repository as the API shows it. */
function repositoryAnswer(repository: Repository): Record<string, unknown> {
  const { url, state, tracked, trackedBy, headRef, shallow, totals, lastBakedAtMs, lastError, movedTo } =
    repository;
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
    firstCommitAt: isoTime(totals.firstCommitAt),
    lastCommitAt: isoTime(totals.lastCommitAt),
    lastBakedAt: lastBakedAtMs === null ? null : new Date(lastBakedAtMs).toISOString(),
    lastError,
  };
}

function isoTime(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString();
}
