import { RATES, type RateName, type RateSpan, type RateStore } from '../../local/rates.ts';
import { readInteger, readText } from '../../store/rows/columns.ts';
import type { Database } from '../database.ts';

/** What is free on disks stands beside the counts, by the hour, which no count has, under the disk's path. */
const FREE_SPAN_MS = 3_600_000;
const FREE = 'free ';

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
    free(sinceMs) {
      const sql = `SELECT from_ms, substr(name, ${FREE.length + 1}) AS path, amount FROM rates
                    WHERE span_ms = ${FREE_SPAN_MS} AND from_ms >= ? AND name GLOB '${FREE}*' ORDER BY from_ms, name`;
      return database.all(sql, sinceMs).map(row => ({
        atMs: readInteger(row, 'from_ms'),
        path: readText(row, 'path'),
        freeBytes: readInteger(row, 'amount'),
      }));
    },
    addFree: (samples, forgottenBeforeMs) =>
      database.write(() => {
        const add = database.statement(
          `INSERT INTO rates (span_ms, from_ms, name, amount) VALUES (${FREE_SPAN_MS}, ?, ?, ?) ON CONFLICT DO NOTHING`,
        );
        for (const { atMs, path, freeBytes } of samples)
          add.run(Math.floor(atMs / FREE_SPAN_MS) * FREE_SPAN_MS, `${FREE}${path}`, freeBytes);
        database
          .statement(`DELETE FROM rates WHERE span_ms = ${FREE_SPAN_MS} AND from_ms < ?`)
          .run(forgottenBeforeMs);
      }),
    close: () => database.close(),
  };
}
