import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { asSluiceError } from '../../../base/errors.ts';
import { formatBytes } from '../../../base/units.ts';
import type { CloneRecord } from '../../../keep/local/clone-records.ts';
import { withCloneClaim } from '../clone/claim.ts';
import { removeTree, scratchPath } from '../clone/directories.ts';
import type { CacheContext } from './context.ts';

/** `in use`: somebody holds its claim. `kept`: it is to go to cold storage first, and that is not there. */
export type EvictionOutcome = 'evicted' | 'in use' | 'kept' | 'not there';

/**
 * Evicts one clone: takes its claim, sends it to cold storage where there is one, moves it aside in one step, and
 * removes it. Whether it is pinned is the caller's to ask. Killed anywhere it leaves the clone whole, or a `tmp-*`
 * folder that the next start removes.
 */
export function evictClone(
  url: string,
  context: CacheContext,
  signal: AbortSignal,
): Promise<EvictionOutcome> {
  return withCloneClaim(url, context, signal, async inner => {
    const record = await context.clones.byUrl(url);
    if (!record?.onDisk) return 'not there';
    const copied = await sendAway(record, context, inner);
    if (!copied) return 'kept';
    inner.throwIfAborted();
    await removeClone(record, context);
    context.log.info(
      { target: url, bytes: record.bytes },
      `clone evicted: ${formatBytes(record.bytes)} freed`,
    );
    return 'evicted';
  });
}

/** Takes a clone out of the cache; its record stays. For the holder of its claim. */
export async function removeClone(
  { url, directory }: Pick<CloneRecord, 'url' | 'directory'>,
  { clones, settings }: Pick<CacheContext, 'clones' | 'settings'>,
): Promise<void> {
  const cache = settings().directory;
  const aside = scratchPath(cache);
  await rename(join(cache, directory), aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw asSluiceError(error, { operation: 'evict', subject: url });
  });
  await clones.change(url, { directory, onDisk: false, sized: true });
  await removeTree(aside);
}

/** Whether the clone may go: it is in cold storage now, or need not be. */
async function sendAway(record: CloneRecord, context: CacheContext, signal: AbortSignal): Promise<boolean> {
  const { clones, log, settings, cold } = context;
  const { directory, coldStorage, coldStorageUnavailable } = settings();
  if (!coldStorage) return true;
  try {
    const copy = await cold.offload(join(directory, record.directory), record, coldStorage, signal);
    await clones.change(record.url, { directory: record.directory, cold: copy });
    return true;
  } catch (error) {
    if (signal.aborted) throw error;
    const { code, message } = asSluiceError(error);
    log.warn({ target: record.url, code, reason: message }, `not sent to cold storage: ${message}`);
    // What broke inside the clone is no fault of the bucket's, and no reason to keep it.
    return coldStorageUnavailable === 'evict' || code === 'repository_corrupt' || code === 'git_failed';
  }
}
