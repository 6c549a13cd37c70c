import type { Clock } from '../../base/clock.ts';
import { Serializer } from '../../base/serializer.ts';
import type { StoredBudget } from '../../keep/store/changesets.ts';
import type { SharedCalls } from '../../keep/store/shared-calls.ts';
import { budgetMovedBy, NEW_BUDGET } from './credential-budget.ts';

/** Clocks that differ by less count as one. */
const SAME_CLOCK_MS = 1000;

/**
 * What is known of hosts' budgets. A station alone has all of it here. Where stations share them, the store has the
 * truth, and here is what was last read of it, with what came since and is yet to be stored:
 *
 *   decide(), soon after later(), store() ──▶ read what is stored ▶ make what is yet to be stored ▶ decide ▶ store
 *
 * as one change of the store that no other station's comes between.
 */
export class BudgetBook {
  readonly #clock: Clock;
  readonly #shared: () => SharedCalls | undefined;
  readonly #budgets = new Map<string, StoredBudget>();
  /** By host: changes that the store does not have yet. Each may be made again. */
  readonly #unstored = new Map<string, (() => void)[]>();
  /** By host: one change of the store at a time. */
  readonly #turns = new Map<string, Serializer>();

  /** @param shared undefined where no other station shares them */
  constructor(clock: Clock, shared: () => SharedCalls | undefined) {
    this.#clock = clock;
    this.#shared = shared;
  }

  all(): readonly StoredBudget[] {
    return [...this.#budgets.values()];
  }

  of(host: string, credential: string, resource: string): StoredBudget {
    const known = this.#budgets.get(idOf({ host, credential, resource }));
    return known ?? { ...NEW_BUDGET, host, credential, resource };
  }

  /** For `decide` and `later`, and for what is true of this station alone. */
  set(budget: StoredBudget): void {
    this.#budgets.set(idOf(budget), budget);
  }

  /**
   * Decides on what all stations know, and has what it sets known to all.
   * @param decide may be called more than once
   * @throws SluiceError `database_*`
   */
  async decide<T>(host: string, decide: () => T): Promise<T> {
    const shared = this.#shared();
    if (!shared) return decide();
    return this.#turnsOf(host).run(async () => {
      const unstored = this.#unstoredOf(host);
      const made = unstored.slice();
      let stores: readonly StoredBudget[] = [];
      const result = await shared.changeBudgets(host, (stored, storeNowMs) => {
        const aheadMs = this.#aheadOf(storeNowMs);
        const before = this.#replace(
          host,
          stored.map(each => moved(each, -aheadMs)),
        );
        for (const change of made) change();
        const decided = decide();
        stores = this.#allOf(host);
        const changed = stores.filter(each => !before.has(each));
        return { result: decided, changed: changed.map(each => moved(each, aheadMs)) };
      });
      unstored.splice(0, made.length);
      // What came while it was stored stands on top of that.
      this.#replace(host, stores);
      for (const change of unstored) change();
      return result;
    });
  }

  /** Makes a change at once, and has it known to all soon. @param change may be called more than once */
  later(host: string, change: () => void): void {
    change();
    if (!this.#shared()) return;
    this.#unstoredOf(host).push(change);
    // What cannot be stored now goes with the next.
    void this.#storeIfAny(host).catch(() => undefined);
  }

  /** Stores what is not stored yet, and reads what others know. @throws SluiceError `database_*` */
  async store(hosts: readonly string[]): Promise<void> {
    const known = this.all().map(({ host }) => host);
    for (const host of new Set([...hosts, ...known])) await this.decide(host, () => undefined);
  }

  async #storeIfAny(host: string): Promise<void> {
    await this.#turnsOf(host).idle();
    if (this.#unstoredOf(host).length > 0) await this.decide(host, () => undefined);
  }

  /** Has a host's budgets be these, and no others. */
  #replace(host: string, budgets: readonly StoredBudget[]): ReadonlySet<StoredBudget> {
    for (const known of this.#allOf(host)) this.#budgets.delete(idOf(known));
    for (const each of budgets) this.set(each);
    return new Set(budgets);
  }

  #allOf(host: string): readonly StoredBudget[] {
    return this.all().filter(each => each.host === host);
  }

  #unstoredOf(host: string): (() => void)[] {
    const unstored = this.#unstored.get(host) ?? [];
    this.#unstored.set(host, unstored);
    return unstored;
  }

  /** The store's clock less this machine's. */
  #aheadOf(storeNowMs: number): number {
    const aheadMs = storeNowMs - this.#clock.nowMs();
    return Math.abs(aheadMs) < SAME_CLOCK_MS ? 0 : aheadMs;
  }

  #turnsOf(host: string): Serializer {
    const turns = this.#turns.get(host) ?? new Serializer();
    this.#turns.set(host, turns);
    return turns;
  }
}

function moved(budget: StoredBudget, byMs: number): StoredBudget {
  return byMs === 0 ? budget : { ...budget, ...budgetMovedBy(budget, byMs) };
}

function idOf({
  host,
  credential,
  resource,
}: Pick<StoredBudget, 'host' | 'credential' | 'resource'>): string {
  return `${host}\n${credential}\n${resource}`;
}
