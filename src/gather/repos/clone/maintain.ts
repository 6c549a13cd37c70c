import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asSluiceError, type SluiceError } from '../../../base/errors.ts';
import { runGit } from '../git/spawn.ts';

/** Every fetch leaves a pack; beyond so many, searches slow down and a repack pays. */
const MAX_PACKS = 50;

/**
 * Adds the reachable commits that it lacks to the commit-graph: walks and `--not` queries then cost what is
 * new. A history that no commit-graph can hold is still a history, only slower: that is answered as a warning.
 */
export async function writeCommitGraph(
  gitDir: string,
  signal?: AbortSignal,
): Promise<readonly SluiceError[]> {
  try {
    await runGit(['commit-graph', 'write', '--reachable', '--split', '--no-progress'], { gitDir, signal });
    return [];
  } catch (error) {
    const known = asSluiceError(error);
    if (known.code !== 'git_failed' && known.code !== 'repository_corrupt') throw known;
    return [known];
  }
}

/**
 * Consolidates packs and refs once there are many, so that speed and disk stay flat over thousands of fetches.
 * Call it after history was read, with the clone's claim held: commits that no ref reaches any more may
 * go. (From a lean clone git 2.39 never drops them; they are a few hundred bytes each.)
 * @returns whether there was something to do
 */
export async function maintainClone(
  gitDir: string,
  options: { readonly signal?: AbortSignal; readonly maxPacks?: number } = {},
): Promise<boolean> {
  const { signal, maxPacks = MAX_PACKS } = options;
  if ((await countPacks(gitDir)) <= maxPacks) return false;
  const git = { gitDir, signal };
  await runGit(['pack-refs', '--all', '--prune'], git);
  // Bitmaps need every object, which a lean clone has not; nobody fetches from these clones anyway.
  await runGit(['-c', 'repack.writeBitmaps=false', 'repack', '-a', '-d', '-q'], git);
  await runGit(['commit-graph', 'write', '--reachable', '--split=replace', '--no-progress'], git);
  return true;
}

async function countPacks(gitDir: string): Promise<number> {
  const names = await readdir(join(gitDir, 'objects', 'pack'));
  return names.filter(name => name.endsWith('.pack')).length;
}
