import { randomUUID } from 'node:crypto';
import { lstat, open, readdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Serializer } from '../../../base/serializer.ts';
import type { ObjectAddress } from '../bucket.ts';
import { codeOf, keyInvalid } from './paths.ts';

/** Folders whose names are known to be their own; then they are looked at anew. */
const MAX_KNOWN = 1000;
/** A name, and what a file system may take for the same. */
const LIKE_NAMES: readonly (readonly [string, string])[] = [
  ['a', 'A'],
  ['\u00e9', 'e\u0301'],
];

/**
 * Names on file systems that take several for one: `a.txt` and `A.txt` on sticks, Windows shares and Macs. Two keys that
 * differ only so would be one file, and the second one would replace the first
 * (docs/decisions/0076-names-that-are-taken-for-one.md).
 */
export class FoldedNames {
  /** Whether a file system folds names, by its device. */
  readonly #folds = new Map<bigint, Promise<boolean>>();
  readonly #known = new Set<string>();
  /** Between the look at a name and its taking nothing else is put in place. */
  readonly #turns = new Serializer();

  /**
   * Puts an object in place by `move`.
   * @param folder one on the same file system, of device `device`, in which files may be made
   * @throws SluiceError key_invalid where the file system takes its name, or that of a folder on the way, for another one
   * that is there
   */
  async place(
    target: { readonly bucket: string; readonly file: string },
    at: ObjectAddress,
    { folder, device }: { readonly folder: string; readonly device: bigint },
    move: () => Promise<void>,
  ): Promise<void> {
    if (!(await this.#areFolded(folder, device))) return move();
    return this.#turns.run(async () => {
      await this.#assertOwn(target, at);
      await move();
    });
  }

  /** Folders may have gone, and come again under other names. */
  forget(): void {
    this.#known.clear();
  }

  #areFolded(folder: string, device: bigint): Promise<boolean> {
    const known = this.#folds.get(device);
    if (known) return known;
    const asked = foldsNames(folder);
    this.#folds.set(device, asked);
    asked.catch(() => this.#folds.delete(device));
    return asked;
  }

  async #assertOwn(
    { bucket, file }: { readonly bucket: string; readonly file: string },
    at: ObjectAddress,
  ): Promise<void> {
    const segments = relative(bucket, file).split('/');
    let path = bucket;
    for (const [index, name] of segments.entries()) {
      const folder = path;
      path = join(path, name);
      if (this.#known.has(path)) continue;
      const stats = await lstat(path).catch(error => {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      });
      if (!stats) return;
      const names = await readdir(folder);
      if (!names.includes(name)) {
        const other = names.find(one => folded(one) === folded(name)) ?? 'another name';
        const words = `the file system of the folder takes "${name}" for "${other}", which is there; rename one of them`;
        throw keyInvalid(at, words);
      }
      if (this.#known.size >= MAX_KNOWN) this.#known.clear();
      if (index < segments.length - 1) this.#known.add(path);
    }
  }
}

/** Makes a file under one name, and looks for it under another. */
async function foldsNames(folder: string): Promise<boolean> {
  for (const [name, like] of LIKE_NAMES) {
    const id = randomUUID();
    const path = join(folder, `${id}-${name}.tmp`);
    try {
      await (await open(path, 'wx')).close();
    } catch (error) {
      // Some know no such letters, and so none that are alike.
      if (['EILSEQ', 'EINVAL'].includes(codeOf(error) ?? '')) continue;
      throw error;
    }
    const isThere = await lstat(join(folder, `${id}-${like}.tmp`)).then(
      () => true,
      () => false,
    );
    await rm(path, { force: true });
    if (isThere) return true;
  }
  return false;
}

function folded(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
