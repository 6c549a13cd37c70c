import type { BudgetStore, StoredBudget } from '../../../store/changesets.ts';
import type { Database } from '../../database.ts';
import { integerOrNull, type SqlRow, text } from '../../rows.ts';

const SAVE = `
  INSERT OR REPLACE INTO call_budgets (host, credential, resource, max_calls, remaining, reset_at_ms, paused_until_ms, spent)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

function toBudget(row: SqlRow): StoredBudget {
  return {
    host: text(row, 'host'),
    credential: text(row, 'credential'),
    resource: text(row, 'resource'),
    limit: integerOrNull(row, 'max_calls') ?? undefined,
    remaining: integerOrNull(row, 'remaining') ?? undefined,
    resetAtMs: integerOrNull(row, 'reset_at_ms') ?? undefined,
    pausedUntilMs: integerOrNull(row, 'paused_until_ms') ?? undefined,
    spent: JSON.parse(text(row, 'spent')) as [number, number][],
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
