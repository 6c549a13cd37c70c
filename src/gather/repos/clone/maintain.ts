import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asSluiceError, type SluiceError } from '../../../base/errors.ts';
import { runGit } from '../git/spawn.ts';

/** Every fetch leaves a pack; beyond so many, searches slow down and a repack pays. */
const MAX_PACKS = 50;

/** What makes reading faster may take so long, and be silent for so long; then it is left. */
const GRAPH_BOUNDS = { timeoutMs: 10 * 60_000, idleTimeoutMs: 60_000 };
const REPACK_BOUNDS = { timeoutMs: 30 * 60_000 };

/**
 * Numbers of generations by topology alone: those by date make git spin for ever over commits whose times are near 2⁶³,
 * and gain nothing for questions about refs.
 */
const BY_TOPOLOGY = ['-c', 'commitGraph.generationVersion=1'];

/**
 * Adds the reachable commits that it lacks to the commit-graph: walks and `--not` queries then cost what is
 * new. A history that no commit-graph can hold, or none in time, is still a history, only slower: that is answered as a
 * warning.
 */
export async function writeCommitGraph(
  gitDir: string,
  signal?: AbortSignal,
  bounds: { readonly timeoutMs: number; readonly idleTimeoutMs: number } = GRAPH_BOUNDS,
): Promise<readonly SluiceError[]> {
  // Progress is what tells a long one from one that is stuck.
  const args = ['commit-graph', 'write', '--reachable', '--split', '--progress'];
  return warnings(runGit([...BY_TOPOLOGY, ...args], { gitDir, signal, ...bounds }));
}

/**
 * Consolidates packs once there are many, so that speed and disk stay flat over thousands of fetches.
 * Call it after history was read, with the clone's claim held: commits that no ref reaches any more may
 * go. (From a lean clone git 2.39 never drops them; they are a few hundred bytes each.)
 * @returns whether there was something to do, and why it could not be done, which does no harm
 */
export async function maintainClone(
  gitDir: string,
  options: { readonly signal?: AbortSignal; readonly maxPacks?: number } = {},
): Promise<{ readonly done: boolean; readonly warnings: readonly SluiceError[] }> {
  const { signal, maxPacks = MAX_PACKS } = options;
  if ((await countPacks(gitDir)) <= maxPacks) return { done: false, warnings: [] };
  // Bitmaps need every object, which a lean clone has not; nobody fetches from these clones anyway.
  const repack = ['-c', 'repack.writeBitmaps=false', 'repack', '-a', '-d', '-q'];
  const failed = await warnings(runGit(repack, { gitDir, signal, ...REPACK_BOUNDS }));
  if (failed.length > 0) return { done: false, warnings: failed };
  const graph = ['commit-graph', 'write', '--reachable', '--split=replace', '--progress'];
  return {
    done: true,
    warnings: await warnings(runGit([...BY_TOPOLOGY, ...graph], { gitDir, signal, ...GRAPH_BOUNDS })),
  };
}

/** Failures of what is no more than an improvement. Throws those that others must know of. */
async function warnings(work: Promise<unknown>): Promise<readonly SluiceError[]> {
  try {
    await work;
    return [];
  } catch (error) {
    const known = asSluiceError(error);
    if (!['git_failed', 'repository_corrupt', 'timed_out'].includes(known.code)) throw known;
    return [known];
  }
}

async function countPacks(gitDir: string): Promise<number> {
  const names = await readdir(join(gitDir, 'objects', 'pack'));
  return names.filter(name => name.endsWith('.pack')).length;
}
