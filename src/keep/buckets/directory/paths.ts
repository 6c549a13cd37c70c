import { lstat, realpath } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { syncFolder } from '../../../base/durable-files.ts';
import { SluiceError } from '../../../base/errors.ts';
import { makeFolder } from '../../../base/files/make-folder.ts';
import type { ObjectAddress } from '../bucket.ts';
import { assertAddress, assertBucket } from '../names.ts';

/** Longest file name of the usual file systems, in bytes (NAME_MAX). */
const MAX_NAME_BYTES = 255;

/** Sub-folder of the store's folder for what is not yet an object; hidden, so never a bucket. */
export const WORK_FOLDER = '.sluice';

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** Names of files and folders below one folder that acts as object store; no key leads out of it. */
export class Paths {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Folder of a bucket. Throws bucket_missing where it is none; a symbolic link to a folder counts as one. */
  async bucket(bucket: string): Promise<string> {
    assertBucket(bucket);
    const path = join(this.root, bucket);
    try {
      const real = await realpath(path);
      if ((await lstat(real)).isDirectory()) return real;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw error;
    }
    throw new SluiceError('bucket_missing', `there is no folder "${bucket}" in ${this.root}`, {
      subject: bucket,
    });
  }

  /**
   * File of an object. Throws key_invalid for a key that cannot be a path here, bucket_missing, and key_invalid where a
   * symbolic link on the way would lead out of the bucket.
   */
  async object(at: ObjectAddress): Promise<{ readonly bucket: string; readonly file: string }> {
    assertAddress(at);
    for (const segment of at.key.split('/')) {
      if (Buffer.byteLength(segment) > MAX_NAME_BYTES) {
        throw keyInvalid(
          at,
          `"${segment.slice(0, 40)}…" is longer than the ${MAX_NAME_BYTES} bytes of a file name`,
        );
      }
    }
    const bucket = await this.bucket(at.bucket);
    const file = join(bucket, ...at.key.split('/'));
    await this.#assertInside(bucket, dirname(file), at);
    return { bucket, file };
  }

  /** Symbolic links are resolved as far as the folders exist; what is created below them stays inside. */
  async #assertInside(bucket: string, folder: string, at: ObjectAddress): Promise<void> {
    let existing = folder;
    for (;;) {
      try {
        const real = await realpath(existing);
        if (real === bucket || real.startsWith(bucket + sep)) return;
        throw keyInvalid(at, `${relative(bucket, existing)} is a link out of the bucket`);
      } catch (error) {
        if (codeOf(error) === 'ENOTDIR')
          throw keyInvalid(at, `${relative(bucket, dirname(existing))} is an object, not a folder`);
        if (codeOf(error) !== 'ENOENT') throw error;
        // A dangling link must not be created through.
        if (
          await lstat(existing).then(
            stats => stats.isSymbolicLink(),
            () => false,
          )
        ) {
          throw keyInvalid(at, `${relative(bucket, existing)} is a broken link`);
        }
        existing = dirname(existing);
      }
    }
  }
}

export function keyInvalid(at: ObjectAddress, why: string): SluiceError {
  return new SluiceError('key_invalid', `object key ${JSON.stringify(at.key)}: ${why}`, { subject: at.key });
}

/** Creates a folder with those above it and makes their names durable, up to but without `above`. */
export async function makeDurableFolder(folder: string, above: string): Promise<void> {
  const first = await makeFolder(folder);
  if (first === undefined) return;
  for (let path = folder; path !== above && path.startsWith(above); path = dirname(path)) {
    await syncFolder(dirname(path));
    if (path === first) return;
  }
}
