import type { Hono } from 'hono';
import { z } from 'zod';
import type { RouteOptions } from '../app-options.ts';
import { readJson, readQuery } from '../body.ts';

const ListQuery = z.strictObject({
  search: z.string().optional(),
  bots: z.enum(['only', 'exclude']).optional(),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
const Emails = z.strictObject({ emails: z.array(z.string()).min(1).max(1000) });
const BotRequest = z.strictObject({ email: z.string(), bot: z.boolean().nullable() });

/** Who is who: listing, merging by hand, undoing that, and saying who is a program. */
export function peopleRoutes(app: Hono, { station, bodies }: RouteOptions): void {
  app.get('/api/v1/people', async context => {
    const { search, bots, offset, limit } = readQuery(context, ListQuery);
    const people = await station.people.list({ text: search, bots, offset, limit });
    return context.json({ people, next: people.length === limit ? offset + limit : null });
  });
  app.post('/api/v1/people/merge', async context => {
    const { emails } = await readJson(context, Emails, bodies);
    return context.json(await station.people.merge(emails));
  });
  app.post('/api/v1/people/split', async context => {
    const { emails } = await readJson(context, Emails, bodies);
    await station.people.split(emails);
    return context.body(null, 204);
  });
  app.post('/api/v1/people/bot', async context => {
    const { email, bot } = await readJson(context, BotRequest, bodies);
    return context.json(await station.people.setBot(email, bot));
  });
}
