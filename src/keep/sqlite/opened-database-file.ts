import { type Stats, statSync } from 'node:fs';
import { SluiceError } from '../../base/errors.ts';

/** The file of a database that is open: SQLite goes on with it where it was deleted, and nobody would find it again. */
export class OpenedDatabaseFile {
  readonly #path: string;
  /** As it was opened; undefined for a database in memory. */
  readonly #opened: Stats | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#opened = statSync(path, { throwIfNoEntry: false });
  }

  /** May be called again. @throws SluiceError `database_missing` where it was deleted, or another lies in its place */
  check(): void {
    if (!this.#opened) return;
    const now = statSync(this.#path, { throwIfNoEntry: false });
    if (now && now.ino === this.#opened.ino && now.dev === this.#opened.dev) return;
    const what = now ? 'another file lies in its place' : 'it was deleted';
    throw new SluiceError(
      'database_missing',
      `the database ${this.#path} is not the one that was opened: ${what}`,
      {
        subject: this.#path,
      },
    );
  }
}
