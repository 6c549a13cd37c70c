import { RATES, type RateName, type RateSpan, type RateStore } from '../../local/rates.ts';
import { readInteger, readText } from '../../store/rows/columns.ts';
import type { Database } from '../database.ts';

/** Takes the database over: it is closed with it. */
export function createRateStore(database: Database): RateStore {
  return {
    spans(spanMs, sinceMs) {
      const sql =
        'SELECT from_ms, name, amount FROM rates WHERE span_ms = ? AND from_ms >= ? ORDER BY from_ms';
      const spans = new Map<number, Partial<Record<RateName, number>>>();
      for (const row of database.all(sql, spanMs, sinceMs)) {
        const name = RATES.find(one => one === readText(row, 'name'));
        if (!name) continue;
        const fromMs = readInteger(row, 'from_ms');
        const amounts = spans.get(fromMs) ?? {};
        spans.set(fromMs, { ...amounts, [name]: readInteger(row, 'amount') });
      }
      return [...spans].map(([fromMs, amounts]): RateSpan => ({ fromMs, amounts }));
    },
    add: (added, forgotten) =>
      database.write(() => {
        const add = database.statement(
          `INSERT INTO rates (span_ms, from_ms, name, amount) VALUES (?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET amount = amount + excluded.amount`,
        );
        for (const { spanMs, fromMs, amounts } of added)
          for (const [name, amount] of Object.entries(amounts)) add.run(spanMs, fromMs, name, amount);
        const forget = database.statement('DELETE FROM rates WHERE span_ms = ? AND from_ms < ?');
        for (const { spanMs, beforeMs } of forgotten) forget.run(spanMs, beforeMs);
      }),
    close: () => database.close(),
  };
}
