import { close, constants, fsync, open } from 'node:fs';
import { type Clock, systemClock } from '../../base/clock.ts';

/** Two batches begin at least so far apart. */
const BATCH_EVERY_MS = 10;
/** The same after a batch for many: each flushes the same few directories, and costs more than all else about a rename. */
const BUSY_BATCH_EVERY_MS = 50;
const MANY_CALLERS = 16;
/**
 * Of one batch: one fewer than the threads that Node has for such calls by default. With hundreds of directories in a
 * batch all other calls, the journal's flush among them, would wait behind them.
 */
const FLUSHED_AT_ONCE = 3;

interface Batch {
  callers: number;
  readonly directories: Set<string>;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Makes renames durable: flushes directories, many callers sharing one flush each. Batches go one after the other;
 * what is asked for while one runs goes into the next, since its rename may have come too late for this one. The first
 * batch begins at once; further ones keep a distance, since each has the file system write its journal, for which
 * renames have to wait. The more callers, the greater the distance.
 */
export class DirectorySync {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly #flushOne: (directory: string) => Promise<void>;
  #next: Batch | undefined;
  #running = false;

  /** @param flushOne brings one directory's entries onto the disk */
  constructor(
    clock: Pick<Clock, 'monotonicMs' | 'sleep'> = systemClock,
    flushOne: (directory: string) => Promise<void> = flush,
  ) {
    this.#clock = clock;
    this.#flushOne = flushOne;
  }

  /** Resolves when the entries of these directories, as they are now, are on the disk. */
  sync(directories: readonly string[]): Promise<void> {
    this.#next ??= { callers: 0, directories: new Set(), done: Promise.withResolvers() };
    this.#next.callers += 1;
    for (const directory of directories) this.#next.directories.add(directory);
    const { promise } = this.#next.done;
    if (!this.#running) {
      this.#running = true;
      // A turn of the event loop's room, so that callers of one turn share the first batch, too.
      setImmediate(() => void this.#runBatches());
    }
    return promise;
  }

  async #runBatches(): Promise<void> {
    for (let batch = this.#next; batch; batch = this.#next) {
      const startMs = this.#clock.monotonicMs();
      this.#next = undefined;
      try {
        await this.#flushAll(batch.directories);
        batch.done.resolve();
      } catch (error) {
        batch.done.reject(error);
      }
      const everyMs = batch.callers >= MANY_CALLERS ? BUSY_BATCH_EVERY_MS : BATCH_EVERY_MS;
      const restMs = everyMs - (this.#clock.monotonicMs() - startMs);
      if (restMs > 0) await this.#clock.sleep(restMs);
    }
    this.#running = false;
  }

  async #flushAll(directories: ReadonlySet<string>): Promise<void> {
    const left = directories.values();
    const flushSome = async (): Promise<void> => {
      for (const directory of left) await this.#flushOne(directory);
    };
    await Promise.all(Array.from({ length: FLUSHED_AT_ONCE }, flushSome));
  }
}

/** What was put in a directory's place must not block: a pipe would, until somebody writes to it. */
const DIRECTORY_ONLY = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Through the callback API: a promise and a handle for each step cost more than the steps. */
function flush(directory: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error: NodeJS.ErrnoException | null): void => {
      // A directory that is gone has been emptied since; some file systems cannot flush one and say EINVAL.
      if (error && !['ENOENT', 'ENOTDIR', 'EINVAL', 'ENOTSUP'].includes(error.code ?? '')) reject(error);
      else resolve();
    };
    open(directory, DIRECTORY_ONLY, (openError, descriptor) => {
      if (openError) return settle(openError);
      fsync(descriptor, syncError => close(descriptor, closeError => settle(syncError ?? closeError)));
    });
  });
}
