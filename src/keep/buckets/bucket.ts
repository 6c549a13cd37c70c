/**
 * The contract of an object store. `s3/` and `directory/` keep it, and test/suites/bucket-suite.ts holds
 * them to it.
 *
 * What every method promises:
 * - It tries once. Retrying is the engine's business; the only repetition inside is one immediate
 *   correction of something learned from the answer: clock offset, region, a header that the server refuses.
 * - It throws `SluiceError` with a code and retry class from the catalogue, `retryAfterMs` where the server
 *   gave one. Codes that any method may throw: host_unknown, host_unreachable, connection_lost, timed_out,
 *   tls_failed, bucket_auth_failed, access_denied, clock_skew, region_wrong, bucket_missing, slow_down,
 *   bucket_unavailable, not_supported, request_refused, answer_invalid, key_invalid, cancelled. The
 *   directory store also throws disk_full and disk_failed. Further ones stand at the method.
 * - `signal` ends it with `cancelled`; an operation cut off may or may not have taken effect.
 * - There is no time-out for the whole, only for silence: when no byte moves for `idleTimeoutMs` it ends
 *   with `timed_out`.
 * Sizes and offsets are bytes. Keys are Unicode text without a leading slash; see names.ts.
 */
export interface ObjectStore {
  /** For logs and messages: kind and address, never a secret. */
  readonly description: string;
  readonly limits: StoreLimits;
  /** Absent where stores of this kind need no key. */
  readonly key?: StoreKey;
  /** By how much its clock is ahead of this machine's, as far as its answers told; absent where both are the same. */
  clockOffsetMs?(): number;

  /** Names of the buckets that the key may see, sorted. Throws access_denied where it may not list. */
  listBuckets(options?: BucketCallOptions): Promise<string[]>;
  /** Resolves when the bucket exists and may be used; throws bucket_missing when it does not. */
  headBucket(bucket: string, options?: BucketCallOptions): Promise<void>;

  /**
   * Stores one object, replacing what is there, or nothing at all: no reader ever sees half an object.
   * May be called again with the same arguments. Throws source_changed when the file is shorter than
   * `size`, checksum_mismatch when the store received something else, object_exists under `onlyIfAbsent`,
   * object_too_large.
   */
  putObject(at: ObjectAddress, source: ObjectSource, options?: PutOptions): Promise<PutResult>;
  /**
   * What the store knows of an object, undefined when there is none. A missing bucket also answers
   * undefined where the server does not tell the two apart. Where HEAD is refused or tells no size, other questions are
   * asked for it, once each; throws what HEAD was refused with (not_supported, access_denied …) where none is answered.
   */
  headObject(at: ObjectAddress, options?: HeadOptions): Promise<ObjectHead | undefined>;
  /**
   * Opens an object or a part of it for reading. The caller reads `body` to its end or destroys it. Throws
   * object_missing.
   */
  getObject(at: ObjectAddress, options?: GetOptions): Promise<ObjectBody>;
  /** Removes an object; one that is not there is fine, so it may be called again. */
  deleteObject(at: ObjectAddress, options?: BucketCallOptions): Promise<void>;
  /** One page of keys in ascending order of their UTF-8 bytes. Multipart uploads in progress are not in it. */
  listObjects(bucket: string, options?: ObjectListOptions): Promise<ObjectPage>;

  /**
   * Begins an upload in parts. Every call begins another one; those never completed are to be aborted. Throws
   * not_supported where parts are refused as unknown: putObject may do.
   */
  createUpload(at: ObjectAddress, options?: ObjectProperties & BucketCallOptions): Promise<MultipartUpload>;
  /**
   * Stores one part, replacing the part of that number; may be called again. Throws upload_missing when the
   * upload is gone, and what putObject throws.
   * @param partNumber 1 to `limits.maxParts`
   */
  uploadPart(
    upload: MultipartUpload,
    partNumber: number,
    source: ObjectSource,
    options?: TransferOptions,
  ): Promise<UploadedPart>;
  /**
   * Every part stored so far, ascending: what a resumed upload need not send again; less those of which it is in doubt
   * what they hold. Throws upload_missing.
   */
  listParts(upload: MultipartUpload, options?: BucketCallOptions): Promise<UploadedPart[]>;
  /**
   * Makes the parts one object, in the order of their numbers whatever the order given. Throws upload_missing
   * when the upload or a part is gone; since a lost answer leaves the same trace as a lost upload, ask headObject
   * before starting over.
   */
  completeUpload(
    upload: MultipartUpload,
    parts: readonly UploadedPart[],
    options?: BucketCallOptions,
  ): Promise<PutResult>;
  /** Gives up an upload and its parts; one that is gone is fine, so it may be called again. */
  abortUpload(upload: MultipartUpload, options?: BucketCallOptions): Promise<void>;
  /** Every upload begun and neither completed nor aborted. */
  listUploads(
    bucket: string,
    options?: { readonly prefix?: string } & BucketCallOptions,
  ): Promise<PendingUpload[]>;

  /** Closes idle connections; calls under way end first. May be called again; nothing else may be called after it. */
  close(): Promise<void>;
}

/** The key of a store's profile, where it has one. */
export interface StoreKey {
  /** Goes on with the key of this profile, which is of the store's kind and differs from its own in nothing else. */
  adopt(profile: { readonly name: string }): void;
  /**
   * A mark of the key as the profile has it, which tells nothing of it: another one where the profile has another key,
   * the same across restarts and renewals by the same source.
   */
  mark(): string;
  /** What a key is waited for from, while there is none to go on with; undefined otherwise. */
  awaited(): AwaitedKey | undefined;
  /** Calls `listener` when the key has become another, however that was noticed; the function returned ends that. */
  onChange(listener: () => void): () => void;
}

/** A key that somebody was asked for and has not given out yet. */
export interface AwaitedKey {
  readonly sinceMs: number;
  /** Who was asked, in words: "its credential_process". */
  readonly from: string;
  /** What to do where it takes too long. */
  readonly hint: string;
}

export interface StoreLimits {
  /** Largest object of a single putObject; larger ones go in parts. Infinity: parts are never needed. */
  readonly maxSinglePutBytes: number;
  /** Every part but the last must have at least this many bytes. */
  readonly minPartBytes: number;
  readonly maxPartBytes: number;
  readonly maxParts: number;
}

export interface ObjectAddress {
  readonly bucket: string;
  readonly key: string;
}

/** Where the bytes come from: a file, or memory. */
export type ObjectSource = SourceFile | { readonly body: Buffer };

/**
 * `size` bytes of the file at `path` from `offset` (default 0) on. It is opened, read once (twice where the server wants
 * a checksum before the body) and closed within the call; or `file`, which is open already, is read from and left open.
 */
export interface SourceFile {
  readonly path: string;
  readonly size: number;
  readonly offset?: number;
  readonly file?: ReadableFile;
}

/** A file that its owner holds open. */
export interface ReadableFile {
  /** Bytes read into the buffer at `offset`, from `position` of the file on; 0 at its end. */
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<number>;
}

export interface BucketCallOptions {
  readonly signal?: AbortSignal;
}

/** Bounds how fast bytes go out; shared by whoever is to keep to it. */
export interface Pace {
  /** So many bytes may be asked for at once; Infinity while nothing is bounded. */
  readonly sliceBytes: number;
  /** Resolves when a request that is going to send so many bytes may begin; up to a slice of them may go at once. Throws cancelled. */
  begin(bytes: number, signal?: AbortSignal): Promise<void>;
  /** Resolves when a request that has begun may send so many bytes more, a slice at the most. Throws cancelled. */
  take(bytes: number, signal?: AbortSignal): Promise<void>;
}

export interface TransferOptions extends BucketCallOptions {
  /** Kept to by stores that are reached over a network; what is sent once more for a correction is not asked for again. */
  readonly pace?: Pace | undefined;
  /**
   * Called with how many further bytes the operating system has taken. A correction may send, and report, some bytes
   * twice.
   */
  readonly onProgress?: (bytes: number) => void;
}

/** What is stored beside the bytes. */
export interface ObjectProperties {
  readonly contentType?: string;
  /**
   * Names in lower case, ASCII; values of any text: those outside printable ASCII travel percent-encoded. The directory
   * store keeps only `mtime`.
   */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Permissions of the file that it comes from (`chmod`'s nine bits), for stores whose objects are files. */
  readonly mode?: number;
  /** The value of `Cache-Control`, for stores that answer with it. */
  readonly cacheControl?: string;
  readonly storageClass?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** One of S3's canned ACLs. */
  readonly acl?: string;
  /** What keeps the object from being deleted or replaced, in buckets made for it. */
  readonly lock?: ObjectLock;
  /** `AES256`, or `aws:kms` with an optional key. */
  readonly encryption?: { readonly algorithm: string; readonly keyId?: string };
}

/** Object lock (S3 user guide, "Locking objects with Object Lock"). */
export interface ObjectLock {
  /** Nobody ends it before; with `governance` whoever may bypass it can. */
  readonly retention?: { readonly mode: 'governance' | 'compliance'; readonly untilMs: number };
  /** Until somebody takes it off. */
  readonly legalHold: boolean;
}

export interface PutOptions extends ObjectProperties, TransferOptions {
  /** Fail with object_exists rather than replace an object (If-None-Match: *). */
  readonly onlyIfAbsent?: boolean;
}

export interface PutResult {
  /**
   * The store's own name for this content; opaque, never an MD5 to compare with, and empty where Ceph completes an
   * upload.
   */
  readonly etag: string;
  /** CRC32 of the bytes sent, base64 of four big-endian bytes, where the call had them pass by. */
  readonly crc32?: string;
  /** CRC32 of the object as the store's own answer names it, in the same form. */
  readonly confirmedCrc32?: string;
  /**
   * In which way it was sent that is not the profile's own, since the store does not take that: "without tags". For its
   * record; undefined where nothing was left.
   */
  readonly departure?: string;
}

export interface HeadOptions extends BucketCallOptions {
  /** Ask for the checksum, too. The directory store reads the whole file for it. */
  readonly checksum?: boolean;
  /**
   * Bytes of each piece that it was sent in. A store that finds framing of its own stored as content is sent to without
   * it from then on.
   */
  readonly sentSizes?: readonly number[];
}

export interface ObjectHead {
  /** Undefined where the store tells none that can be believed, by whichever question. */
  readonly size: number | undefined;
  readonly etag: string;
  readonly lastModifiedMs: number;
  readonly contentType?: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** CRC32 as the store holds it: of the whole, or `…-N`, a CRC32 over the CRC32s of N parts. */
  readonly crc32?: string;
}

export interface GetOptions extends BucketCallOptions {
  /** First and last byte wanted, both inclusive, as in HTTP's Range. */
  readonly range?: { readonly first: number; readonly last?: number };
}

export interface ObjectBody {
  readonly body: NodeJS.ReadableStream & AsyncIterable<Uint8Array> & { destroy(error?: Error): void };
  /** Bytes in `body`: of the range where one was asked for. */
  readonly size: number;
  readonly etag: string;
}

export interface ObjectListOptions extends BucketCallOptions {
  readonly prefix?: string;
  /** Only keys that come after this text, which need not be one; of no account beside `continuation`. */
  readonly startAfter?: string;
  /** Where the page before ended. */
  readonly continuation?: string;
  /** At most this many entries; 1 000 at the most and by default. */
  readonly maxKeys?: number;
}

export interface ObjectPage {
  readonly objects: readonly ObjectEntry[];
  /** Present when there is more; pass it to the next call. Opaque. */
  readonly continuation?: string;
}

export interface ObjectEntry {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly lastModifiedMs: number;
}

/** Names an upload in parts; plain data, so that the journal can keep it across restarts. */
export interface MultipartUpload extends ObjectAddress {
  readonly uploadId: string;
  /** As in PutResult; not kept by the journal. */
  readonly departure?: string;
}

export interface PendingUpload extends MultipartUpload {
  readonly initiatedMs: number;
}

/** Plain data for the journal, as MultipartUpload. */
export interface UploadedPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly size: number;
  readonly crc32?: string;
  /** As in PutResult; not kept by the journal. */
  readonly confirmedCrc32?: string;
  readonly departure?: string;
}
