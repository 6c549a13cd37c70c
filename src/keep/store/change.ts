/**
 * A change of the store that is described and not made yet, so that it can be committed together with a change
 * of the schedule (`Work.putAll`, `Work.complete`): both happen or neither does. Made of rows only: it may be
 * applied more than once, never throws for what is wrong with itself, and is no use to another store than the
 * one that described it.
 */
export abstract class StoreChange {
  abstract readonly dialect: 'sqlite' | 'postgres';
}
