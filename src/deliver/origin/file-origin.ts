import type { Stats } from 'node:fs';
import type { OpenedFile } from '../../base/files/opened-file.ts';
import type { FileRecord } from '../../keep/local/journal.ts';
import type { DeliveryOutcome } from '../attempt/outcome.ts';
import type { DeliveryContext } from '../context.ts';
import type { Destination } from '../destinations.ts';
import type { ReadContent } from '../spool/files.ts';
import type { MoveResult, RestingPlace, Spool } from '../spool/spool.ts';

/**
 * Where a file comes from, and so what is done with it: one that was put into the spool moves from area to area
 * (spooled-file.ts), one of a folder is delivered from where it lies (folder-file.ts). All that differs between the two
 * stands here; nobody else asks which one it is. Origins hold no state.
 *
 *   enter ──▶ begin ──▶ (sent from `path`) ──▶ complete
 *               ▲                        ╲
 *               └──────── retry ◀──────── fail ──▶ drop
 */
export interface FileOrigin {
  /** Puts the file that has arrived at `path` on record, or refuses it; nothing where there is no regular file. */
  enter(context: DeliveryContext, path: string): EntryResult;
  /** Makes a file in `incoming` ready to be sent, unless it must wait there; writes down what it waits for. */
  begin(
    context: DeliveryContext,
    destination: Destination,
    record: FileRecord,
    signal: AbortSignal,
  ): Promise<BegunAttempt | BeginFailure | Refusal>;
  /** Where the file lay when it arrived. */
  entryPath(spool: Spool, record: FileRecord): string;
  /** Where the file lies once `begin` is done. */
  path(spool: Spool, record: FileRecord): string;
  /** Opens the file that lies there; undefined where there is none, or something else than a regular file. */
  open(context: DeliveryContext, record: FileRecord): OpenedFile | undefined;
  /** The newest record before it of a file of the same name that was delivered, where its content may be the same. */
  deliveredBefore(context: DeliveryContext, record: FileRecord): FileRecord | undefined;
  /** The object's key, where it is not made of the record's path and the destination's prefix. */
  objectKey(record: FileRecord): string | undefined;
  /**
   * Whether `complete` leaves nothing at `path` that a record without its last row could be told from: that it was
   * delivered must be on record before.
   */
  leavesOnlyRecord(context: DeliveryContext, record: FileRecord, isProven: boolean): boolean;
  /**
   * Takes the file where delivered files go, as long as it is what was delivered; resolves when that is on the disk.
   * @param isProven whether it is known that the store has this very content: without that nothing is deleted
   * @returns `changed` where it is left, since it is not what was delivered, or may not be
   */
  complete(
    context: DeliveryContext,
    record: FileRecord,
    delivered: ReadContent,
    isProven: boolean,
  ): Promise<RestingPlace | 'changed' | undefined>;
  /** Takes the file where failed files go; resolves when that is on the disk. */
  fail(context: DeliveryContext, record: FileRecord): Promise<RestingPlace | undefined>;
  /**
   * What is known of a file that an attempt did not find, its record put right.
   * @returns the attempt's outcome; undefined when the file is nowhere
   */
  findAgain(context: DeliveryContext, record: FileRecord): Promise<DeliveryOutcome | undefined>;
  /** The state in which a failed file begins anew. */
  readonly retryState: 'incoming' | 'processing';
  /** Takes a failed file back to where tries begin. */
  retry(spool: Spool, record: FileRecord): MoveResult;
  /** Removes a failed file from the spool. */
  drop(spool: Spool, record: FileRecord): void;
  /** Whether the file of a record in `incoming` is still there, or under way. */
  isPresent(context: DeliveryContext, record: FileRecord): boolean;
  /**
   * The folder, or what is mounted within it, that the file lies in and that is not there as a whole: that says nothing
   * of the file. Undefined where that is not so.
   */
  folderAway(context: DeliveryContext, record: FileRecord): string | undefined;
  /** Whether a crash may have left the file elsewhere than its record says. */
  isAstray(spool: Spool, record: FileRecord): boolean;
  /** The delivered file, where the spool still has it. */
  completedFile(spool: Spool, record: FileRecord): Stats | undefined;
}

/** Being written to the journal, on record as it is, refused, or (undefined) delivered already or not there. */
export type EntryResult = Promise<FileRecord | undefined> | FileRecord | Refusal | undefined;

/** Why a file cannot be delivered as it lies; follows its path in a sentence. */
export interface Refusal {
  readonly fault: string;
  /** Whether it may be mended without the file's changing: it is looked at again with each sweep. */
  readonly isPassing?: boolean;
}

/** An attempt that has begun. */
export interface BegunAttempt {
  /** The file, open: it was looked at and moved as this very one. */
  readonly file: OpenedFile;
  /** Settled when the record says that the attempt has begun; awaited together with the outcome. */
  readonly onRecord?: Promise<void>;
}

/** Why an attempt did not begin: as the outcomes of these names; `gone` is still to be confirmed by `findAgain`. */
export type BeginFailure = Extract<DeliveryOutcome, 'waiting' | 'blocked' | 'gone' | 'unchanged'>;
