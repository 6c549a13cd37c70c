import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Reclaimer } from '../../../keep/disk/budget.ts';
import type { CloneCache } from './clone-cache.ts';

/** The name of clones among what gives way on a full disk. */
const NAME = 'clones';

/**
 * What the disk budget of `directory` may take of the cache: nothing where the clones lie on another disk.
 * @param cache as it is when it is asked
 */
export function cloneReclaimer(
  cache: () => CloneCache,
  cacheDirectory: () => string,
  directory: string,
): Reclaimer {
  const isOnSameDisk = (): Promise<boolean> => areOnOneDisk(cacheDirectory(), directory);
  return {
    name: NAME,
    reclaimableBytes: async () => ((await isOnSameDisk()) ? cache().evictableBytes() : 0),
    free: async bytes => {
      if (!(await isOnSameDisk())) return { files: 0, bytes: 0 };
      const { evicted, freedBytes } = await cache().free(bytes);
      return { files: evicted.length, bytes: freedBytes };
    },
  };
}

/** The same by the records alone, for a plan without a station; changes nothing. */
export function recordedCloneReclaimer(
  cache: CloneCache,
  cacheDirectory: string,
  directory: string,
): Pick<Reclaimer, 'name' | 'reclaimableBytes'> {
  return {
    name: NAME,
    reclaimableBytes: async () =>
      existsSync(cacheDirectory) && (await areOnOneDisk(cacheDirectory, directory))
        ? cache.recordedEvictableBytes()
        : 0,
  };
}

async function areOnOneDisk(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([stat(one), stat(other)]);
  return first.dev === second.dev;
}
