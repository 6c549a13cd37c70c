import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { SluiceError } from '../../../base/errors.ts';
import type { FileIdentity } from '../../../keep/local/journal.ts';
import { codeOf, identityOf, sameIdentity } from '../../spool/spool.ts';

/** Up to here a file is read on this thread: it has just been written and costs less than the way to another one. */
const AT_ONCE_BYTES = 64 * 1024;

/**
 * Reads a file as one unchanged whole: the content of exactly that identity before and after (S9).
 * @throws SluiceError source_changed, source_missing; or what the system throws
 */
export async function readWhole(path: string, expected: FileIdentity): Promise<Buffer> {
  try {
    return expected.size <= AT_ONCE_BYTES ? readAtOnce(path, expected) : await readOnThread(path, expected);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw missing(path);
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

function assertSame(path: string, expected: FileIdentity, found: Stats, bytes: number): void {
  if (bytes === expected.size && sameIdentity(identityOf(found), expected)) return;
  throw changed(path);
}

export function changed(path: string): SluiceError {
  return new SluiceError('source_changed', `${path} changed while it was being sent`, { subject: path });
}

export function missing(path: string): SluiceError {
  return new SluiceError('source_missing', `${path} is no longer there`, { subject: path });
}
