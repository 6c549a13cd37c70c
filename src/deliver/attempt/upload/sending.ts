import type { OpenedFile } from '../../../base/files/opened-file.ts';
import type { ObjectStore, Pace } from '../../../keep/buckets/bucket.ts';
import type { FileIdentity, FileRecord } from '../../../keep/local/journal.ts';
import type { DeliverySettings } from '../../settings.ts';

/** One file on its way to one object. */
export interface Sending extends Asking {
  /** The file, opened a moment ago: what is sent is read from it, whatever becomes of its name. */
  readonly file: OpenedFile;
  /** Object key where it is not the record's path below the destination's prefix. */
  readonly key?: string;
  /** What bounds how fast it goes. */
  readonly pace?: Pace | undefined;
  /** Called with each number of bytes that is on its way. */
  readonly onProgress: (bytes: number) => void;
}

/** What an attempt has from the queue that it is its turn in. */
export interface Turn {
  /** Cuts it off. */
  readonly signal: AbortSignal;
  /** Called when the file is sent and its proof waits for others: another may be sent meanwhile. May be called again. */
  readonly onWait: () => void;
}

/** Whom to ask for an object that was sent. */
export interface Asking extends Turn {
  readonly store: ObjectStore;
  readonly settings: DeliverySettings;
  readonly record: FileRecord;
}

/**
 * A file that was sent, and the store's acknowledgement. Sent is a state: from here on only the proof and the local move
 * are outstanding, and what fails there costs no second upload.
 */
export interface Acknowledged {
  readonly key: string;
  readonly etag: string;
  readonly crc32: string | null;
  /** What was sent. */
  readonly identity: FileIdentity;
  /** When its inode had last changed when it was read; not known any more after a restart. */
  readonly ctimeMs?: number;
  /** How far it is proven; null: not asked yet, or not answered. */
  readonly verified: FileRecord['verified'];
  /** In which way it was sent that is not the profile's own, in words; null: nothing was left. */
  readonly departure: string | null;
  /** The acknowledgement itself proves the content; not known any more after a restart. */
  readonly isAnswered?: boolean;
}

/** A file that was sent: its object, and how far it is proven that it arrived as it was. */
export interface Sent extends Acknowledged {
  readonly verified: 'checksum' | 'size' | 'none';
}
