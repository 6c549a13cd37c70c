import type { BigIntStats } from 'node:fs';
import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { Clock } from '../../../base/clock.ts';
import { asFileError, SluiceError } from '../../../base/errors.ts';
import type {
  BucketCallOptions,
  GetOptions,
  HeadOptions,
  MultipartUpload,
  ObjectAddress,
  ObjectBody,
  ObjectHead,
  ObjectListOptions,
  ObjectPage,
  ObjectProperties,
  ObjectSource,
  ObjectStore,
  PendingUpload,
  PutOptions,
  PutResult,
  StoreLimits,
  TransferOptions,
  UploadedPart,
} from '../bucket.ts';
import { bucketFault } from '../names.ts';
import {
  etagOf,
  fileChecksum,
  isFolder,
  mtimeOf,
  removeEmpty,
  removeStale,
  secondsOf,
  statsOf,
} from './files.ts';
import { FoldedNames } from './folded-names.ts';
import { walkKeys } from './list.ts';
import { Paths, WORK_FOLDER } from './paths.ts';
import type { DirectoryProfile } from './profile.ts';
import { Uploads } from './uploads.ts';
import { moveIntoPlace, type WriteOptions, writeTemporary } from './write.ts';

/** A copy within one machine gains nothing from parts; they are there because the contract has them. */
const LIMITS: StoreLimits = {
  maxSinglePutBytes: Number.POSITIVE_INFINITY,
  minPartBytes: 1,
  maxPartBytes: Number.POSITIVE_INFINITY,
  maxParts: 10_000,
};

/**
 * A folder as object store: `{path}/{bucket}/{key}`, plain files without companions, so that people and other programs
 * can read and add to it. An object is written to `{path}/.sluice/tmp`, synced, renamed into place, and its folder
 * synced.
 *
 * What a plain file cannot hold is not kept: of the metadata only `mtime` (seconds since the epoch), as the file's own
 * modification time; no content type, storage class, tags or encryption. The ETag is made of inode, size and time. A
 * key cannot be both an object and the beginning of another one, and its segments have at most 255 bytes: key_invalid.
 */
export class DirectoryStore implements ObjectStore {
  readonly description: string;
  readonly limits = LIMITS;
  readonly #paths: Paths;
  readonly #uploads: Uploads;
  readonly #temporary: string;
  readonly #names = new FoldedNames();
  readonly #clock: Pick<Clock, 'nowMs'>;
  #tidied: Promise<void> | undefined;

  constructor(profile: DirectoryProfile, options: { readonly clock: Pick<Clock, 'nowMs'> }) {
    this.description = `directory ${profile.path}`;
    this.#paths = new Paths(profile.path);
    this.#temporary = join(profile.path, WORK_FOLDER, 'tmp');
    this.#uploads = new Uploads(join(profile.path, WORK_FOLDER, 'uploads'));
    this.#clock = options.clock;
  }

  listBuckets(options: BucketCallOptions = {}): Promise<string[]> {
    return this.#run('list buckets in', this.#paths.root, options, async () => {
      const entries = await readdir(this.#paths.root, { withFileTypes: true });
      const names: string[] = [];
      for (const entry of entries) {
        if (bucketFault(entry.name) !== undefined) continue;
        const isLinked = entry.isSymbolicLink() && (await isFolder(join(this.#paths.root, entry.name)));
        if (entry.isDirectory() || isLinked) names.push(entry.name);
      }
      return names.sort();
    });
  }

  headBucket(bucket: string, options: BucketCallOptions = {}): Promise<void> {
    return this.#run('head bucket', bucket, options, async () => {
      await this.#paths.bucket(bucket);
    });
  }

  putObject(at: ObjectAddress, source: ObjectSource, options: PutOptions = {}): Promise<PutResult> {
    return this.#run('put object', subjectOf(at), options, async () => {
      const mtimeSeconds = mtimeOf(options);
      return this.#store(at, [source], {
        ...options,
        mtimeSeconds,
      });
    });
  }

  async #store(
    at: ObjectAddress,
    sources: readonly ObjectSource[],
    options: WriteOptions & { readonly onlyIfAbsent?: boolean },
  ): Promise<PutResult> {
    const target = await this.#paths.object(at);
    this.#tidied ??= removeStale(this.#temporary, this.#clock.nowMs());
    await this.#tidied;
    const written = await writeTemporary(this.#temporary, sources, options);
    try {
      const stats = await stat(written.path, { bigint: true });
      const beside = { folder: this.#temporary, device: stats.dev };
      await this.#names.place(target, at, beside, () =>
        moveIntoPlace(written.path, target, at, options.onlyIfAbsent ?? false),
      );
      return { etag: etagOf(stats), crc32: written.crc32 };
    } catch (error) {
      await rm(written.path, { force: true });
      throw error;
    }
  }

  headObject(at: ObjectAddress, options: HeadOptions = {}): Promise<ObjectHead | undefined> {
    return this.#run('head object', subjectOf(at), options, async () => {
      const existing = await this.#find(at);
      if (existing === undefined) return undefined;
      const { file, stats } = existing;
      const checksum = options.checksum ? await fileChecksum(file, options.signal) : undefined;
      return {
        size: Number(stats.size),
        etag: etagOf(stats),
        // The modification time is the source's own; the change time is when the object came here.
        lastModifiedMs: Number(stats.ctimeMs),
        metadata: { mtime: secondsOf(stats.mtimeNs) },
        crc32: checksum,
      };
    });
  }

  getObject(at: ObjectAddress, options: GetOptions = {}): Promise<ObjectBody> {
    return this.#run('get object', subjectOf(at), options, async () => {
      const existing = await this.#find(at);
      if (existing === undefined)
        throw new SluiceError('object_missing', `there is no object ${subjectOf(at)}`);
      const { file, stats } = existing;
      const size = Number(stats.size);
      const first = options.range?.first ?? 0;
      const last = Math.min(options.range?.last ?? size - 1, size - 1);
      if (options.range !== undefined && (first >= size || first > last)) {
        throw new SluiceError(
          'request_refused',
          `${subjectOf(at)} has ${size} bytes, none from ${first} to ${last}`,
        );
      }
      const body =
        size === 0
          ? Readable.from([])
          : createReadStream(file, { start: first, end: last, signal: options.signal });
      return { body, size: last - first + 1, etag: etagOf(stats) };
    });
  }

  deleteObject(at: ObjectAddress, options: BucketCallOptions = {}): Promise<void> {
    return this.#run('delete object', subjectOf(at), options, async () => {
      const existing = await this.#find(at);
      if (existing === undefined) return;
      await rm(existing.file, { force: true });
      this.#names.forget();
      // Folders exist only as beginnings of keys: empty ones go, up to the bucket.
      for (let folder = dirname(existing.file); folder !== existing.bucket; folder = dirname(folder)) {
        if (!(await removeEmpty(folder))) return;
      }
    });
  }

  listObjects(bucket: string, options: ObjectListOptions = {}): Promise<ObjectPage> {
    return this.#run('list objects of', bucket, options, async () => {
      const folder = await this.#paths.bucket(bucket);
      const maxKeys = Math.min(options.maxKeys ?? 1000, 1000);
      const { continuation, startAfter = '' } = options;
      const after =
        continuation === undefined ? startAfter : Buffer.from(continuation, 'base64url').toString();
      const objects: ObjectPage['objects'][number][] = [];
      for await (const key of walkKeys(folder, options.prefix ?? '', after)) {
        options.signal?.throwIfAborted();
        const last = objects.at(-1);
        if (objects.length === maxKeys && last !== undefined) {
          return { objects, continuation: Buffer.from(last.key).toString('base64url') };
        }
        const stats = await statsOf(join(folder, key));
        if (stats === undefined) continue;
        objects.push({
          key,
          size: Number(stats.size),
          etag: etagOf(stats),
          lastModifiedMs: Number(stats.ctimeMs),
        });
      }
      return { objects };
    });
  }

  createUpload(
    at: ObjectAddress,
    options: ObjectProperties & BucketCallOptions = {},
  ): Promise<MultipartUpload> {
    return this.#run('create upload', subjectOf(at), options, async () => {
      await this.#paths.object(at);
      const { bucket, key } = at;
      return this.#uploads.create({ bucket, key }, this.#clock.nowMs(), mtimeOf(options), options.mode);
    });
  }

  uploadPart(
    upload: MultipartUpload,
    partNumber: number,
    source: ObjectSource,
    options: TransferOptions = {},
  ): Promise<UploadedPart> {
    return this.#run(`upload part ${partNumber} of`, subjectOf(upload), options, () =>
      this.#uploads.put(upload, partNumber, source, options),
    );
  }

  listParts(upload: MultipartUpload, options: BucketCallOptions = {}): Promise<UploadedPart[]> {
    return this.#run('list parts of', subjectOf(upload), options, () => this.#uploads.parts(upload));
  }

  completeUpload(
    upload: MultipartUpload,
    parts: readonly UploadedPart[],
    options: BucketCallOptions = {},
  ): Promise<PutResult> {
    return this.#run('complete upload', subjectOf(upload), options, async () => {
      const { mtimeSeconds, mode } = await this.#uploads.manifest(upload);
      const sources = await this.#uploads.sources(upload, parts);
      const result = await this.#store(upload, sources, {
        ...options,
        mtimeSeconds,
        mode,
      });
      await this.#uploads.remove(upload);
      return result;
    });
  }

  abortUpload(upload: MultipartUpload, options: BucketCallOptions = {}): Promise<void> {
    return this.#run('abort upload', subjectOf(upload), options, () => this.#uploads.remove(upload));
  }

  listUploads(
    bucket: string,
    options: { readonly prefix?: string } & BucketCallOptions = {},
  ): Promise<PendingUpload[]> {
    return this.#run('list uploads of', bucket, options, async () => {
      await this.#paths.bucket(bucket);
      return this.#uploads.list(bucket, options.prefix ?? '');
    });
  }

  async close(): Promise<void> {}

  async #find(at: ObjectAddress): Promise<{ file: string; bucket: string; stats: BigIntStats } | undefined> {
    const { file, bucket } = await this.#paths.object(at);
    const stats = await statsOf(file);
    return stats === undefined ? undefined : { file, bucket, stats };
  }

  /** Runs one call; what the operating system throws becomes an error of the catalogue. */
  async #run<T>(
    operation: string,
    subject: string,
    options: BucketCallOptions,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      options.signal?.throwIfAborted();
      return await work();
    } catch (error) {
      if (options.signal?.aborted)
        throw new SluiceError('cancelled', 'stopped on request', { operation, subject });
      throw asFileError(error, { operation, subject });
    }
  }
}

const subjectOf = (at: ObjectAddress): string => `${at.bucket}/${at.key}`;
