import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { fileCalls } from '../../base/files/calls.ts';
import type { OpenedFile } from '../../base/files/opened-file.ts';
import { crc32Base64 } from '../../keep/buckets/checksum.ts';
import { crc32 } from '../../keep/buckets/crc32.ts';
import { assertStillSame } from '../attempt/upload/content.ts';
import { identityOf } from '../spool/files.ts';

const BLOCK_BYTES = 1024 * 1024;
/** Runs of zeros are left out in such steps: no file system allots less. */
const HOLE_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(HOLE_BYTES);

/**
 * Copies a file that is open over the one at `path`, with its times, onto the disk. Shares the blocks where the file
 * system can; else runs of zeros become holes, as they most likely were.
 * @param onBytes called with how many bytes more are there
 * @throws SluiceError source_changed; the signal's reason; or what the system throws
 */
export async function copyContent(
  file: OpenedFile,
  path: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<void> {
  const target = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    const isShared = file.withDescriptor(descriptor => fileCalls().shareBlocks(descriptor, target.fd));
    const checksum = isShared ? undefined : await copyBlocks(file, target, signal, onBytes);
    if (isShared) onBytes(file.stats.size);
    signal.throwIfAborted();
    // A moment's blocks that are shared are no mixture.
    const ctimeMs = isShared ? undefined : file.stats.ctimeMs;
    await assertStillSame(file, { identity: identityOf(file.stats), ctimeMs }, checksum, signal);
    await target.utimes(file.stats.atimeMs / 1000, file.stats.mtimeMs / 1000);
    await target.sync();
  } finally {
    await target.close();
  }
}

/** @returns the CRC32 of what was copied, in S3's form */
async function copyBlocks(
  file: OpenedFile,
  target: FileHandle,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<string> {
  // No larger than the file: a block each for thousands of small files keeps the garbage collector busy.
  const buffer = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, file.stats.size + 1));
  let checksum = 0;
  let done = 0;
  for (let bytes = -1; bytes !== 0; done += bytes) {
    signal.throwIfAborted();
    bytes = await file.read(buffer, 0, buffer.length, done);
    const block = buffer.subarray(0, bytes);
    checksum = crc32(block, checksum);
    await writeData(target, block, done);
    onBytes(bytes);
  }
  await target.truncate(done);
  return crc32Base64(checksum);
}

async function writeData(target: FileHandle, block: Buffer, position: number): Promise<void> {
  for (const [from, to] of dataRanges(block)) {
    for (let at = from; at < to; ) at += (await target.write(block, at, to - at, position + at)).bytesWritten;
  }
}

/** What of a block is no run of zeros, as ranges of it. Pure. */
export function dataRanges(block: Buffer): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  for (let from = 0; from < block.length; from += HOLE_BYTES) {
    const to = Math.min(block.length, from + HOLE_BYTES);
    if (block.subarray(from, to).equals(ZEROS.subarray(0, to - from))) continue;
    const last = ranges.at(-1);
    if (last?.[1] === from) last[1] = to;
    else ranges.push([from, to]);
  }
  return ranges;
}
