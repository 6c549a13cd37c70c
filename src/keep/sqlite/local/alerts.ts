import type { AlertSending, AlertStore } from '../../local/alerts.ts';
import { readInteger, readText } from '../../store/rows/columns.ts';
import type { Database } from '../database.ts';

/** Takes the database over: it is closed with it. */
export function createAlertStore(database: Database): AlertStore {
  return {
    active() {
      const rows = database.all('SELECT * FROM alerts ORDER BY began_at_ms, key');
      return new Map(
        rows.map(row => {
          const key = readText(row, 'key');
          const message = readText(row, 'message');
          return [
            key,
            { key, message, hint: readText(row, 'hint'), beganAtMs: readInteger(row, 'began_at_ms') },
          ];
        }),
      );
    },
    change: ({ begun, ended, sendings, nowMs }) =>
      database.write(() => {
        for (const key of ended) database.statement('DELETE FROM alerts WHERE key = ?').run(key);
        for (const { key, message, hint, beganAtMs } of begun)
          database
            .statement('INSERT OR IGNORE INTO alerts (key, message, hint, began_at_ms) VALUES (?, ?, ?, ?)')
            .run(key, message, hint, beganAtMs);
        for (const { channel, payload } of sendings)
          database
            .statement('INSERT INTO alert_sendings (channel, payload, next_at_ms) VALUES (?, ?, ?)')
            .run(channel, JSON.stringify(payload), nowMs);
      }),
    due: (nowMs, limit) =>
      database
        .all('SELECT * FROM alert_sendings WHERE next_at_ms <= ? ORDER BY id LIMIT ?', nowMs, limit)
        .map(row => ({
          id: readInteger(row, 'id'),
          channel: readText(row, 'channel'),
          payload: JSON.parse(readText(row, 'payload')) as AlertSending['payload'],
          failures: readInteger(row, 'failures'),
        })),
    end: id =>
      database.write(() => {
        database.statement('DELETE FROM alert_sendings WHERE id = ?').run(id);
      }),
    postpone: (id, nextAtMs) =>
      database.write(() => {
        database
          .statement('UPDATE alert_sendings SET failures = failures + 1, next_at_ms = ? WHERE id = ?')
          .run(nextAtMs, id);
      }),
    close: () => database.close(),
  };
}
