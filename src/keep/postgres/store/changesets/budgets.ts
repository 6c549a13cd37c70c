import type { BudgetStore, StoredBudget } from '../../../store/changesets.ts';
import { toBudget, toForecast } from '../../../store/rows/changesets.ts';
import type { SqlExecutor, TransactionalExecutor } from '../../executor.ts';

const FORGET = 'DELETE FROM call_budgets WHERE host = ANY($1)';
const SAVE = `
  INSERT INTO call_budgets (host, credential, resource, max_calls, remaining, reset_at_ms, paused_until_ms,
    refused_until_ms, window_ms, spent)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::bigint[], $9::bigint[], $10::text[])
  ON CONFLICT (host, credential, resource) DO UPDATE SET max_calls = excluded.max_calls,
    remaining = excluded.remaining, reset_at_ms = excluded.reset_at_ms, paused_until_ms = excluded.paused_until_ms,
    refused_until_ms = excluded.refused_until_ms, window_ms = excluded.window_ms, spent = excluded.spent`;
const SAVE_FORECASTS = `
  INSERT INTO call_forecasts (host, stretch, costs, syncs)
  SELECT * FROM unnest($1::text[], $2::double precision[], $3::text[], $4::text[])
  ON CONFLICT (host) DO UPDATE SET stretch = excluded.stretch, costs = excluded.costs, syncs = excluded.syncs`;

export function createBudgetStore(database: TransactionalExecutor): BudgetStore {
  return {
    async list() {
      return (await database.query('SELECT * FROM call_budgets')).map(toBudget);
    },
    save: budgets =>
      database.transaction(async transaction => {
        const hosts = [...new Set(budgets.map(({ host }) => host))].sort();
        await transaction.execute(FORGET, [hosts]);
        await saveBudgets(transaction, budgets);
      }),
    async forecasts() {
      return (await database.query('SELECT * FROM call_forecasts')).map(toForecast);
    },
    async saveForecasts(forecasts) {
      await database.execute(SAVE_FORECASTS, [
        forecasts.map(({ host }) => host),
        forecasts.map(({ stretch }) => stretch),
        forecasts.map(({ costs }) => JSON.stringify(costs)),
        forecasts.map(({ syncs }) => JSON.stringify(syncs)),
      ]);
    },
  };
}

/** Stores these; others stay as they are. */
export async function saveBudgets(transaction: SqlExecutor, budgets: readonly StoredBudget[]): Promise<void> {
  await transaction.execute(SAVE, [
    budgets.map(({ host }) => host),
    budgets.map(({ credential }) => credential),
    budgets.map(({ resource }) => resource),
    budgets.map(({ limit }) => wholeOrNull(limit)),
    budgets.map(({ remaining }) => wholeOrNull(remaining)),
    budgets.map(({ resetAtMs }) => wholeOrNull(resetAtMs)),
    budgets.map(({ pausedUntilMs }) => wholeOrNull(pausedUntilMs)),
    budgets.map(({ refusedUntilMs }) => wholeOrNull(refusedUntilMs)),
    budgets.map(({ windowMs }) => wholeOrNull(windowMs)),
    budgets.map(({ spent }) => JSON.stringify(spent)),
  ]);
}

function wholeOrNull(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value);
}
