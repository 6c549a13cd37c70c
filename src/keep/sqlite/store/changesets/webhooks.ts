import { REMEMBERED_DELIVERIES, type WebhookStore } from '../../../store/changesets.ts';
import { SqliteChange } from '../../change.ts';
import type { Database } from '../../database.ts';
import { asRow } from '../../rows.ts';
import { toWebhookTotals } from './rows.ts';

const REPOSITORY = `
  INSERT INTO webhook_repositories (host, repository, received, last_at_ms) VALUES (?, ?, 1, ?)
  ON CONFLICT (host, repository) DO UPDATE SET received = received + 1, last_at_ms = excluded.last_at_ms, missed_since = 0`;
const MISSED = `
  INSERT INTO webhook_repositories (host, repository, missed, missed_since) VALUES (?, ?, 1, 1)
  ON CONFLICT (host, repository) DO UPDATE SET missed = missed + 1, missed_since = missed_since + 1`;
const TAKEN =
  'INSERT OR IGNORE INTO webhook_deliveries (host, delivery_id, event, received_at_ms) VALUES (?, ?, ?, ?)';

export function createWebhookStore(database: Database): WebhookStore {
  return {
    async isKnown(host, deliveryId) {
      const sql = 'SELECT 1 FROM webhook_deliveries WHERE host = ? AND delivery_id = ?';
      return database.read(() => database.statement(sql).get(host, deliveryId) !== undefined);
    },
    taken: ({ host, deliveryId, event, repository, receivedAtMs }) =>
      new SqliteChange(() => {
        const { changes, lastInsertRowid } = database
          .statement(TAKEN)
          .run(host, deliveryId, event, receivedAtMs);
        if (changes === 0) return;
        database
          .statement('DELETE FROM webhook_deliveries WHERE id <= ?')
          .run(Number(lastInsertRowid) - REMEMBERED_DELIVERIES);
        if (repository !== undefined) database.statement(REPOSITORY).run(host, repository, receivedAtMs);
      }),
    countMissed: (host, repository) =>
      database.write(() => {
        database.statement(MISSED).run(host, repository);
      }),
    async totals(limit) {
      const sql = 'SELECT * FROM webhook_repositories ORDER BY missed_since DESC, host, repository LIMIT ?';
      return database.read(() =>
        database
          .statement(sql)
          .all(limit)
          .map(row => toWebhookTotals(asRow(row))),
      );
    },
  };
}
