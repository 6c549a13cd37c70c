import { asSluiceError } from '../base/errors.ts';
import {
  type FileAddress,
  type FileRecord,
  type FileState,
  goneChange,
  type RecordChange,
} from '../keep/local/journal.ts';
import type { SpoolContext } from './context.ts';

/** What came of the wish to delete a file that was not delivered. */
export type DeletionOutcome =
  | 'deleted'
  /** It is being sent this very moment, or has been and waits for its proof. */
  | 'under way'
  /** Delivery knows of none at that address. */
  | 'not there';

export interface UndeliveredFilesOptions {
  /** As it is when it is asked; throws `stopping` while delivery does not run. */
  readonly context: () => SpoolContext;
  /** Keeps a record from being tried; undefined while it is. @returns what ends that */
  readonly withhold: (id: number) => (() => void) | undefined;
}

/** Where a file may wait: for its turn, its next try, a place that is held, or a person. */
const WAITING: readonly FileState[] = ['incoming', 'processing', 'failed'];

/**
 * Files that give way before they are delivered, since nothing else can on a full disk. A file is withheld from
 * delivery, on record as lost, then deleted, in that order: whoever finds it gone finds its reason, too. Where the record
 * cannot be written, since the journal is on the very disk that is full, the file goes first and makes room for it.
 *
 *   waiting ──withheld──▶ on record as lost ──▶ deleted
 *                  ╲ the journal is full: deleted ──▶ on record as lost, at the latest with a later call
 */
export class UndeliveredFiles {
  readonly #options: UndeliveredFilesOptions;
  /** Deleted, withheld, and not on record yet. */
  readonly #unrecorded = new Map<number, { readonly state: FileState; readonly release: () => void }>();

  constructor(options: UndeliveredFilesOptions) {
    this.#options = options;
  }

  /** Deletes the file of that address. Throws disk_failed where that is refused; it waits as before then. */
  async delete(address: FileAddress): Promise<DeletionOutcome> {
    await this.#recordLeft();
    const { journal } = this.#options.context();
    const record = WAITING.map(state => journal.byAddress(address, state)).find(
      found => found && found.removedAtMs === null && found.source === null,
    );
    if (!record) return 'not there';
    // The store has acknowledged it: only its proof or its move is outstanding, and it is not lost.
    if (record.sentAtMs !== null) return 'under way';
    const release = this.#options.withhold(record.id);
    if (!release) return 'under way';
    try {
      const outcome = await this.#delete(record, release);
      if (!this.#unrecorded.has(record.id)) release();
      return outcome;
    } catch (error) {
      release();
      throw error;
    }
  }

  async #delete(record: FileRecord, release: () => void): Promise<DeletionOutcome> {
    const { spool, journal } = this.#options.context();
    const state = record.state as 'incoming' | 'processing' | 'failed';
    if (!spool.fileAt(state, record, record.location)) return 'not there';
    const isRecorded = await this.#record(record.id, state);
    // Its state has changed meanwhile: a person asked for another try, say.
    if (isRecorded === false) return 'under way';
    try {
      spool.remove(state, record, record.location);
    } catch (error) {
      if (isRecorded) await journal.change(record.id, asBefore(record));
      throw asSluiceError(error, { operation: 'delete', subject: record.filepath });
    }
    if (isRecorded === undefined && !(await this.#record(record.id, state))) {
      this.#unrecorded.set(record.id, { state, release });
    }
    return 'deleted';
  }

  /** @returns whether the record was in that state; undefined where the journal cannot be written */
  async #record(id: number, state: FileState): Promise<boolean | undefined> {
    const { journal, clock } = this.#options.context();
    try {
      return await journal.changeIf(id, state, lostChange(clock.nowMs()));
    } catch {
      return undefined;
    }
  }

  async #recordLeft(): Promise<void> {
    for (const [id, { state, release }] of this.#unrecorded) {
      if ((await this.#record(id, state)) === undefined) return;
      this.#unrecorded.delete(id);
      release();
    }
  }
}

/** What the record of a file says that gave way undelivered. Pure. */
export function lostChange(nowMs: number): RecordChange {
  const message = 'deleted before it was delivered, since the disk was full';
  return { ...goneChange(message, nowMs), errorCode: 'capture_lost' };
}

function asBefore(record: FileRecord): RecordChange {
  const { state, outcome, nextAttemptAtMs, hold, removedAtMs, errorCode, errorAnswer, errorMessage } = record;
  return { state, outcome, nextAttemptAtMs, hold, removedAtMs, errorCode, errorAnswer, errorMessage };
}
