import { SluiceError } from '../../base/errors.ts';
import { StoreChange } from '../store/change.ts';

/** A change as statements on the one connection, run inside somebody's transaction. */
export class SqliteChange extends StoreChange {
  readonly dialect = 'sqlite';
  readonly #apply: () => void;

  constructor(apply: () => void) {
    super();
    this.#apply = apply;
  }

  apply(): void {
    this.#apply();
  }
}

/** Applies a change of this store, within a transaction; none is no change. Throws `internal` for another store's. */
export function applyChange(change: StoreChange | undefined): void {
  if (change === undefined) return;
  if (!(change instanceof SqliteChange)) throw new SluiceError('internal', 'a change of another store');
  change.apply();
}
