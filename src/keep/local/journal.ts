import type { ErrorCode, FailureAnswer } from '../../base/errors.ts';
import type { HookQueue } from './hooks.ts';
import type { RecordOrder, RecordPlace } from './record-order.ts';

/** Where a file is; the names of the spool's areas. */
export type FileState = 'incoming_tmp' | 'incoming' | 'processing' | 'completed' | 'failed';
export const FILE_STATES: readonly FileState[] = [
  'incoming_tmp',
  'incoming',
  'processing',
  'completed',
  'failed',
];

/** What lists of records take for a state: one of them, or `waiting` for all that are on their way. */
export const LISTED_STATES = [...FILE_STATES, 'waiting'] as const;

/** The states that one of `LISTED_STATES` stands for. Pure. */
export function statesOf(listed: (typeof LISTED_STATES)[number]): readonly FileState[] {
  return listed === 'waiting' ? ['incoming', 'processing'] : [listed];
}

export type UploadOutcome = 'success' | 'failure';

/**
 * Why a file waits for something other than time: it has no content yet (`empty`), its bucket does not exist (`bucket`)
 * or takes nothing now (`bucket_held`), the folder that it lies in cannot be read now (`folder_held`).
 */
export type FileHold = 'empty' | 'bucket' | 'bucket_held' | 'folder_held';

/** `profile`, `bucket` and the path below the bucket's folder. */
export interface FileAddress {
  readonly profile: string;
  readonly bucket: string;
  readonly filepath: string;
}

/** What distinguishes one content of a file from another without reading it. */
export interface FileIdentity {
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: number;
}

/**
 * One row of `file_records`; see its migration for the columns. Times ending in `Ms` are milliseconds since the epoch.
 */
export interface FileRecord extends FileAddress, FileIdentity {
  readonly id: number;
  /** ISO 8601. */
  readonly fileCreationDate: string;
  readonly state: FileState;
  readonly lastUpdated: string;
  readonly outcome: UploadOutcome | null;
  readonly location: string | null;
  readonly source: string | null;
  readonly objectKey: string | null;
  readonly attempts: number;
  readonly failures: number;
  readonly nextAttemptAtMs: number | null;
  readonly hold: FileHold | null;
  readonly errorCode: ErrorCode | null;
  readonly errorAnswer: FailureAnswer | null;
  readonly errorMessage: string | null;
  readonly etag: string | null;
  readonly crc32: string | null;
  readonly verified: 'checksum' | 'size' | 'none' | null;
  /** In which way it was sent that is not the profile's own, in words (PutResult.departure); null: nothing was left. */
  readonly departure: string | null;
  /**
   * When the object store acknowledged this very content; null: it has not, or the file has ended. What is outstanding is
   * the proof (`verified` null) or the local move. A change of the file's identity that says nothing of it takes it back.
   */
  readonly sentAtMs: number | null;
  /** Of a file that was refused for the key's sake, or waits with its profile: the mark of the credentials that it was. */
  readonly keyMark: string | null;
  /** When the file's inode last changed, as it was seen; null where that was not kept. */
  readonly ctimeMs: number | null;
  /** Put there whole by `sluice copy`: an empty one has all the content that it will have. */
  readonly copied: boolean;
  /** Not to be sent where its bucket holds it already. */
  readonly adopts: boolean;
  readonly completedAtMs: number | null;
  readonly removedAtMs: number | null;
  /** When it came into view; null for a record from before that was kept. */
  readonly enteredAtMs: number | null;
  /** Of a failed file: when somebody gave it up for good. It is no longer counted among those that failed. */
  readonly droppedAtMs: number | null;
}

/** An object of a bucket, and the files of the spool and of folders that would become it. */
export interface ObjectNames {
  readonly key: string;
  /** Their paths, as records have them. */
  readonly filepaths: readonly string[];
  /** What stands before the path of a file of the spool in its key. */
  readonly spoolPrefix: string;
}

/** A file that comes into view. */
export interface EnteringFile extends FileAddress, FileIdentity {
  readonly state: 'incoming_tmp' | 'incoming' | 'processing' | 'completed' | 'failed';
  readonly fileCreationDate: string;
  readonly nextAttemptAtMs: number | null;
  readonly hold: FileHold | null;
  /** Where it lies, for a file outside the spool. */
  readonly source?: string;
  /** The object's key, where it is not to be made from `filepath`. */
  readonly objectKey?: string;
  /** When its inode last changed, where that is to be kept. */
  readonly ctimeMs?: number;
  /** The record of the same file under the name that it had while it waited. */
  readonly movedFrom?: number;
  /** As `movedFrom`, of one that was being tried: only where it was found missing by then. */
  readonly movedFromMissing?: number;
  /** Announced by `sluice copy`, which puts it there whole. */
  readonly copied?: boolean;
  /** It is not to be sent where its bucket holds it already; of the announcement. */
  readonly adopts?: boolean;
}

/** Columns to change; those not given stay. */
export type RecordChange = Partial<
  Omit<
    FileRecord,
    | 'id'
    | 'profile'
    | 'bucket'
    | 'filepath'
    | 'lastUpdated'
    | 'attempts'
    | 'copied'
    | 'adopts'
    | 'enteredAtMs'
  >
>;

export interface Attempt {
  readonly number: number;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly outcome: UploadOutcome;
  readonly errorAnswer: FailureAnswer | null;
  readonly errorCode: ErrorCode | null;
  readonly errorMessage: string | null;
}

/** A part that the object store holds; the same shape as the bucket contract's. */
export interface PartRecord {
  readonly partNumber: number;
  readonly etag: string;
  readonly size: number;
  readonly crc32?: string;
}

/** An upload in parts as far as it got, for the file with that identity. */
export interface UnfinishedUpload extends FileIdentity {
  readonly recordId: number;
  readonly upload: { readonly bucket: string; readonly key: string; readonly uploadId: string };
  readonly partBytes: number;
  readonly startedAtMs: number;
  readonly parts: readonly PartRecord[];
}

export interface RecordFilter {
  readonly states?: readonly FileState[];
  readonly profile?: string;
  readonly bucket?: string;
  /** Somewhere in `profile/bucket/path`, without regard to case (ASCII). */
  readonly text?: string;
  readonly errorCode?: string;
  /** Newest first unless given. */
  readonly order?: RecordOrder;
  /** From the order's other end. */
  readonly reverse?: boolean;
  /** Only what comes after this place in the order: that of the page before's last record. */
  readonly after?: RecordPlace;
  /** Leaves out so many of the first. */
  readonly offset?: number;
  /** Leaves out records whose file is gone. */
  readonly present?: boolean;
  /** At most this many; 100 by default. */
  readonly limit?: number;
}

/** Files that are in trouble for the same reason. */
export interface FileTrouble {
  /** `processing`: to be tried again, wherever it lies. */
  readonly state: 'failed' | 'processing';
  /** May be of another version's catalogue. */
  readonly errorCode: string;
  readonly count: number;
  /** What was said of the one that changed last. */
  readonly example: string;
  /** When that was; ISO 8601. */
  readonly lastUpdated: string;
}

/** Files that have not arrived, by what their records say; each of them is in one of these. */
export interface UnsettledFiles {
  readonly state: 'incoming_tmp' | 'incoming' | 'processing' | 'failed';
  readonly profile: string;
  readonly bucket: string;
  readonly hold: FileHold | null;
  /** May be of another version's catalogue. */
  readonly errorCode: string | null;
  /** When the next try is: its time has come, and for long, or will come, or it waits for no time. */
  readonly next: 'late' | 'due' | 'later' | 'never';
  /** The file is no longer there. */
  readonly isGone: boolean;
  readonly files: number;
  readonly bytes: number;
  /** Of the one that is in this for longest: when it failed, or else when it came into view. */
  readonly sinceMs: number;
  /** Of the same one. */
  readonly example: {
    readonly filepath: string;
    readonly source: string | null;
    readonly message: string | null;
  };
}

/** Files of a bucket that are on their way: in incoming or processing. */
export interface WaitingFiles {
  readonly profile: string;
  readonly bucket: string;
  readonly files: number;
  readonly bytes: number;
}

/** What files wait for together, with the words of one of them. */
export interface HeldFiles {
  readonly hold: FileHold;
  readonly profile: string;
  readonly bucket: string;
  /** Of one of them; null for a file in the spool. */
  readonly source: string | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly files: number;
}

/** Which of the held files go: those of a bucket, or those that lie below a folder. */
export type Released = { readonly profile: string; readonly bucket: string } | { readonly below: string };

/** Records by state; failed ones that were dropped do not count. */
export type StateCounts = Readonly<Record<FileState, number>> & {
  /** Of those in incoming or processing: waiting for a later try or for something to happen. */
  readonly waiting: number;
};

/**
 * The journal of delivery. Changes are put into groups and are on the disk when their promise resolves; they are
 * applied in the order in which they were asked for, so a caller that needs no certainty yet may go on before. Reads
 * see what has been applied. Any method may throw `database_busy`, `database_invalid`, `disk_full`, `disk_failed`.
 */
export interface Journal {
  /** Commands that are to be run after deliveries. */
  readonly hooks: HookQueue;

  /**
   * The record of a file that comes into view. One that is still in the state given, at the same address, is used again
   * and brought up to date; an `incoming` file also takes over the record with which a copy announced it
   * (`incoming_tmp`), and one that was renamed that of its old name (`movedFrom`). Otherwise a new record begins.
   */
  enter(file: EnteringFile): Promise<FileRecord>;
  /** Changes a record; one that is not there is no error. */
  change(id: number, change: RecordChange): Promise<void>;
  /** As `change`, but only while the record is in `state`. @returns whether it was */
  changeIf(id: number, state: FileState, change: RecordChange): Promise<boolean>;
  /**
   * As `changeIf`, of a record whose file is not there, but only while it is in the state and under the name that it had.
   * Where the very file was entered again under another name, before that could be known, this record goes instead; one
   * that was tried is superseded.
   * @returns whether it was changed
   */
  changeUnmoved(record: FileRecord, change: RecordChange): Promise<boolean>;
  /** Takes back what a copy announced (`incoming_tmp`) and never made whole. @returns whether it was in that state */
  withdraw(id: number): Promise<boolean>;
  /** Adds an attempt, numbered by the journal, and changes the record, together. @returns the attempt's number */
  recordAttempt(id: number, attempt: Omit<Attempt, 'number'>, change: RecordChange): Promise<number>;

  /** A record turned out to be of the content that another one has delivered: it goes, and the other one is changed. */
  merge(id: number, intoId: number, change: RecordChange): Promise<void>;

  byId(id: number): FileRecord | undefined;
  /** The record at an address that is in that state; the newest where there are several. */
  byAddress(address: FileAddress, state: FileState): FileRecord | undefined;
  /**
   * The record of the file of that identity, in the spool or outside it, that waits in `incoming` or was found missing:
   * under whichever name. The newest where there are several.
   */
  byIdentity(identity: FileIdentity, place: 'spool' | 'folder'): FileRecord | undefined;
  /** Of the file outside the spool that a record is of: the newest record before it that says it was delivered. */
  deliveredBefore(record: Pick<FileRecord, 'id' | 'source'>): FileRecord | undefined;
  /**
   * The newest record of another file that came later, of the same path from the same place or for the same object: under
   * way, delivered, or failed and still there.
   */
  newerThan(record: FileRecord, names: ObjectNames): FileRecord | undefined;
  /** Those that came earlier for the same object, or of the same path from the same place, and have not ended; oldest first. */
  olderUnderWay(record: FileRecord, names: ObjectNames): FileRecord[];
  /** The newest record of a file outside the spool. */
  bySource(path: string): FileRecord | undefined;
  /**
   * Those whose time has come, longest due first.
   * @param except ids of records that are left out
   */
  due(profile: string, nowMs: number, limit: number, except?: readonly number[]): FileRecord[];
  /** The earliest time at which a record of the profile is due, after `afterMs`. */
  nextDueMs(profile: string, afterMs: number): number | undefined;
  list(filter: RecordFilter): FileRecord[];
  /** How many `list` would answer without `after`, `offset` and `limit`. */
  count(filter: RecordFilter): number;
  attempts(id: number): Attempt[];
  counts(): StateCounts;
  /** When the file came into view that has been on its way for longest; undefined where none is. */
  oldestWaitingMs(): number | undefined;
  /**
   * Files that failed, or are to be tried again after a failure, by state and error; those that are gone do not count.
   */
  troubles(): FileTrouble[];
  /**
   * All that has not arrived and was not dropped, by what the records say. Looks at every one of them.
   * @param lateMs who is due for longer than this is `late`
   */
  unsettled(lateMs: number): UnsettledFiles[];
  /** Every record in a state, in pages, oldest first. */
  inState(state: FileState, afterId: number, limit: number): FileRecord[];
  /** Completed files still in the spool whose delivery is proven, delivered longest ago first. */
  retained(limit: number): FileRecord[];
  /** Bytes and number of those. */
  retainedTotals(): { readonly files: number; readonly bytes: number };
  /** Files that wait for something other than time, by what it is. */
  holdCounts(): Readonly<Record<FileHold, number>>;
  /** Buckets that held files wait for. */
  missingBuckets(): { readonly profile: string; readonly bucket: string }[];
  /** Held files by what they wait for, bucket by bucket. */
  heldFiles(): HeldFiles[];
  /** Lets everything go that is held so: due at `nowMs`. @returns how many */
  release(hold: FileHold, which: Released, nowMs: number): Promise<number>;
  /** Paths that something was mounted at, as noted. */
  mounts(): string[];
  /** Something is mounted there. */
  noteMount(path: string): Promise<void>;
  /** Nothing is to be mounted there any more. */
  forgetMount(path: string): Promise<void>;
  /** Files on their way, bucket by bucket. */
  waitingFiles(): WaitingFiles[];
  /** Files on their way that lie below a folder outside the spool. */
  waitingBelow(folder: string): number;
  /**
   * The smallest file on its way to a bucket, or to any bucket of the profile, that has content; the oldest of several.
   * @param except not these
   */
  smallestWaiting(
    where: { readonly profile: string; readonly bucket?: string },
    except: readonly number[],
  ): FileRecord | undefined;
  /** Failed files still there that were refused for the sake of another key than the one of that mark. */
  failedForKey(profile: string, codes: readonly ErrorCode[], keyMark: string): FileRecord[];
  /** The file that waited last for the profile's sake, with the key of that mark; undefined where none does. */
  waitingForKey(profile: string, keyMark: string): FileRecord | undefined;
  /** Files whose delivery nothing has proven: delivered and still there, or acknowledged only. */
  unproven(): { readonly files: number; readonly bytes: number };
  /** Brings later tries of a profile forward to `nowMs`. @returns how many */
  makeDueNow(profile: string, nowMs: number): Promise<number>;
  /**
   * Has what is due in `processing` come before all that waits in `incoming`, profile by profile, as at a start.
   * @returns how many times were brought forward
   */
  putProcessingFirst(nowMs: number): Promise<number>;

  /**
   * The clock was set back: a record changed in what is now the future waits from `nowMs` on for as long as it was to
   * wait then.
   * @returns how many waiting records were
   */
  rewind(nowMs: number): Promise<number>;

  saveUpload(upload: Omit<UnfinishedUpload, 'parts'>): Promise<void>;
  savePart(recordId: number, part: PartRecord): Promise<void>;
  upload(recordId: number): UnfinishedUpload | undefined;
  /** Uploads whose record has ended: to be aborted at the store, then dropped. */
  abandonedUploads(): UnfinishedUpload[];
  dropUpload(recordId: number): Promise<void>;

  /** Whether the file is still the one that was opened. Throws database_missing. */
  check(): void;
  /** As `check`, and writes something. Throws what any change throws. */
  probe(): Promise<void>;
  /** Writes what is outstanding and closes; may be called again. */
  close(): Promise<void>;
}

/** Whether it is on record that the store has the very content: a file without that is never removed. Pure. */
export function hasProof({ verified }: Pick<FileRecord, 'verified'>): boolean {
  return verified === 'checksum' || verified === 'size';
}

/**
 * What a record says whose file is no longer there and was not delivered. Pure. @param errorMessage why it is not, in
 * words
 */
export function goneChange(errorMessage: string, nowMs: number): RecordChange {
  return {
    state: 'failed',
    outcome: 'failure',
    nextAttemptAtMs: null,
    hold: null,
    sentAtMs: null,
    errorCode: 'source_missing',
    errorAnswer: 'give-up',
    errorMessage,
    removedAtMs: nowMs,
  };
}
