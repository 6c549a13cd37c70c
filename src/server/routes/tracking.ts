import type { Hono } from 'hono';
import { z } from 'zod';
import { listedClone } from '../../gather/repos/cache/api.ts';
import type { CacheEntry } from '../../gather/repos/cache/clone-cache.ts';
import type { ScheduledRepository } from '../../gather/repos/tracking/service.ts';
import { REPOSITORY_CHOICES } from '../../keep/store/repositories.ts';
import { REPOSITORY_ORDERS } from '../../station/status/repository-list.ts';
import type { AppOptions } from '../app-options.ts';
import { readJson, readQuery } from '../body.ts';
import { repositoryAnswer } from './repositories.ts';

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

/** Which repositories are kept fresh: track, untrack, sync now, and when one is next and why. */
export function trackingRoutes(app: Hono, { station, maxBodyBytes }: AppOptions): void {
  const { tracking, cache } = station;
  const shown = ({ repository, next }: ScheduledRepository, clones: ReadonlyMap<string, CacheEntry>) => {
    const clone = clones.get(repository.url);
    return {
      ...repositoryAnswer(repository),
      next: next ? { ...next, at: new Date(next.atMs).toISOString(), atMs: undefined } : null,
      clone: clone ? { ...listedClone(clone), url: undefined } : null,
    };
  };
  const clonesByUrl = async () => new Map((await cache.list()).map(clone => [clone.url, clone]));

  // One by its address; without an address a page of all.
  app.get('/api/v1/repositories', async context => {
    const clones = await clonesByUrl();
    if (context.req.query('url') !== undefined)
      return context.json(shown(await tracking.findScheduled(readQuery(context, UrlQuery).url), clones));
    const { search: text, show: choice, order, offset, limit } = readQuery(context, PageQuery);
    const page = await station.listRepositories({ text, choice, order, offset, limit });
    const repositories = page.map(repository => shown(repository, clones));
    return context.json({ repositories, next: page.length === limit ? offset + limit : null });
  });
  app.post('/api/v1/repositories', async context => {
    const { url, urls = [] } = await readJson(context, Urls, maxBodyBytes);
    const tracked = await tracking.track(url === undefined ? urls : [url]);
    return context.json({ repositories: tracked.map(repositoryAnswer) }, 201);
  });
  app.delete('/api/v1/repositories', async context => {
    const { url, tracked, trackedBy } = await tracking.untrack(readQuery(context, UrlQuery).url);
    return context.json({ url, tracked, trackedBy });
  });
  app.post('/api/v1/sync', async context => {
    const { url, urls = [] } = await readJson(context, Urls, maxBodyBytes);
    const raised = await tracking.syncNow(url === undefined ? urls : [url]);
    return context.json({ repositories: raised.map(repository => ({ url: repository.url })) }, 202);
  });
}
