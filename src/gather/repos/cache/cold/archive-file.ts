import type { ReadableFile } from '../../../../keep/buckets/bucket.ts';
import { crc32Base64 } from '../../../../keep/buckets/checksum.ts';
import { crc32 } from '../../../../keep/buckets/crc32.ts';
import type { Archive } from './archive.ts';

const NOTHING = Buffer.alloc(0);

/**
 * An archive to be read like an open file: in order, and from its beginning again as often as that is wanted. One read
 * at a time.
 */
export class ArchiveFile implements ReadableFile {
  readonly #archive: Archive;
  #chunks: AsyncIterator<Buffer> | undefined;
  #rest: Buffer = NOTHING;
  #at = 0;
  #crc32 = 0;

  constructor(archive: Archive) {
    this.#archive = archive;
  }

  /** Of what has been read since the beginning, in S3's form. */
  get crc32(): string {
    return crc32Base64(this.#crc32);
  }

  async read(buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    if (position < this.#at) await this.close();
    while (this.#at + this.#rest.length <= position) if (!(await this.#next())) return 0;
    // What lies before is passed over, not given.
    this.#take(position - this.#at);
    const bytes = this.#rest.copy(buffer, offset, 0, length);
    this.#take(bytes);
    return bytes;
  }

  /** Closes what it reads; the next read begins anew. */
  async close(): Promise<void> {
    const chunks = this.#chunks;
    this.#chunks = undefined;
    this.#rest = NOTHING;
    this.#at = 0;
    this.#crc32 = 0;
    await chunks?.return?.();
  }

  async #next(): Promise<boolean> {
    this.#take(this.#rest.length);
    this.#chunks ??= this.#archive.read()[Symbol.asyncIterator]();
    const { done, value } = await this.#chunks.next();
    if (!done) this.#rest = value;
    return !done;
  }

  #take(bytes: number): void {
    this.#crc32 = crc32(this.#rest.subarray(0, bytes), this.#crc32);
    this.#rest = this.#rest.subarray(bytes);
    this.#at += bytes;
  }
}
