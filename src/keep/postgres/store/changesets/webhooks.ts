import type { WebhookStore } from '../../../store/changesets.ts';
import { toWebhookTotals } from '../../../store/rows/changesets.ts';
import type { SqlExecutor } from '../../executor.ts';

const KNOWN = `
  SELECT FROM webhook_deliveries WHERE host = $1 AND text_key(delivery_id) = text_key($2) AND delivery_id = $2`;
const MISSED = `
  INSERT INTO webhook_repositories AS known (host, repository, missed, missed_since) VALUES ($1, $2, 1, 1)
  ON CONFLICT (host, lower(repository)) DO UPDATE
    SET missed = known.missed + 1, missed_since = known.missed_since + 1`;
const TOTALS =
  'SELECT * FROM webhook_repositories ORDER BY missed_since DESC, host, lower(repository) LIMIT $1';

export function createWebhookStore(database: SqlExecutor): WebhookStore {
  return {
    async isKnown(host, deliveryId) {
      return (await database.first(KNOWN, [host, deliveryId])) !== undefined;
    },
    async countMissed(host, repository) {
      await database.execute(MISSED, [host, repository]);
    },
    async totals(limit) {
      return (await database.query(TOTALS, [limit])).map(toWebhookTotals);
    },
  };
}
