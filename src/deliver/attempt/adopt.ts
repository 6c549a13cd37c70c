import { createHash, type Hash } from 'node:crypto';
import type { OpenedFile } from '../../base/files/opened-file.ts';
import { crc32Base64 } from '../../keep/buckets/checksum.ts';
import { crc32 } from '../../keep/buckets/crc32.ts';
import { proveObject } from '../../keep/buckets/prove.ts';
import type { FileRecord } from '../../keep/local/journal.ts';
import type { DeliveryContext } from '../context.ts';
import { objectNamesOf } from '../object-names.ts';
import { enclosingFolder } from '../origin/folder-file.ts';
import { destinationFor } from '../settings.ts';
import { identityOf, sameIdentity } from '../spool/files.ts';
import type { Acknowledged, Asking } from './upload/sending.ts';

const MIB = 1024 * 1024;
const BLOCK_BYTES = MIB;
/** Sizes of parts that programs send by (rclone 5, aws 8, s3cmd 15, MinIO's client 16 MiB, …); whole MiB all of them. */
const PART_MIB = [5, 8, 10, 15, 16, 25, 32, 50, 64, 100, 128, 200, 256, 500, 512, 1024];
/** S3 takes no smaller ones but at the end. */
const LEAST_PART_MIB = 5;
/** So many other sizes are tried, each a hash of the whole file. */
const MOST_GUESSED = 4;

/**
 * What the bucket holds already, put there by somebody else: where size and checksum are the file's, nothing is to be
 * sent. It is looked for in pages of the bucket's listing; only where an ETag tells nothing of the content is an object
 * asked for by itself.
 * @returns undefined where it is to be sent, also where the store cannot be asked
 */
export async function heldAlready(
  context: Pick<DeliveryContext, 'settings' | 'held' | 'journal'>,
  asking: Asking,
  file: OpenedFile,
): Promise<Acknowledged | undefined> {
  const { record, store, signal } = asking;
  const { settings, held } = context;
  if (!isToBeAdopted(context, record)) return undefined;
  const { profile, bucket } = record;
  const { key } = objectNamesOf(record, settings);
  const identity = identityOf(file.stats);
  const { size } = identity;
  try {
    const entry = await held.take({ store, profile, bucket, key, signal }).catch(() => 'unlisted' as const);
    if (entry === undefined || (entry !== 'unlisted' && entry.size !== size)) return undefined;
    const etag = entry === 'unlisted' ? '' : entry.etag.replaceAll('"', '').toLowerCase();
    const content = await contentOf(file, size, partSizesOf(etag, size), signal);
    if (!content) return undefined;
    const found = {
      key,
      etag,
      crc32: content.crc32,
      identity,
      verified: 'checksum',
      departure: NOT_SENT,
    } as const;
    if (content.etags.includes(etag)) return found;
    const expected = { size, crc32: content.crc32 };
    const object = { at: { bucket, key }, etag: '', expected, isAnswered: false };
    return (await proveObject(store, object, { signal, checksum: true })) === 'checksum' ? found : undefined;
  } catch {
    // It is sent then, which shows what is wrong.
    return undefined;
  }
}

const NOT_SENT = 'not sent, the bucket held it already';

/** Whether its copy, its folder or its bucket adopts, and it is new here: what follows on a delivery of ours is ours. */
function isToBeAdopted(
  { settings, journal }: Pick<DeliveryContext, 'settings' | 'journal'>,
  record: FileRecord,
): boolean {
  const { source, profile, bucket } = record;
  const folder = source === null ? undefined : enclosingFolder(settings.folders, source);
  if (!record.adopts && !folder?.adopt && !destinationFor(settings, profile, bucket).adopt) return false;
  const before = source === null ? journal.byAddress(record, 'completed') : journal.deliveredBefore(record);
  return before === undefined;
}

/**
 * The sizes of parts by which an ETag may have come about; Infinity where it is of one piece, none where it tells nothing
 * of the content. Pure.
 */
export function partSizesOf(etag: string, size: number): number[] {
  if (/^[0-9a-f]{32}$/.test(etag)) return [Number.POSITIVE_INFINITY];
  const parts = Number(/^[0-9a-f]{32}-(\d+)$/.exec(etag)?.[1] ?? 0);
  if (parts === 0) return [];
  const fits = (mib: number): boolean => Math.ceil(size / (mib * MIB)) === parts;
  // Somebody's own choice: tried where the number of parts leaves few.
  const others: number[] = [];
  for (
    let mib = Math.max(LEAST_PART_MIB, Math.ceil(size / parts / MIB));
    others.length <= MOST_GUESSED && fits(mib);
    mib += 1
  )
    others.push(mib);
  const all = others.length <= MOST_GUESSED ? [...PART_MIB.filter(fits), ...others] : PART_MIB.filter(fits);
  return [...new Set(all)].map(mib => mib * MIB);
}

interface Content {
  readonly crc32: string;
  /** As S3 makes them: MD5, or MD5 of the parts' MD5s and their number, by the sizes of parts asked for. */
  readonly etags: readonly string[];
}

/** Reads it once; undefined where it changed meanwhile. */
async function contentOf(
  file: OpenedFile,
  size: number,
  partSizes: readonly number[],
  signal: AbortSignal,
): Promise<Content | undefined> {
  const before = file.stat();
  const parted = partSizes.map(partBytes => new PartedHash(partBytes));
  const buffer = Buffer.allocUnsafe(Math.min(size, BLOCK_BYTES) || 1);
  let checksum = 0;
  for (let done = 0; done < size; ) {
    signal.throwIfAborted();
    const bytes = await file.read(buffer, 0, Math.min(buffer.length, size - done), done);
    if (bytes === 0) return undefined;
    const block = buffer.subarray(0, bytes);
    checksum = crc32(block, checksum);
    for (const one of parted) one.add(block);
    done += bytes;
  }
  const after = file.stat();
  const isSame = sameIdentity(identityOf(after), identityOf(file.stats)) && after.ctimeMs === before.ctimeMs;
  return isSame ? { crc32: crc32Base64(checksum), etags: parted.map(one => one.etag()) } : undefined;
}

/** An ETag in the making, of content that comes in blocks of any length. */
class PartedHash {
  readonly #partBytes: number;
  readonly #digests: Buffer[] = [];
  #part: Hash = createHash('md5');
  #bytes = 0;

  /** @param partBytes Infinity: one piece */
  constructor(partBytes: number) {
    this.#partBytes = partBytes;
  }

  add(block: Buffer): void {
    for (let at = 0; at < block.length; ) {
      const bytes = Math.min(block.length - at, this.#partBytes - this.#bytes);
      this.#part.update(block.subarray(at, at + bytes));
      this.#bytes += bytes;
      at += bytes;
      if (this.#bytes === this.#partBytes) this.#endPart();
    }
  }

  etag(): string {
    if (this.#partBytes === Number.POSITIVE_INFINITY) return this.#part.digest('hex');
    if (this.#bytes > 0) this.#endPart();
    return `${createHash('md5').update(Buffer.concat(this.#digests)).digest('hex')}-${this.#digests.length}`;
  }

  #endPart(): void {
    this.#digests.push(this.#part.digest());
    this.#part = createHash('md5');
    this.#bytes = 0;
  }
}
