import type { Clock } from '../../base/clock.ts';
import { asSluiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { keyFault } from '../../keep/buckets/names.ts';
import type { FileRecord, Journal } from '../../keep/local/journal.ts';
import type { FolderSettings } from '../settings.ts';
import { creationDateOf, identityOf, regularFile, sameIdentity } from '../spool/spool.ts';

export interface FoldersOptions {
  readonly folders: readonly FolderSettings[];
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
  readonly emptyFiles: () => 'wait' | 'upload';
  /** A file could not be entered: it is to be reported again. */
  readonly onNotEntered: (path: string) => void;
  readonly onEntered: (record: FileRecord) => void;
}

/**
 * Folders that are delivered from where they lie (V4). A file is ready once it has not been modified for `settle`; until then
 * its record's next try is the time at which it would be. An unchanged file that was delivered is not sent again: its newest
 * record says so, across restarts. An empty file waits as one in incoming does (V3).
 */
export class Folders {
  readonly #options: FoldersOptions;
  readonly #entering = new Set<Promise<void>>();
  readonly #told = new Set<string>();

  constructor(options: FoldersOptions) {
    this.#options = options;
  }

  get roots(): string[] {
    return this.#options.folders.map(({ path }) => path);
  }

  /** Which arrivals lie in these folders. */
  divide<T extends { readonly path: string }>(arrivals: readonly T[]): { ours: T[]; others: readonly T[] } {
    if (this.#options.folders.length === 0) return { ours: [], others: arrivals };
    const ours = arrivals.filter(({ path }) => this.#folderOf(path));
    return { ours, others: arrivals.filter(({ path }) => !this.#folderOf(path)) };
  }

  take(arrivals: readonly { readonly path: string }[]): void {
    for (const { path } of arrivals) this.#enter(path);
  }

  async settle(): Promise<void> {
    while (this.#entering.size > 0) await Promise.all(this.#entering);
  }

  #folderOf(path: string): FolderSettings | undefined {
    return this.#options.folders.find(folder => path.startsWith(`${folder.path}/`));
  }

  #enter(path: string): void {
    const { journal, clock, log, emptyFiles, onEntered, onNotEntered } = this.#options;
    const folder = this.#folderOf(path);
    const stats = regularFile(path);
    if (!folder || !stats) return;
    const filepath = path.slice(folder.path.length + 1);
    const objectKey = [folder.prefix.replace(/^\/+|\/+$/g, ''), filepath].filter(Boolean).join('/');
    const fault = keyFault(objectKey);
    if (fault !== undefined) {
      if (!this.#told.has(path)) log.warn({ path }, `${path} cannot be an object key: ${fault}; rename it`);
      this.#told.add(path);
      return;
    }
    const identity = identityOf(stats);
    const known = journal.bySource(path);
    if (known && sameIdentity(known, identity)) {
      if (known.state === 'incoming') onEntered(known);
      return;
    }
    const isWaiting = stats.size === 0 && emptyFiles() === 'wait';
    const settledAtMs = Math.max(clock.nowMs(), Math.ceil(stats.mtimeMs + folder.settleMs));
    const address = { profile: folder.profile, bucket: folder.bucket, filepath };
    const entering = this.#record(known, {
      ...address,
      objectKey,
      identity,
      nextAttemptAtMs: isWaiting ? null : settledAtMs,
      hold: isWaiting ? 'empty' : null,
      source: path,
      fileCreationDate: creationDateOf(stats),
    })
      .then(record => record && onEntered(record))
      .catch(error => {
        const { message: reason } = asSluiceError(error);
        log.error({ path, reason }, `could not enter ${path} into the journal, tried again soon: ${reason}`);
        onNotEntered(path);
      })
      .then(() => void this.#entering.delete(entering));
    this.#entering.add(entering);
  }

  async #record(
    known: FileRecord | undefined,
    file: Pick<FileRecord, 'profile' | 'bucket' | 'filepath' | 'fileCreationDate'> & {
      readonly objectKey: string;
      readonly identity: Pick<FileRecord, 'size' | 'mtimeMs' | 'inode'>;
      readonly nextAttemptAtMs: number | null;
      readonly hold: 'empty' | null;
      readonly source: string;
    },
  ): Promise<FileRecord | undefined> {
    const { journal } = this.#options;
    const { identity, ...entering } = file;
    if (known?.state === 'incoming') {
      await journal.change(known.id, {
        ...identity,
        nextAttemptAtMs: file.nextAttemptAtMs,
        hold: file.hold,
      });
      return journal.byId(known.id);
    }
    // Key and all in one change: from then on the dispatcher may take it.
    return journal.enter({ ...entering, ...identity, state: 'incoming' });
  }
}
