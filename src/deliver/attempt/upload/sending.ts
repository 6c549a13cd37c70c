import type { OpenedFile } from '../../../base/files/opened-file.ts';
import type { ObjectStore } from '../../../keep/buckets/bucket.ts';
import type { FileIdentity, FileRecord } from '../../../keep/local/journal.ts';
import type { DeliverySettings } from '../../settings.ts';

/** One file on its way to one object. */
export interface Sending {
  readonly store: ObjectStore;
  readonly settings: DeliverySettings;
  readonly record: FileRecord;
  /** The file, opened a moment ago: what is sent is read from it, whatever becomes of its name. */
  readonly file: OpenedFile;
  /** Object key where it is not the record's path below the destination's prefix. */
  readonly key?: string;
  readonly signal: AbortSignal;
  /** Called with each number of bytes that is on its way. */
  readonly onProgress: (bytes: number) => void;
}

/** A file that was sent: its object, and how far it is proven that it arrived as it was. */
export interface Sent {
  readonly key: string;
  readonly etag: string;
  readonly crc32: string | null;
  readonly verified: 'checksum' | 'size' | 'none';
  readonly identity: FileIdentity;
}
