import { join } from 'node:path';
import type { BakeContext, BakeProgress } from '../bake/bake.ts';
import { type BakeJob, remoteOf } from '../bake/job.ts';
import { syncClone } from '../clone/clone.ts';
import { cloneDirectoryName } from '../clone/directories.ts';
import { openClone } from '../clone/open.ts';
import { type ChurnPassResult, churnPass } from './pass.ts';

/** One turn of a repository's churn; plain data, so that it can go to another thread. */
export interface ChurnJob extends BakeJob {
  /** Larger files count as binary. */
  readonly largestFileBytes: number;
  /** Git processes that read side by side. */
  readonly processes: number;
  /** After so long the clone is given back; no bound when absent. */
  readonly sliceMs?: number | undefined;
}

/** How many commits this turn has dealt with. */
export interface ChurnProgress {
  readonly phase: 'churn';
  readonly commits: number;
}

/** What a turn works with: as a bake, with progress of its own. */
export interface ChurnSliceContext extends Omit<BakeContext, 'onProgress'> {
  readonly onProgress: (progress: BakeProgress | ChurnProgress) => void;
}

/**
 * Reads churn for a while: a lean clone is first replaced by a full one, since churn needs the files. The caller holds
 * the repository's claim. May be repeated and interrupted anywhere. Throws as `bake` does.
 */
export async function churnSlice(job: ChurnJob, context: ChurnSliceContext): Promise<ChurnPassResult> {
  const { store, clock, signal, onProgress } = context;
  const { largestFileBytes, processes, sliceMs } = job;
  const writer = store.churn(job.repositoryId, job.claim);
  // Before anything is fetched: most turns after a bake without news end here.
  if ((await writer.waiting(1)).length === 0) return { commits: 0, complete: true };
  return churnPass({
    gitDir: await fullClone(job, context),
    writer,
    clock,
    signal,
    largestFileBytes,
    processes,
    sliceMs,
    onProgress: commits => onProgress({ phase: 'churn', commits }),
  });
}

async function fullClone(job: ChurnJob, { signal, onProgress }: ChurnSliceContext): Promise<string> {
  const directory = join(job.cacheDirectory, cloneDirectoryName(job.address.url));
  const existing = await openClone(directory, signal);
  if (existing && !existing.lean) return existing.gitDir;
  const { gitDir } = await syncClone({
    directory,
    remote: remoteOf(job),
    lean: false,
    tags: job.tags,
    idleTimeoutMs: job.idleTimeoutMs,
    signal,
    onProgress: ({ phase, percent, done }) =>
      onProgress({
        phase: 'fetch',
        text: percent === undefined ? `${phase}: ${done}` : `${phase}: ${percent}%`,
      }),
  });
  return gitDir;
}
