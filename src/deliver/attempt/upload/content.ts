import type { Stats } from 'node:fs';
import { SluiceError } from '../../../base/errors.ts';
import type { OpenedFile } from '../../../base/files/opened-file.ts';
import type { ReadableFile } from '../../../keep/buckets/bucket.ts';
import { crc32Base64 } from '../../../keep/buckets/checksum.ts';
import { crc32 } from '../../../keep/buckets/crc32.ts';
import type { FileIdentity } from '../../../keep/local/journal.ts';
import { isUntouched, type ReadContent } from '../../spool/files.ts';

/** Up to here a file is read on this thread: it has just been written and costs less than the way to another one. */
const AT_ONCE_BYTES = 64 * 1024;
const BLOCK_BYTES = 1024 * 1024;

/** One content of a file, read whole. */
export interface WholeContent {
  readonly body: Buffer;
  /** Of the file after the last byte was read. */
  readonly stats: Stats;
}

/**
 * Reads a file as one unchanged whole. A time that moves while it is read proves nothing: the bytes decide, which are
 * read again then.
 * @param expected the identity of the file as it is to be read
 * @throws SluiceError source_changed; or what the system throws
 */
export async function readWhole(file: OpenedFile, expected: FileIdentity): Promise<WholeContent> {
  // What is read at once leaves others no time to speak of.
  const ctimeMs = expected.size > AT_ONCE_BYTES ? file.stat().ctimeMs : undefined;
  const body = await readAll(file, expected.size);
  const stats = file.stat();
  if (body.length !== expected.size || stats.size !== expected.size) throw sourceChanged(file.path);
  if (isUntouched(stats, { identity: expected, ctimeMs })) return { body, stats };
  if (!(await readAll(file, expected.size)).equals(body)) throw sourceChanged(file.path);
  return { body, stats };
}

/** One byte more than expected is asked for: a file that has grown shows it. */
async function readAll(file: OpenedFile, size: number): Promise<Buffer> {
  const isSmall = size <= AT_ONCE_BYTES;
  const buffer = Buffer.allocUnsafe(size + 1);
  let filled = 0;
  for (let bytes = -1; bytes !== 0 && filled < buffer.length; filled += bytes) {
    const rest = buffer.length - filled;
    bytes = isSmall
      ? file.readNow(buffer, filled, rest, filled)
      : await file.read(buffer, filled, rest, filled);
  }
  return buffer.subarray(0, filled);
}

/**
 * What the file is after its content was sent, where that is the content still. Size and time tell at once when they
 * are the same; when only a time has moved, the bytes decide.
 * @param crc32Sent of what was sent, in S3's form; undefined where it is not known, and the time alone decides
 * @throws SluiceError source_changed
 */
export async function assertStillSame(
  file: OpenedFile,
  expected: ReadContent,
  crc32Sent: string | undefined,
  signal: AbortSignal,
): Promise<Stats> {
  const stats = file.stat();
  if (isUntouched(stats, expected)) return stats;
  const { size } = expected.identity;
  const mayBeSame = stats.size === size && crc32Sent !== undefined;
  if (!mayBeSame || (await crc32OfFile(file, size, signal)) !== crc32Sent) throw sourceChanged(file.path);
  return stats;
}

/** CRC32 of the first `size` bytes of a file, in S3's form. Rejects with the signal's reason. */
export function crc32OfFile(file: OpenedFile, size: number, signal: AbortSignal): Promise<string> {
  return crc32OfRange(file, 0, size, signal);
}

/** The same for `size` bytes from `from` on. */
export async function crc32OfRange(
  file: OpenedFile,
  from: number,
  size: number,
  signal: AbortSignal,
): Promise<string> {
  const buffer = Buffer.allocUnsafe(Math.min(size, BLOCK_BYTES) || 1);
  let checksum = 0;
  for (let done = 0; done < size; ) {
    signal.throwIfAborted();
    const bytes = await file.read(buffer, 0, Math.min(buffer.length, size - done), from + done);
    if (bytes === 0) break;
    checksum = crc32(buffer.subarray(0, bytes), checksum);
    done += bytes;
  }
  return crc32Base64(checksum);
}

/**
 * The file as a source whose last bytes are given out only while it is still what it was: a store that makes an object
 * visible after the last byte never shows a mixture. Reads fail with source_changed.
 */
export function guardedSource(file: OpenedFile, expected: ReadContent, signal: AbortSignal): ReadableFile {
  let checksum = 0;
  /** Where the bytes end that `checksum` is of; they are read in order, perhaps from the beginning again. */
  let passed = 0;
  return {
    async read(buffer, offset, length, position) {
      const bytes = await file.read(buffer, offset, length, position);
      if (position === 0) [checksum, passed] = [0, 0];
      const isInOrder = position === passed;
      if (isInOrder) {
        checksum = crc32(buffer.subarray(offset, offset + bytes), checksum);
        passed += bytes;
      }
      if (position + bytes >= expected.identity.size)
        await assertStillSame(file, expected, isInOrder ? crc32Base64(checksum) : undefined, signal);
      return bytes;
    },
  };
}

/** The error of a file that is not what it was when it began to be sent. */
export function sourceChanged(path: string): SluiceError {
  return new SluiceError('source_changed', `${path} changed while it was being sent`, { subject: path });
}

/** The error of a file that is gone when it is to be sent. */
export function sourceMissing(path: string): SluiceError {
  return new SluiceError('source_missing', `${path} is no longer there`, { subject: path });
}
