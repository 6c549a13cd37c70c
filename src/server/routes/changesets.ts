import type { Hono } from 'hono';
import { z } from 'zod';
import { listedEvent } from '../../gather/changesets/listed-changeset.ts';
import { CHANGESET_STATES, type ChangesetFilter } from '../../keep/store/changesets.ts';
import type { RouteOptions } from '../app-options.ts';
import { readJson, readQuery } from '../body.ts';

const DAY_MS = 86_400_000;

const Filter = {
  host: z.string().min(1).optional(),
  /** `owner/name`, or the address of the repository's page less its scheme. */
  repository: z.string().min(1).optional(),
  /** One, or several with commas between them. */
  state: z
    .string()
    .transform(text => text.split(','))
    .pipe(z.array(z.enum(CHANGESET_STATES)))
    .optional(),
  /** `waiting`: open, and nobody has reviewed it yet. */
  review: z.literal('waiting').optional(),
  /** Open or draft, without a change for so many days. */
  idleDays: z.coerce.number().positive().max(36_500).optional(),
  author: z.string().min(1).optional(),
  label: z.string().min(1).optional(),
  search: z.string().min(1).optional(),
};
const Switch = z.enum(['true', 'false']).transform(text => text === 'true');
const ListQuery = z.strictObject({
  ...Filter,
  failing: Switch.optional(),
  followed: Switch.optional(),
  order: z.enum(['id', 'idle']).default('id'),
  after: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
const Url = z.string().min(1).max(2000);
const UrlQuery = z.strictObject({ url: Url });
const Urls = z.strictObject({ urls: z.array(Url).min(1).max(1000) });
const Selection = z
  .strictObject({
    urls: z.array(Url).min(1).max(1000).optional(),
    filter: z.strictObject({ ...Filter, failing: z.boolean().optional() }).optional(),
  })
  .refine(({ urls, filter }) => (urls === undefined) !== (filter === undefined), {
    error: 'give urls or filter, one of the two',
  });

/** Pull and merge requests: list, track, sync now, with when next and why. */
export function changesetRoutes(app: Hono, { station: { changesets }, clock, bodies }: RouteOptions): void {
  app.get('/api/v1/changesets', async context => {
    const { after, limit, order, ...query } = readQuery(context, ListQuery);
    const filter = filterOf(query, clock.nowMs());
    const page = await changesets.list(filter, { limit, order, afterId: after });
    const next = page.length === limit ? (page.at(-1)?.id ?? null) : null;
    return context.json({ changesets: page, next });
  });
  app.get('/api/v1/changesets/one', async context =>
    context.json(await changesets.find(readQuery(context, UrlQuery).url)),
  );
  app.get('/api/v1/changesets/events', async context => {
    const events = await changesets.events(readQuery(context, UrlQuery).url);
    return context.json({ events: events.map(listedEvent) });
  });
  app.post('/api/v1/changesets', async context => {
    const { urls } = await readJson(context, Urls, bodies);
    const tracked = [];
    for (const url of urls) tracked.push(await changesets.track(url));
    return context.json({ changesets: tracked }, 201);
  });
  app.delete('/api/v1/changesets', async context =>
    context.json(await changesets.untrack(readQuery(context, UrlQuery).url)),
  );
  app.post('/api/v1/changesets/sync', async context => {
    const { urls, filter } = await readJson(context, Selection, bodies);
    const raised = urls
      ? await changesets.syncNow(urls)
      : await changesets.syncWhere(filterOf(filter ?? {}, clock.nowMs()));
    return context.json({ raised }, 202);
  });
}

type Listed = Omit<z.output<typeof ListQuery>, 'after' | 'limit' | 'order'>;
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
