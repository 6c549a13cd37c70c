import type { Clock } from '../../base/clock.ts';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { FileRecord, Journal } from '../../keep/local/journal.ts';
import { addressOf } from '../spool/address.ts';
import { creationDateOf, identityOf, regularFile, type Spool } from '../spool/spool.ts';

/** Files being entered at once; a batch that would go beyond is refused and comes again with a later sweep. */
const MAX_ENTERING = 20_000;
/** Paths whose fault was told; beyond that some are told again. */
const MAX_TOLD = 10_000;

export interface ArrivalsOptions {
  readonly spool: Spool;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
  readonly knows: (profile: string) => boolean;
  readonly emptyFiles: () => 'wait' | 'upload';
  /** A file could not be entered: it is to be reported again. */
  readonly onNotEntered: (path: string) => void;
  /** The record of a file that may be due. */
  readonly onEntered: (record: FileRecord) => void;
}

/** Turns what the watch reports under `incoming` into records. */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #told = new Set<string>();
  readonly #entering = new Set<Promise<void>>();
  #refused = 0;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  /** Files that lie in incoming and cannot be delivered as they are, told since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Throws when there are too many at once: the watch reports them again later. */
  take(arrivals: readonly { readonly path: string }[]): void {
    if (this.#entering.size + arrivals.length > MAX_ENTERING && this.#entering.size > 0) {
      throw new SluiceError('slow_down', `${this.#entering.size} files are being entered already`);
    }
    for (const { path } of arrivals) this.#enter(path);
  }

  /** Tells once that something is skipped (V5). */
  tell(path: string, message: string): void {
    if (this.#told.has(path)) return;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.add(path);
    this.#refused += 1;
    this.#options.log.warn({ path }, `${path} ${message}`);
  }

  /** Resolves when all that was taken is entered. */
  async settle(): Promise<void> {
    while (this.#entering.size > 0) await Promise.all(this.#entering);
  }

  #enter(path: string): void {
    const { spool, journal, clock, log, knows, emptyFiles, onEntered, onNotEntered } = this.#options;
    const stats = regularFile(path);
    // Taken meanwhile, by us or by somebody else.
    if (!stats) return;
    const address = addressOf(path.slice(spool.areaPath('incoming').length + 1), knows);
    if ('fault' in address) {
      this.tell(path, address.fault);
      return;
    }
    const isWaiting = stats.size === 0 && emptyFiles() === 'wait';
    const entering = journal
      .enter({
        ...address,
        ...identityOf(stats),
        state: 'incoming',
        fileCreationDate: creationDateOf(stats),
        nextAttemptAtMs: isWaiting ? null : clock.nowMs(),
        hold: isWaiting ? 'empty' : null,
      })
      .then(
        record => {
          const { profile, bucket, filepath } = address;
          log.debug({ profile, bucket, path: filepath, record: record.id, bytes: stats.size }, 'found');
          onEntered(record);
        },
        error => {
          const { message: reason } = asSluiceError(error);
          log.error(
            { path, reason },
            `could not enter ${path} into the journal, tried again soon: ${reason}`,
          );
          onNotEntered(path);
        },
      )
      .finally(() => this.#entering.delete(entering));
    this.#entering.add(entering);
  }
}
