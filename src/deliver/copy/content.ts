import { fsync, ftruncateSync, futimesSync, write, writeSync } from 'node:fs';
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

/** File systems that make up what they have (/proc, many of FUSE) say 0 of what may be long. */
const UNTOLD_BYTES = 4096;

/** Blocks up to this size are written on this thread: handing one over to another costs more than writing it. */
const WRITTEN_HERE_BYTES = 64 * 1024;

/**
 * Copies a file that is open into a new one, which is open too and empty, with its times, onto the disk. Shares the
 * blocks where the file system can; else runs of zeros become holes, as they most likely were.
 * @param target descriptor of the new file, for reading and writing; stays open
 * @param onBytes called with how many bytes more are there
 * @throws SluiceError source_changed; the signal's reason; or what the system throws
 */
export async function copyContent(
  file: OpenedFile,
  target: number,
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<void> {
  const isShared = file.withDescriptor(descriptor => fileCalls().shareBlocks(descriptor, target));
  const checksum = isShared ? undefined : await copyBlocks(file, target, signal, onBytes);
  if (isShared) onBytes(file.stats.size);
  signal.throwIfAborted();
  // A moment's blocks that are shared are no mixture.
  const ctimeMs = isShared ? undefined : file.stats.ctimeMs;
  await assertStillSame(file, { identity: identityOf(file.stats), ctimeMs }, checksum, signal);
  futimesSync(target, file.stats.atimeMs / 1000, file.stats.mtimeMs / 1000);
  await flushed(target);
}

/** @returns the CRC32 of what was copied, in S3's form */
async function copyBlocks(
  file: OpenedFile,
  target: number,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<string> {
  const { size } = file.stats;
  // No larger than the file: a block each for thousands of small files keeps the garbage collector busy.
  const buffer = Buffer.allocUnsafe(size === 0 ? UNTOLD_BYTES : Math.min(BLOCK_BYTES, size + 1));
  let checksum = 0;
  let done = 0;
  let writtenTo = 0;
  for (let isAtEnd = false; !isAtEnd; ) {
    signal.throwIfAborted();
    const bytes = await file.read(buffer, 0, buffer.length, done);
    const block = buffer.subarray(0, bytes);
    checksum = crc32(block, checksum);
    writtenTo = (await writeData(target, block, done)) ?? writtenTo;
    onBytes(bytes);
    done += bytes;
    // Fewer than asked for, and as many as it has: what was appended since, its time tells.
    isAtEnd = bytes === 0 || (bytes < buffer.length && done === size);
  }
  if (writtenTo < done) ftruncateSync(target, done);
  return crc32Base64(checksum);
}

/** @returns where what was written ends; undefined where it was nothing but zeros */
async function writeData(target: number, block: Buffer, position: number): Promise<number | undefined> {
  let end: number | undefined;
  for (const [from, to] of dataRanges(block)) {
    for (let at = from; at < to; ) {
      at +=
        block.length <= WRITTEN_HERE_BYTES
          ? writeSync(target, block, at, to - at, position + at)
          : await written(target, block, at, to, position + at);
    }
    end = position + to;
  }
  return end;
}

function written(target: number, block: Buffer, from: number, to: number, position: number): Promise<number> {
  return new Promise((resolve, reject) =>
    write(target, block, from, to - from, position, (error, bytes) =>
      error ? reject(error) : resolve(bytes),
    ),
  );
}

/** Through the callback API: a promise and a handle for each step cost more than the steps. */
function flushed(target: number): Promise<void> {
  return new Promise((resolve, reject) => fsync(target, error => (error ? reject(error) : resolve())));
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
