import type { Hono } from 'hono';
import { z } from 'zod';
import type { StationApi } from '../../station/station-api.ts';
import { readJson, readQuery } from '../body.ts';
import { repositoryAnswer } from './repositories.ts';

/** As many as one request may name; a list of more is sent in parts. */
const MAX_URLS = 1000;

const Url = z.string().min(1);
const Urls = z
  .strictObject({ url: Url.optional(), urls: z.array(Url).min(1).max(MAX_URLS).optional() })
  .refine(({ url, urls }) => (url === undefined) !== (urls === undefined), { error: 'give url or urls' });
const UrlQuery = z.strictObject({ url: Url });

/** Which repositories are kept fresh (S2, S11): track, untrack, sync now, and when one is next and why (S6). */
export function trackingRoutes(
  app: Hono,
  { tracking }: StationApi,
  { maxBodyBytes }: { readonly maxBodyBytes: number },
): void {
  app.get('/api/v1/repositories', async context => {
    const { repository, next } = await tracking.scheduled(readQuery(context, UrlQuery).url);
    return context.json({
      ...repositoryAnswer(repository),
      next: next ? { ...next, at: new Date(next.atMs).toISOString(), atMs: undefined } : null,
    });
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
