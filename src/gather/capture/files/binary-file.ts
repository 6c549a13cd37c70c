import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncFolder, writeDurably } from '../../../base/durable-files.ts';
import { asSluiceError } from '../../../base/errors.ts';
import { makeFolder } from '../../../base/files/make-folder.ts';
import { IN_PROGRESS, SIDECAR } from './names.ts';

/** As the metadata of a binary reading has it, so that recovery tells whole ones from torn ones. */
export function binaryChecksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}

/**
 * Writes a binary reading and, beside it, its metadata: both under their names in progress, both on the disk, then
 * the metadata gets its final name, and the reading last. May be called again after a failure.
 * @throws SluiceError disk_full, disk_failed
 */
export async function writeBinary(path: string, bytes: Uint8Array, metadata: string): Promise<void> {
  try {
    await makeFolder(dirname(path));
    await writeDurably(path + SIDECAR + IN_PROGRESS, metadata);
    await writeDurably(path + IN_PROGRESS, bytes);
    await rename(path + SIDECAR + IN_PROGRESS, path + SIDECAR);
    await rename(path + IN_PROGRESS, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw asSluiceError(error, { operation: 'write a reading', subject: path });
  }
}
