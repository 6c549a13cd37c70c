import type { WebhookStore } from '../../../store/changesets.ts';
import { toWebhookTotals } from '../../../store/rows/changesets.ts';
import type { Database } from '../../database.ts';

const MISSED = `
  INSERT INTO webhook_repositories (host, repository, missed, missed_since) VALUES (?, ?, 1, 1)
  ON CONFLICT (host, repository) DO UPDATE SET missed = missed + 1, missed_since = missed_since + 1`;

export function createWebhookStore(database: Database): WebhookStore {
  return {
    async isKnown(host, deliveryId) {
      const sql = 'SELECT 1 FROM webhook_deliveries WHERE host = ? AND delivery_id = ?';
      return database.read(() => database.statement(sql).get(host, deliveryId) !== undefined);
    },
    countMissed: (host, repository) =>
      database.write(() => {
        database.statement(MISSED).run(host, repository);
      }),
    async totals(limit) {
      const sql = 'SELECT * FROM webhook_repositories ORDER BY missed_since DESC, host, repository LIMIT ?';
      return database.all(sql, limit).map(toWebhookTotals);
    },
  };
}
