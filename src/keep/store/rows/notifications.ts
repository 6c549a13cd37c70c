import type { Notice, Notification, NotificationEvent } from '../notifications.ts';
import { readInteger, readText, type SqlRow } from './columns.ts';

/** The notice that an event begins or ends. */
export const NOTICES: Readonly<
  Record<NotificationEvent, { readonly notice: Notice; readonly begins: boolean }>
> = {
  stale: { notice: 'stale', begins: true },
  awake: { notice: 'stale', begins: false },
  failing: { notice: 'failing', begins: true },
  recovered: { notice: 'failing', begins: false },
};

/** With `url` of its repository. */
export function toNotification(row: SqlRow): Notification {
  return {
    id: readInteger(row, 'id'),
    repositoryId: readInteger(row, 'repository_id'),
    url: readText(row, 'url'),
    event: readText(row, 'event') as NotificationEvent,
    message: readText(row, 'message'),
    raisedAtMs: readInteger(row, 'raised_at_ms'),
  };
}
