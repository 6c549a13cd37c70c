import { existsSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
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
    reclaimable: async () => ({
      bytes: (await isOnSameDisk()) ? await cache().evictableBytes() : 0,
      inodes: 0,
    }),
    async free(needed) {
      const freed = { files: 0, bytes: 0 };
      if (!(await isOnSameDisk())) return freed;
      const give = async (bytes: number): Promise<boolean> => {
        const { evicted, freedBytes } = await cache().free(bytes);
        freed.files += evicted.length;
        freed.bytes += freedBytes;
        return evicted.length > 0;
      };
      const { ffree: before } = await statfs(directory);
      if (needed.bytes > 0) await give(needed.bytes);
      // How many inodes a clone takes is not on record: one after the other, until it is enough.
      while ((await statfs(directory)).ffree - before < needed.inodes && (await give(1)));
      return freed;
    },
  };
}

/** The same by the records alone, for a plan without a station; changes nothing. */
export function recordedCloneReclaimer(
  cache: CloneCache,
  cacheDirectory: string,
  directory: string,
): Pick<Reclaimer, 'name' | 'reclaimable'> {
  return {
    name: NAME,
    async reclaimable() {
      const isThere = existsSync(cacheDirectory) && (await areOnOneDisk(cacheDirectory, directory));
      return { bytes: isThere ? await cache.recordedEvictableBytes() : 0, inodes: 0 };
    },
  };
}

async function areOnOneDisk(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([stat(one), stat(other)]);
  return first.dev === second.dev;
}
