/** A verified copy of a clone in cold storage. */
export interface ColdCopy {
  /** `s3://profile/bucket/key`. */
  readonly location: string;
  readonly bytes: number;
  /** CRC32 of the archive, base64 of four big-endian bytes. */
  readonly crc32: string;
  /** Names what is in it, see `contentOf`. */
  readonly content: string;
  readonly atMs: number;
}

/** What is known of a repository's clone on this machine; see the columns of `clones`. */
export interface CloneRecord {
  readonly url: string;
  /** Name of its folder in the cache. */
  readonly directory: string;
  readonly onDisk: boolean;
  /** Disk space that it takes, or took when it was last there. */
  readonly bytes: number;
  /** False while it is worked in, and after a crash until it has been measured. */
  readonly sized: boolean;
  readonly lean: boolean;
  readonly lastUsedAtMs: number;
  readonly hits: number;
  readonly pinned: boolean;
  readonly cold: ColdCopy | null;
}

/** Fields to change; those not given stay. */
export type CloneChange = Partial<Omit<CloneRecord, 'url'>>;

/**
 * The cache's memory, always in the station's own database, since the clones are on its disk. Methods may
 * throw `database_*` and `disk_full`, and have then changed nothing.
 */
export interface CloneRecords {
  /** Changes a clone's record, made with `directory` if there is none. */
  change(url: string, change: CloneChange & Pick<CloneRecord, 'directory'>): Promise<void>;
  /** Notes that a bake begins: used now, a hit if it is on disk, size not certain any more. */
  use(url: string, directory: string, nowMs: number): Promise<void>;
  byUrl(url: string): Promise<CloneRecord | undefined>;
  /** Takes the record out; one that is not there is no error. */
  remove(url: string): Promise<void>;
  /** All of them, least recently used first. */
  list(): Promise<CloneRecord[]>;
  /** Bytes and number of those on disk. */
  totals(): Promise<{ readonly clones: number; readonly bytes: number }>;
  /** May be repeated. */
  close(): Promise<void>;
}
