import { randomUUID } from 'node:crypto';
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../../base/durable-files.ts';
import { SluiceError } from '../../../base/errors.ts';
import { makeFolder } from '../../../base/files/make-folder.ts';
import type { ObjectAddress, ObjectSource, TransferOptions } from '../bucket.ts';
import { crc32Base64 } from '../checksum.ts';
import { crc32 } from '../crc32.ts';
import { openSource } from '../source.ts';
import { codeOf, keyInvalid, makeDurableFolder } from './paths.ts';

const BLOCK_BYTES = 1024 * 1024;

/** What a temporary file holds, by what went into it. */
export interface Written {
  readonly path: string;
  readonly size: number;
  readonly crc32: string;
}

export interface WriteOptions extends TransferOptions {
  /** Modification time to give the file, in seconds since the epoch. */
  readonly mtimeSeconds?: number;
  /** Permissions to give the file; as the system makes them where absent. */
  readonly mode?: number | undefined;
}

/**
 * Copies sources, one after another, into a new temporary file in `folder`, syncs it and reads its size back. The file
 * is removed again when anything fails.
 */
export async function writeTemporary(
  folder: string,
  sources: readonly ObjectSource[],
  options: WriteOptions,
): Promise<Written> {
  await makeFolder(folder);
  const path = join(folder, `${randomUUID()}.tmp`);
  const handle = await open(path, 'wx', options.mode === undefined ? 0o666 : 0o600);
  try {
    let checksum = 0;
    let size = 0;
    for (const source of sources) {
      for await (const block of blocksOf(source)) {
        options.signal?.throwIfAborted();
        await writeFully(handle, block);
        checksum = crc32(block, checksum);
        size += block.length;
        options.onProgress?.(block.length);
      }
    }
    if (options.mode !== undefined) await keepMode(handle, options.mode);
    if (options.mtimeSeconds !== undefined) await handle.utimes(options.mtimeSeconds, options.mtimeSeconds);
    await handle.sync();
    const stored = (await handle.stat()).size;
    if (stored !== size)
      throw new SluiceError('checksum_mismatch', `${path}: ${stored} of ${size} bytes were stored`);
    await handle.close();
    return { path, size, crc32: crc32Base64(checksum) };
  } catch (error) {
    await handle.close();
    await rm(path, { force: true });
    throw error;
  }
}

/** File systems without permissions (FAT, some shares) refuse; the object is whole all the same. */
async function keepMode(handle: FileHandle, mode: number): Promise<void> {
  try {
    await handle.chmod(mode & 0o777);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'].includes(codeOf(error) ?? '')) throw error;
  }
}

async function writeFully(handle: FileHandle, block: Buffer): Promise<void> {
  for (let done = 0; done < block.length; ) {
    const { bytesWritten } = await handle.write(block, done, block.length - done);
    done += bytesWritten;
  }
}

async function* blocksOf(source: ObjectSource): AsyncGenerator<Buffer> {
  if ('body' in source) {
    if (source.body.length > 0) yield source.body;
    return;
  }
  const opened = await openSource(source);
  try {
    const buffer = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, source.size));
    for (let done = 0; done < source.size; ) {
      const wanted = Math.min(buffer.length, source.size - done);
      const bytesRead = await opened.read(buffer, 0, wanted, (source.offset ?? 0) + done);
      if (bytesRead === 0) {
        const words = `${source.path} ended after ${done} of ${source.size} bytes`;
        throw new SluiceError('source_changed', words, { subject: source.path });
      }
      done += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await opened.close();
  }
}

/** deleteObject prunes empty folders and may take one away just before the rename into it. */
const PRUNE_RACES = 20;

/**
 * Gives a temporary file its place, replacing what is there unless `onlyIfAbsent`; the name is durable on return.
 * Throws object_exists, and key_invalid where a folder has that name or an object stands in the way.
 */
export async function moveIntoPlace(
  temporary: string,
  target: { readonly bucket: string; readonly file: string },
  at: ObjectAddress,
  onlyIfAbsent: boolean,
): Promise<void> {
  const folder = dirname(target.file);
  for (let races = 0; ; races += 1) {
    try {
      await makeDurableFolder(folder, target.bucket);
      if (onlyIfAbsent) {
        await link(temporary, target.file);
        await rm(temporary);
      } else await rename(temporary, target.file);
      return await syncFolder(folder);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT' && races < PRUNE_RACES) continue;
      if (code === 'EISDIR' || code === 'ENOTEMPTY')
        throw keyInvalid(at, 'it is the beginning of other keys, so a folder');
      if (code === 'ENOTDIR') throw keyInvalid(at, 'its beginning is an object, not a folder');
      if (code === 'EEXIST') throw objectExists(error, target.file, at);
      throw error;
    }
  }
}

/** EEXIST from mkdir: a file where a folder should be. From link: the object is there. */
function objectExists(error: unknown, file: string, at: ObjectAddress): SluiceError {
  const isLink = error instanceof Error && 'dest' in error && error.dest === file;
  if (isLink)
    return new SluiceError('object_exists', `there is an object ${at.bucket}/${at.key} already`, {
      subject: at.key,
    });
  return keyInvalid(at, 'its beginning is an object, not a folder');
}
