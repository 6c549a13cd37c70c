import { isoTime } from '../../base/units.ts';
import type { RouteOptions } from '../app-options.ts';
import { ById, nextCursor, readCursor } from '../cursor.ts';

/** What people were notified of, newest first. */
export function notificationRoutes({ station: { notifications }, operation }: RouteOptions): void {
  operation('listNotifications', async ({ query: { cursor, limit } }) => {
    const [beforeId] = readCursor(cursor, ById) ?? [];
    const recent = await notifications.recent(limit, beforeId);
    return {
      notifications: recent.map(({ id, event, url, message, raisedAtMs }) => ({
        id,
        event,
        repository: url,
        message,
        raisedAt: isoTime(raisedAtMs),
      })),
      next: nextCursor(recent, limit, ({ id }) => [id]),
    };
  });
}
