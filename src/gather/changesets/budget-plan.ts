import type { Clock } from '../../base/clock.ts';
import type { BudgetFigures } from '../../engine/call-limits.ts';
import { type Forecast, forecast } from '../../engine/limits.ts';
import type { ChangesetTotals } from '../../keep/store/changesets.ts';
import type { CallResource } from '../forges/budget.ts';

export const RESOURCES: readonly CallResource[] = ['rest', 'graphql'];

/** S5 of one host: what its schedule needs, by resource, and by how much its intervals are stretched. */
export interface HostForecast {
  readonly host: string;
  readonly syncsPerHour: number;
  readonly stretch: number;
  readonly resources: readonly (Forecast & BudgetFigures & { readonly resource: CallResource })[];
}

export interface CallBudgetPlanOptions {
  readonly clock: Clock;
  readonly figures: (host: string, resource: CallResource) => BudgetFigures;
}

/** A factor that moves by less than this share is left as it is, so that the schedule is not moved for nothing. */
const HYSTERESIS = 0.1;
/** From so few syncs no cost a sync is learnt: one is taken to cost one call. */
const ENOUGH_SYNCS = 20;
const MINUTE_MS = 60_000;

/**
 * Compares, now and then, the calls that the schedule needs with the budget there is, and holds the factor by
 * which every interval of a host is stretched. Costs are learnt: calls and points of the last hour, lists and
 * retries included, over syncs of the last hour.
 */
export class CallBudgetPlan {
  readonly #options: CallBudgetPlanOptions;
  readonly #forecasts = new Map<string, HostForecast>();
  /** Calls or points a sync, as learnt last. */
  readonly #costs = new Map<string, number>();
  readonly #syncs = new Map<string, Map<number, number>>();

  constructor(options: CallBudgetPlanOptions) {
    this.#options = options;
  }

  /** A changeset of the host has been synced. */
  synced(host: string): void {
    const minute = Math.floor(this.#options.clock.nowMs() / MINUTE_MS);
    const minutes = this.#syncs.get(host) ?? new Map<number, number>();
    this.#syncs.set(host, minutes);
    minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
    for (const old of minutes.keys()) if (old < minute - 60) minutes.delete(old);
  }

  stretchOf(host: string): number {
    return this.#forecasts.get(host)?.stretch ?? 1;
  }

  forecasts(): readonly HostForecast[] {
    return [...this.#forecasts.values()];
  }

  /** Forecasts anew. @returns hosts whose factor has changed: their schedule is to be made anew */
  update(totals: readonly ChangesetTotals[]): readonly string[] {
    const syncs = new Map<string, number>();
    for (const { host, syncsPerHour } of totals) syncs.set(host, (syncs.get(host) ?? 0) + syncsPerHour);
    const changed: string[] = [];
    for (const [host, syncsPerHour] of syncs) {
      const resources = RESOURCES.map(resource => this.#ofResource(host, resource, syncsPerHour));
      const wanted = Math.max(1, ...resources.map(each => each.stretch));
      const before = this.stretchOf(host);
      const moves = Math.abs(wanted - before) > before * HYSTERESIS || (wanted === 1 && before !== 1);
      if (moves) changed.push(host);
      this.#forecasts.set(host, { host, syncsPerHour, stretch: moves ? wanted : before, resources });
    }
    return changed;
  }

  #ofResource(host: string, resource: CallResource, syncsPerHour: number) {
    const figures = this.#options.figures(host, resource);
    const name = `${host} ${resource}`;
    const done = this.#syncsLastHour(host);
    if (done >= ENOUGH_SYNCS) this.#costs.set(name, figures.spentLastHour / done);
    // Without enough syncs in the last hour (the budget was used up, perhaps) the last cost learnt stands.
    const assumed = resource === 'rest' || figures.spentLastHour > 0 ? 1 : 0;
    const costPerSync = this.#costs.get(name) ?? (figures.perHour === undefined ? 0 : assumed);
    return { resource, ...figures, ...forecast(syncsPerHour, costPerSync, figures.perHour) };
  }

  #syncsLastHour(host: string): number {
    const oldest = Math.floor(this.#options.clock.nowMs() / MINUTE_MS) - 60;
    const minutes = [...(this.#syncs.get(host) ?? [])].filter(([minute]) => minute >= oldest);
    return minutes.reduce((sum, [, count]) => sum + count, 0);
  }
}
