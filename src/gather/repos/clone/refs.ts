import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { joinLines } from '../../../base/lines.ts';
import type { RefSnapshot } from '../../../keep/store/types.ts';
import { rawRefName, refNameOf } from '../git/ref-names.ts';
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
  const names = Array.from(tips.keys(), rawRefName).sort();
  yield* joinLines(names.values().map(raw => `${tips.get(refNameOf(raw))} ${raw}`));
}

async function replaceFile(path: string, content: Iterable<string>): Promise<void> {
  // Left by a process that was killed it is removed when the clone is opened.
  const lock = `${path}.lock`;
  await writeFile(lock, content, 'latin1');
  await rename(lock, path);
}
