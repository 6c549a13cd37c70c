import type { BudgetStore, StoredBudget } from '../../../store/changesets.ts';
import type { Database } from '../../database.ts';
import { readIntegerOrNull, readText, type SqlRow } from '../../rows.ts';

const SAVE = `
  INSERT OR REPLACE INTO call_budgets (host, credential, resource, max_calls, remaining, reset_at_ms, paused_until_ms, spent)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

function toBudget(row: SqlRow): StoredBudget {
  return {
    host: readText(row, 'host'),
    credential: readText(row, 'credential'),
    resource: readText(row, 'resource'),
    limit: readIntegerOrNull(row, 'max_calls') ?? undefined,
    remaining: readIntegerOrNull(row, 'remaining') ?? undefined,
    resetAtMs: readIntegerOrNull(row, 'reset_at_ms') ?? undefined,
    pausedUntilMs: readIntegerOrNull(row, 'paused_until_ms') ?? undefined,
    spent: JSON.parse(readText(row, 'spent')) as [number, number][],
  };
}

export function createBudgetStore(database: Database): BudgetStore {
  return {
    async list() {
      return database.all('SELECT * FROM call_budgets').map(toBudget);
    },
    save: budgets =>
      database.write(() => {
        for (const { host, credential, resource, ...left } of budgets) {
          const { limit, remaining, resetAtMs, pausedUntilMs, spent } = left;
          database
            .statement(SAVE)
            .run(
              host,
              credential,
              resource,
              limit ?? null,
              remaining ?? null,
              resetAtMs ?? null,
              pausedUntilMs ?? null,
              JSON.stringify(spent),
            );
        }
      }),
  };
}
