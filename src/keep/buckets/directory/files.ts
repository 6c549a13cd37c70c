import type { BigIntStats } from 'node:fs';
import { lstat, open, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectProperties } from '../bucket.ts';
import { crc32Base64 } from '../checksum.ts';
import { crc32 } from '../crc32.ts';
import { codeOf } from './paths.ts';

/** Stats of an object's file; undefined where there is no regular file. Links are not followed out of the bucket. */
export async function statsOf(file: string): Promise<BigIntStats | undefined> {
  try {
    const stats = await lstat(file, { bigint: true });
    return stats.isFile() ? stats : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

export function etagOf(stats: BigIntStats): string {
  return `"${stats.ino.toString(36)}-${stats.size.toString(36)}-${stats.mtimeNs.toString(36)}"`;
}

/** `1700000000.25`: as rclone and s3cmd write mtime. */
export function secondsOf(nanoseconds: bigint): string {
  const fraction = String(nanoseconds % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${nanoseconds / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
}

export function mtimeOf(options: ObjectProperties): number | undefined {
  const text = options.metadata?.mtime;
  if (text === undefined || !/^\d{1,11}(\.\d+)?$/.test(text)) return undefined;
  return Number(text);
}

export async function fileChecksum(file: string, signal: AbortSignal | undefined): Promise<string> {
  const handle = await open(file, 'r');
  try {
    let checksum = 0;
    const stream = handle.createReadStream({ autoClose: false, highWaterMark: 1024 * 1024 });
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      checksum = crc32(chunk, checksum);
    }
    return crc32Base64(checksum);
  } finally {
    await handle.close();
  }
}

export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ELOOP') return false;
    throw error;
  }
}

/** Whether the folder is gone now. */
export async function removeEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true;
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST' || codeOf(error) === 'EBUSY')
      return false;
    throw error;
  }
}

/** Temporary files that no running process can still be writing. */
const STALE_MS = 24 * 3_600_000;

/** Removes what crashed processes left in the folder of temporary files. Other stations may be using it, too. */
export async function removeStale(folder: string, nowMs: number): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  for (const name of names) {
    const path = join(folder, name);
    // Modification times are set to the source's own; change times cannot be.
    const stats = await statsOf(path);
    if (stats !== undefined && nowMs - Number(stats.ctimeMs) > STALE_MS) await rm(path, { force: true });
  }
}
