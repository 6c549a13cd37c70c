import { randomUUID } from 'node:crypto';
import { toBudget } from '../../../store/rows/changesets.ts';
import { readInteger, readText } from '../../../store/rows/columns.ts';
import type { CallSlot, SharedCalls } from '../../../store/shared-calls.ts';
import type { SqlExecutor, TransactionalExecutor } from '../../executor.ts';
import { lockName } from '../lock.ts';
import { saveBudgets } from './budgets.ts';

/** As it is now, not as the transaction began: that may have waited for the lock. */
const NOW_MS = 'floor(extract(epoch from clock_timestamp()) * 1000)::bigint';
const TAKE_SLOT = `
  INSERT INTO call_slots (host, number, token, until_ms)
  SELECT $1, free.number, $3, ${NOW_MS} + $4 FROM generate_series(1, $2::integer) AS free (number)
   WHERE NOT EXISTS (SELECT FROM call_slots taken WHERE taken.host = $1 AND taken.number = free.number AND taken.until_ms > ${NOW_MS})
   ORDER BY free.number LIMIT 1
  ON CONFLICT (host, number) DO UPDATE SET token = excluded.token, until_ms = excluded.until_ms
  RETURNING number`;
const TAKEN = `SELECT count(*) AS taken FROM call_slots WHERE host = $1 AND until_ms > ${NOW_MS}`;
const RENEW = `
  UPDATE call_slots SET until_ms = ${NOW_MS} + $2
   WHERE token = ANY($1) AND until_ms > ${NOW_MS} RETURNING token`;
const LEAVE = 'DELETE FROM call_slots WHERE token = $1 AND host = $2 AND number = $3';

/** `SharedCalls` on Postgres: of one host, one change after the other, under a lock of its name. */
export function createSharedCalls(database: TransactionalExecutor): SharedCalls {
  const withHost = <T>(host: string, change: (transaction: SqlExecutor) => Promise<T>): Promise<T> =>
    database.transaction(async transaction => {
      await lockName(transaction, `calls to ${host}`);
      return change(transaction);
    });
  return {
    changeBudgets: (host, change) =>
      withHost(host, async transaction => {
        const rows = await transaction.query(
          `SELECT call_budgets.*, ${NOW_MS} AS now_ms FROM (SELECT) AS one LEFT JOIN call_budgets ON host = $1`,
          [host],
        );
        const nowMs = readInteger(rows[0] ?? {}, 'now_ms');
        const known = rows.filter(row => row.host !== null).map(toBudget);
        const { result, changed } = change(known, nowMs);
        if (changed.length > 0) await saveBudgets(transaction, changed);
        return result;
      }),
    takeSlot: (host, limit, leaseMs) =>
      withHost(host, async transaction => {
        // Where the limit was lowered, those above it count as well.
        const { taken } = (await transaction.first(TAKEN, [host])) ?? {};
        if (Number(taken) >= limit) return undefined;
        const token = randomUUID();
        const row = await transaction.first(TAKE_SLOT, [host, limit, token, leaseMs]);
        return row === undefined ? undefined : { host, number: readInteger(row, 'number'), token };
      }),
    async renewSlots(slots, leaseMs): Promise<readonly CallSlot[]> {
      const tokens = slots.map(({ token }) => token);
      const kept = await database.executeSql(RENEW, [tokens, leaseMs]);
      const names = new Set(kept.rows.map(row => readText(row, 'token')));
      return slots.filter(({ token }) => names.has(token));
    },
    async leaveSlot({ token, host, number }) {
      await database.execute(LEAVE, [token, host, number]);
    },
  };
}
