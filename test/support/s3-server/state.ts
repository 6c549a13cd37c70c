import type { Content } from './contents.ts';

export interface StoredObject {
  /** MD5 of the key that it is encrypted with (SSE-C). */
  readonly customerKeyMd5?: string | undefined;
  readonly content: Content;
  readonly etag: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly cacheControl: string | undefined;
  /** ACL, and mode, end and legal hold of a lock, as headers said them. */
  readonly protection: readonly (string | undefined)[];
  readonly storageClass: string | undefined;
  readonly tagging: string | undefined;
  readonly encryption: string | undefined;
  /** Base64, or with `-N` for an object of parts; undefined where the client sent none. */
  readonly crc32: string | undefined;
  readonly lastModifiedMs: number;
}

export interface StoredPart {
  readonly content: Content;
  readonly etag: string;
  readonly md5: Buffer;
  readonly crc32: string;
  readonly lastModifiedMs: number;
}

export interface StoredUpload {
  readonly uploadId: string;
  readonly key: string;
  readonly customerKeyMd5?: string | undefined;
  readonly initiatedMs: number;
  /** The client announced CRC32s for the parts, so Complete must repeat them. */
  readonly hasChecksums: boolean;
  readonly properties: Pick<
    StoredObject,
    'contentType' | 'metadata' | 'cacheControl' | 'protection' | 'storageClass' | 'tagging' | 'encryption'
  >;
  readonly parts: Map<number, StoredPart>;
}

export interface StoredBucket {
  readonly name: string;
  readonly region: string;
  readonly objects: Map<string, StoredObject>;
  readonly uploads: Map<string, StoredUpload>;
}
