import type { Hono } from 'hono';
import { z } from 'zod';
import type { AppOptions } from '../app-options.ts';
import { readQuery } from '../body.ts';

const ListQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(50) });

/** What people were notified of, newest first. */
export function notificationRoutes(app: Hono, { station: { notifications } }: AppOptions): void {
  app.get('/api/v1/notifications', async context => {
    const { limit } = readQuery(context, ListQuery);
    const recent = await notifications.recent(limit);
    return context.json({
      notifications: recent.map(({ id, event, url, message, raisedAtMs }) => ({
        id,
        event,
        repository: url,
        message,
        raisedAt: new Date(raisedAtMs).toISOString(),
      })),
    });
  });
}
