import type { StoredBudget } from './changesets.ts';

/**
 * What all stations that share a store may ask of hosts together: slots for calls, and budgets. Times are on the clock of
 * the store. Methods may fail with `database_*`, having changed nothing.
 */
export interface SharedCalls {
  /**
   * Changes what is known of a host's budgets, while no other station reads or changes it.
   * @param change is given them with the time of the store; may be called more than once; answers those to store
   */
  changeBudgets<T>(
    host: string,
    change: (budgets: readonly StoredBudget[], nowMs: number) => BudgetChange<T>,
  ): Promise<T>;

  /**
   * Takes a slot for a call, of which a host has `limit` over all stations. Undefined: there is none now. It is somebody
   * else's `leaseMs` later, unless it is renewed until then.
   */
  takeSlot(host: string, limit: number, leaseMs: number): Promise<CallSlot | undefined>;

  /** Keeps slots for another lease. @returns those that are kept; the others were lost before */
  renewSlots(slots: readonly CallSlot[], leaseMs: number): Promise<readonly CallSlot[]>;

  /** Gives a slot back. May be repeated. */
  leaveSlot(room: CallSlot): Promise<void>;
}

export interface BudgetChange<T> {
  readonly result: T;
  /** Rows of this host that are new or another now; the rest stays. */
  readonly changed: readonly StoredBudget[];
}

/** A slot for one call to a host. */
export interface CallSlot {
  readonly host: string;
  /** Which of the host's, from 1. */
  readonly number: number;
  /** Tells this taking of it from every other. */
  readonly token: string;
}
