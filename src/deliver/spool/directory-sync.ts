import { open } from 'node:fs/promises';

interface Round {
  readonly directories: Set<string>;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Makes renames durable: flushes directories, many callers sharing one flush each. Rounds go one after the other;
 * what is asked for while one runs goes into the next, since its rename may have come too late for this one.
 */
export class DirectorySync {
  #next: Round | undefined;
  #running = false;

  /** Resolves when the entries of these directories, as they are now, are on the disk. */
  sync(...directories: readonly string[]): Promise<void> {
    this.#next ??= { directories: new Set(), done: Promise.withResolvers() };
    for (const directory of directories) this.#next.directories.add(directory);
    const { promise } = this.#next.done;
    if (!this.#running) {
      this.#running = true;
      // A turn of the event loop's room, so that callers of one turn share the first round, too.
      setImmediate(() => void this.#rounds());
    }
    return promise;
  }

  async #rounds(): Promise<void> {
    for (let round = this.#next; round; round = this.#next) {
      this.#next = undefined;
      try {
        await Promise.all([...round.directories].map(flush));
        round.done.resolve();
      } catch (error) {
        round.done.reject(error);
      }
    }
    this.#running = false;
  }
}

async function flush(directory: string): Promise<void> {
  try {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    // A directory that is gone has been emptied since; some file systems cannot flush one and say EINVAL.
    if (!['ENOENT', 'EINVAL', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
