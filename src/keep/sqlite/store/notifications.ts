import type {
  Notice,
  Notification,
  NotificationEvent,
  NotificationStore,
} from '../../store/notifications.ts';
import { readInteger, readText } from '../../store/rows/columns.ts';
import { NOTICES, toNotification } from '../../store/rows/notifications.ts';
import type { Database } from '../database.ts';

const SELECT =
  'SELECT notifications.*, repositories.url FROM notifications JOIN repositories ON repositories.id = repository_id';

export function createNotificationStore(database: Database): NotificationStore {
  const byId = (id: number): Notification | undefined => {
    const row = database.first(`${SELECT} WHERE notifications.id = ?`, id);
    return row && toNotification(row);
  };
  /** @returns whether that changed anything */
  const turn = (repositoryId: number, event: NotificationEvent, nowMs: number): boolean => {
    const { notice, begins } = NOTICES[event];
    const { changes } = begins
      ? database
          .statement('INSERT OR IGNORE INTO notices (repository_id, notice, since_ms) VALUES (?, ?, ?)')
          .run(repositoryId, notice, nowMs)
      : database
          .statement('DELETE FROM notices WHERE repository_id = ? AND notice = ?')
          .run(repositoryId, notice);
    return changes > 0;
  };

  return {
    async notices(repositoryId) {
      return database.read(() => {
        const rows = database.all(
          'SELECT notice, since_ms FROM notices WHERE repository_id = ?',
          repositoryId,
        );
        return new Map(rows.map(row => [readText(row, 'notice') as Notice, readInteger(row, 'since_ms')]));
      });
    },
    raise: ({ repositoryId, event, message, channels }, nowMs) =>
      database.write(() => {
        if (!turn(repositoryId, event, nowMs)) return undefined;
        const { lastInsertRowid } = database
          .statement(
            'INSERT INTO notifications (repository_id, event, message, raised_at_ms) VALUES (?, ?, ?, ?)',
          )
          .run(repositoryId, event, message, nowMs);
        for (const channel of channels) {
          database
            .statement('INSERT INTO notification_sendings (notification_id, channel) VALUES (?, ?)')
            .run(lastInsertRowid, channel);
        }
        return byId(Number(lastInsertRowid));
      }),
    async byId(id) {
      return database.read(() => byId(id));
    },
    endSending: (id, channel, error, nowMs) =>
      database.write(() => {
        database
          .statement(
            'UPDATE notification_sendings SET ended_at_ms = ?, error = ? WHERE notification_id = ? AND channel = ?',
          )
          .run(nowMs, error, id, channel);
      }),
    async unsent() {
      return database
        .all(
          'SELECT notification_id, channel FROM notification_sendings WHERE ended_at_ms IS NULL ORDER BY notification_id',
        )
        .map(row => ({ id: readInteger(row, 'notification_id'), channel: readText(row, 'channel') }));
    },
    async recent(limit, beforeId = Number.MAX_SAFE_INTEGER) {
      return database
        .all(`${SELECT} WHERE notifications.id < ? ORDER BY notifications.id DESC LIMIT ?`, beforeId, limit)
        .map(toNotification);
    },
  };
}
