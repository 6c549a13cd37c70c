import type {
  Notice,
  Notification,
  NotificationEvent,
  NotificationStore,
} from '../../store/notifications.ts';
import { readInteger, readText } from '../../store/rows/columns.ts';
import { NOTICES, toNotification } from '../../store/rows/notifications.ts';
import type { SqlExecutor, TransactionalExecutor } from '../executor.ts';

const SELECT =
  'SELECT notifications.*, repositories.url FROM notifications JOIN repositories ON repositories.id = repository_id';
const BEGIN =
  'INSERT INTO notices (repository_id, notice, since_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING';
const END = 'DELETE FROM notices WHERE repository_id = $1 AND notice = $2';
const RAISE = `
  INSERT INTO notifications (repository_id, event, message, raised_at_ms) VALUES ($1, $2, $3, $4) RETURNING id`;
const SEND = `
  INSERT INTO notification_sendings (notification_id, channel) SELECT $1, channel FROM unnest($2::text[]) AS given (channel)`;
const END_SENDING = `
  UPDATE notification_sendings SET ended_at_ms = $1, error = $2 WHERE notification_id = $3 AND channel = $4`;

export function createNotificationStore(database: TransactionalExecutor): NotificationStore {
  const byId = async (executor: SqlExecutor, id: number): Promise<Notification | undefined> => {
    const row = await executor.first(`${SELECT} WHERE notifications.id = $1`, [id]);
    return row && toNotification(row);
  };
  /** @returns whether that changed anything */
  const turn = async (
    executor: SqlExecutor,
    repositoryId: number,
    event: NotificationEvent,
    nowMs: number,
  ): Promise<boolean> => {
    const { notice, begins } = NOTICES[event];
    const changed = begins
      ? await executor.execute(BEGIN, [repositoryId, notice, nowMs])
      : await executor.execute(END, [repositoryId, notice]);
    return changed > 0;
  };

  return {
    async notices(repositoryId) {
      const rows = await database.query('SELECT notice, since_ms FROM notices WHERE repository_id = $1', [
        repositoryId,
      ]);
      return new Map(rows.map(row => [readText(row, 'notice') as Notice, readInteger(row, 'since_ms')]));
    },
    raise: ({ repositoryId, event, message, channels }, nowMs) =>
      database.transaction(async transaction => {
        if (!(await turn(transaction, repositoryId, event, nowMs))) return undefined;
        const row = await transaction.first(RAISE, [repositoryId, event, message, nowMs]);
        const id = Number(row?.id);
        await transaction.execute(SEND, [id, channels]);
        return byId(transaction, id);
      }),
    byId: id => byId(database, id),
    async endSending(id, channel, error, nowMs) {
      await database.execute(END_SENDING, [nowMs, error, id, channel]);
    },
    async unsent() {
      const rows = await database.query(
        'SELECT notification_id, channel FROM notification_sendings WHERE ended_at_ms IS NULL ORDER BY notification_id, channel',
      );
      return rows.map(row => ({
        id: readInteger(row, 'notification_id'),
        channel: readText(row, 'channel'),
      }));
    },
    async recent(limit, beforeId = Number.MAX_SAFE_INTEGER) {
      const sql = `${SELECT} WHERE notifications.id < $2 ORDER BY notifications.id DESC LIMIT $1`;
      const rows = await database.query(sql, [limit, beforeId]);
      return rows.map(toNotification);
    },
  };
}
