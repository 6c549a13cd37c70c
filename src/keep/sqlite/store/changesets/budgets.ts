import type { BudgetStore } from '../../../store/changesets.ts';
import { toBudget, toForecast } from '../../../store/rows/changesets.ts';
import type { Database } from '../../database.ts';

const SAVE = `
  INSERT OR REPLACE INTO call_budgets (host, credential, resource, max_calls, remaining, reset_at_ms, paused_until_ms,
    refused_until_ms, window_ms, spent)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const FORGET = 'DELETE FROM call_budgets WHERE host = ?';
const SAVE_FORECAST =
  'INSERT OR REPLACE INTO call_forecasts (host, stretch, costs, syncs) VALUES (?, ?, ?, ?)';

export function createBudgetStore(database: Database): BudgetStore {
  return {
    async list() {
      return database.all('SELECT * FROM call_budgets').map(toBudget);
    },
    save: budgets =>
      database.write(() => {
        for (const host of new Set(budgets.map(each => each.host))) database.statement(FORGET).run(host);
        for (const { host, credential, resource, ...left } of budgets) {
          database
            .statement(SAVE)
            .run(
              host,
              credential,
              resource,
              wholeOrNull(left.limit),
              wholeOrNull(left.remaining),
              wholeOrNull(left.resetAtMs),
              wholeOrNull(left.pausedUntilMs),
              wholeOrNull(left.refusedUntilMs),
              wholeOrNull(left.windowMs),
              JSON.stringify(left.spent),
            );
        }
      }),
    async forecasts() {
      return database.all('SELECT * FROM call_forecasts').map(toForecast);
    },
    saveForecasts: forecasts =>
      database.write(() => {
        for (const { host, stretch, costs, syncs } of forecasts) {
          database.statement(SAVE_FORECAST).run(host, stretch, JSON.stringify(costs), JSON.stringify(syncs));
        }
      }),
  };
}

function wholeOrNull(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value);
}
