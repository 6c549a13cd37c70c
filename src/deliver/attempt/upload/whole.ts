import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { SluiceError } from '../../../base/errors.ts';
import type { ObjectAddress, ObjectProperties, PutResult } from '../../../keep/buckets/bucket.ts';
import type { FileIdentity } from '../../../keep/local/journal.ts';
import { identityOf, regularFile, sameIdentity, systemErrorCode } from '../../spool/files.ts';
import type { Sending } from './sending.ts';

/** Up to here a file is read on this thread: it has just been written and costs less than the way to another one. */
const AT_ONCE_BYTES = 64 * 1024;

/**
 * Reads a file as one unchanged whole: the content of exactly that identity before and after.
 * @throws SluiceError source_changed, source_missing; or what the system throws
 */
export async function readWhole(path: string, expected: FileIdentity): Promise<Buffer> {
  try {
    return expected.size <= AT_ONCE_BYTES ? readAtOnce(path, expected) : await readOnThread(path, expected);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') throw sourceMissing(path);
    throw error;
  }
}

function readAtOnce(path: string, expected: FileIdentity): Buffer {
  const descriptor = openSync(path, 'r');
  try {
    // One byte more than expected: a file that has grown shows it.
    const buffer = Buffer.allocUnsafe(expected.size + 1);
    let filled = 0;
    for (let bytes = -1; bytes !== 0 && filled < buffer.length; filled += bytes) {
      bytes = readSync(descriptor, buffer, filled, buffer.length - filled, filled);
    }
    assertSame(path, expected, fstatSync(descriptor), filled);
    return buffer.subarray(0, filled);
  } finally {
    closeSync(descriptor);
  }
}

async function readOnThread(path: string, expected: FileIdentity): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(expected.size + 1);
    let filled = 0;
    for (let bytes = -1; bytes !== 0 && filled < buffer.length; filled += bytes) {
      bytes = (await handle.read(buffer, filled, buffer.length - filled, filled)).bytesRead;
    }
    assertSame(path, expected, await handle.stat(), filled);
    return buffer.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

function assertSame(path: string, expected: FileIdentity, stats: Stats, bytes: number): void {
  if (bytes === expected.size && sameIdentity(identityOf(stats), expected)) return;
  throw sourceChanged(path);
}

/**
 * Sends a large file whole, to a store without parts. The store makes the object visible after the last byte has
 * passed: a file that has changed by then is given up before.
 * @throws SluiceError source_changed; or what the store throws
 */
export async function sendFromDisk(
  { store, path, signal, onProgress }: Sending,
  at: ObjectAddress,
  identity: FileIdentity,
  properties: ObjectProperties,
): Promise<PutResult> {
  const torn = new AbortController();
  const isSame = (): boolean => {
    const stats = regularFile(path);
    return stats !== undefined && sameIdentity(identityOf(stats), identity);
  };
  let passed = 0;
  try {
    const result = await store.putObject(
      at,
      { path, size: identity.size },
      {
        ...properties,
        signal: AbortSignal.any([signal, torn.signal]),
        onProgress: bytes => {
          passed += bytes;
          onProgress(bytes);
          if (passed >= identity.size && !isSame()) torn.abort(sourceChanged(path));
        },
      },
    );
    if (!isSame()) throw sourceChanged(path);
    return result;
  } catch (error) {
    if (torn.signal.aborted) throw sourceChanged(path);
    throw error;
  }
}

/** The error of a file that is not what it was when it began to be sent. */
export function sourceChanged(path: string): SluiceError {
  return new SluiceError('source_changed', `${path} changed while it was being sent`, { subject: path });
}

/** The error of a file that is gone when it is to be sent. */
export function sourceMissing(path: string): SluiceError {
  return new SluiceError('source_missing', `${path} is no longer there`, { subject: path });
}
