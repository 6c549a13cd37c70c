import type { Clock } from '../../../base/clock.ts';
import type { CallResource } from '../../../engine/call-budgets/call-budget.ts';
import type { ResourceBudget } from '../../../engine/call-budgets/call-limiter.ts';
import type { ChangesetTotals, StoredForecast } from '../../../keep/store/changesets.ts';

/** What the present schedule needs of one resource an hour, against what there is. */
export interface CallForecast {
  readonly neededPerHour: number;
  /** Undefined: no bound is known. */
  readonly budgetPerHour: number | undefined;
  /** 1: enough. Above: every interval times this, and it is. In steps of a tenth. */
  readonly stretch: number;
}

/** What the schedule of one host needs, by resource, and by how much its intervals are stretched. */
export interface HostForecast {
  readonly host: string;
  readonly syncsPerHour: number;
  readonly stretch: number;
  readonly resources: readonly (CallForecast & ResourceBudget & { readonly resource: CallResource })[];
}

const RESOURCES: readonly CallResource[] = ['rest', 'graphql'];
/** The schedule is planned to use no more of a budget than this: the rest is for lists, retries, and chance. */
const PLANNED_SHARE = 0.9;
const LARGEST_STRETCH = 1000;
/** A factor that moves by less than this share is left as it is, so that the schedule is not moved for nothing. */
const HYSTERESIS = 0.1;
/** From so few syncs no cost a sync is learnt: one is taken to cost one call. */
const ENOUGH_SYNCS = 20;
const MINUTE_MS = 60_000;

/**
 * Compares, now and then, the calls that the schedule needs with the budget there is, and holds the factor by
 * which every interval of a host is stretched. Costs are learnt: calls and points of the last hour, lists and
 * retries included, over syncs of the last hour. What is learnt outlives a restart (`learned`, `restore`), syncs as well
 * as calls: over the syncs since a start alone, the calls before it would make each seem to cost many times as much.
 */
export class CallForecasts {
  readonly #clock: Clock;
  readonly #resourceBudget: (host: string, resource: CallResource) => ResourceBudget;
  readonly #forecasts = new Map<string, HostForecast>();
  /** By host, as it was before a restart, until the first forecast. */
  readonly #stretchBefore = new Map<string, number>();
  /** Calls or points a sync, as learnt last. */
  readonly #costs = new Map<string, number>();
  /** By host, and by minute since the epoch. */
  readonly #syncs = new Map<string, Map<number, number>>();

  constructor(clock: Clock, resourceBudget: (host: string, resource: CallResource) => ResourceBudget) {
    this.#clock = clock;
    this.#resourceBudget = resourceBudget;
  }

  /** Counts a sync of a changeset of the host, from which costs are learnt. */
  countSync(host: string): void {
    const minute = Math.floor(this.#clock.nowMs() / MINUTE_MS);
    const minutes = this.#syncs.get(host) ?? new Map<number, number>();
    this.#syncs.set(host, minutes);
    minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
    for (const old of minutes.keys()) if (old < minute - 60) minutes.delete(old);
  }

  stretchOf(host: string): number {
    return this.#forecasts.get(host)?.stretch ?? this.#stretchBefore.get(host) ?? 1;
  }

  /** Takes over what was learned before a restart, before the first `update`. */
  restore(stored: readonly StoredForecast[]): void {
    const newest = Math.floor(this.#clock.nowMs() / MINUTE_MS);
    for (const { host, stretch, costs, syncs } of stored) {
      if (stretch >= 1 && stretch <= LARGEST_STRETCH) this.#stretchBefore.set(host, stretch);
      for (const [resource, cost] of Object.entries(costs)) this.#costs.set(`${host} ${resource}`, cost);
      this.#syncs.set(host, new Map(syncs.filter(([minute]) => minute <= newest)));
    }
  }

  /** What has been learned, to be stored. */
  learned(): readonly StoredForecast[] {
    const hosts = new Set([...this.#forecasts.keys(), ...this.#stretchBefore.keys(), ...this.#syncs.keys()]);
    return [...hosts].map(host => ({
      host,
      stretch: this.stretchOf(host),
      costs: Object.fromEntries(
        RESOURCES.flatMap(resource => {
          const cost = this.#costs.get(`${host} ${resource}`);
          return cost === undefined ? [] : [[resource, cost]];
        }),
      ),
      syncs: [...(this.#syncs.get(host) ?? [])],
    }));
  }

  all(): readonly HostForecast[] {
    return [...this.#forecasts.values()];
  }

  /** Forecasts anew. @returns hosts whose factor has changed: their schedule is to be made anew */
  update(totals: readonly ChangesetTotals[]): readonly string[] {
    const syncs = new Map<string, number>();
    for (const { host, syncsPerHour } of totals) syncs.set(host, (syncs.get(host) ?? 0) + syncsPerHour);
    const changed: string[] = [];
    for (const [host, syncsPerHour] of syncs) {
      const resources = RESOURCES.map(resource => this.#forecast(host, resource, syncsPerHour));
      const wanted = Math.max(1, ...resources.map(each => each.stretch));
      const before = this.stretchOf(host);
      const moves = Math.abs(wanted - before) > before * HYSTERESIS || (wanted === 1 && before !== 1);
      if (moves) changed.push(host);
      this.#forecasts.set(host, { host, syncsPerHour, stretch: moves ? wanted : before, resources });
    }
    return changed;
  }

  #forecast(host: string, resource: CallResource, syncsPerHour: number) {
    const budget = this.#resourceBudget(host, resource);
    const name = `${host} ${resource}`;
    const syncs = this.#syncsLastHour(host);
    if (syncs >= ENOUGH_SYNCS) this.#costs.set(name, budget.spentLastHour / syncs);
    // Without enough syncs in the last hour (the budget was used up, perhaps) the last cost learnt stands.
    const assumed = resource === 'rest' || budget.spentLastHour > 0 ? 1 : 0;
    const costPerSync = this.#costs.get(name) ?? (budget.perHour === undefined ? 0 : assumed);
    return { resource, ...budget, ...forecastCalls(syncsPerHour, costPerSync, budget.perHour) };
  }

  #syncsLastHour(host: string): number {
    const oldest = Math.floor(this.#clock.nowMs() / MINUTE_MS) - 60;
    const minutes = [...(this.#syncs.get(host) ?? [])].filter(([minute]) => minute >= oldest);
    return minutes.reduce((sum, [, count]) => sum + count, 0);
  }
}

/**
 * @param syncsPerHour what the rhythms ask for, not stretched
 * @param costPerSync calls or points that a sync has lately cost, lists and retries included
 */
export function forecastCalls(
  syncsPerHour: number,
  costPerSync: number,
  budgetPerHour: number | undefined,
): CallForecast {
  const neededPerHour = syncsPerHour * costPerSync;
  if (budgetPerHour === undefined) return { neededPerHour, budgetPerHour, stretch: 1 };
  const ratio = neededPerHour / Math.max(budgetPerHour * PLANNED_SHARE, Number.MIN_VALUE);
  const stretch = ratio <= 1 ? 1 : Math.min(Math.ceil(ratio * 10) / 10, LARGEST_STRETCH);
  return { neededPerHour, budgetPerHour, stretch };
}
