import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { joinLines } from '../../../base/lines.ts';
import type { ObjectId, RefSnapshot } from '../../../keep/store/types.ts';
import { rawRefName } from '../git/ref-names.ts';
import { removeTree } from './directories.ts';

/**
 * The refs of a clone, written by us: git writes each to a file of its own, which takes minutes for a hundred thousand,
 * cannot hold long names, `x` beside `x/y`, or names that differ only in case on some disks, and gives up on all for
 * one. In one file (git-pack-refs(1)) there is room for all that git allows.
 */

/** Makes the clone's refs exactly these, in one step. The caller holds the claim. */
export async function writeRefs(gitDir: string, tips: RefSnapshot): Promise<void> {
  await replaceFile(join(gitDir, 'packed-refs'), packedRefs(tips));
  // Files of their own would go before the packed ones: older clones have some.
  const refs = join(gitDir, 'refs');
  for (const name of await readdir(refs)) await removeTree(join(refs, name));
}

/** Points the clone's HEAD at a ref, which need not be there. */
export async function writeHead(gitDir: string, ref: string): Promise<void> {
  await replaceFile(join(gitDir, 'HEAD'), [`ref: ${rawRefName(ref)}\n`]);
}

/**
 * The content of a packed-refs file in pieces, bytes as latin1: its names in the order of their bytes, which the first
 * line says.
 */
export function* packedRefs(tips: RefSnapshot): Generator<string> {
  yield '# pack-refs with: sorted \n';
  yield* joinLines(inOrderOfBytes(tips).map(([raw, id]) => `${id} ${raw}`));
}

/** A snapshot is mostly in that order: where a name is no UTF-8, its text may stand elsewhere than its bytes do. */
function inOrderOfBytes(tips: RefSnapshot): IteratorObject<readonly [string, ObjectId]> {
  const raw = (): IteratorObject<readonly [string, ObjectId]> =>
    tips.entries().map(([name, id]) => [rawRefName(name), id] as const);
  let before = '';
  for (const [name] of raw()) {
    if (name < before) return [...raw()].sort(([one], [other]) => (one < other ? -1 : 1)).values();
    before = name;
  }
  return raw();
}

async function replaceFile(path: string, content: Iterable<string>): Promise<void> {
  // Left by a process that was killed it is removed when the clone is opened.
  const lock = `${path}.lock`;
  await writeFile(lock, content, 'latin1');
  await rename(lock, path);
}
