import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { asSluiceError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import { formatBytes } from '../../../base/units.ts';
import type { Claim, Work } from '../../../engine/work/work.ts';
import type { CloneRecord, CloneRecords } from '../../../keep/store/clone-records.ts';
import { removeTree, scratchPath } from '../clone/scratch.ts';
import { LEASE_MS, whileHeld } from '../lease.ts';
import { keyOf, REPOSITORY_KIND, trackedRepository } from '../work.ts';
import type { ColdStorage } from './cold/cold-storage.ts';
import type { CacheSettings } from './settings.ts';

export interface EvictionTools {
  readonly clones: CloneRecords;
  readonly work: Work;
  readonly worker: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: () => CacheSettings;
  readonly cold: ColdStorage;
}

/** `in use`: somebody holds its claim. `kept`: it is to go to cold storage first, and that is not there. */
export type EvictionOutcome = 'evicted' | 'in use' | 'kept' | 'not there';

/** Why the cache holds a claim. An item with this reason was put by the cache itself, and goes with its claim. */
export const CACHE_REASON = 'the cache works on its clone';

/**
 * Evicts one clone: takes its claim, sends it to cold storage where there is one, moves it aside in one step, and
 * removes it. Whether it is pinned is the caller's to ask. Killed anywhere it leaves the clone whole, or a `tmp-*` folder
 * that the next start removes.
 */
export function evictClone(url: string, tools: EvictionTools, signal: AbortSignal): Promise<EvictionOutcome> {
  return withClone(url, tools, signal, async inner => {
    const record = await tools.clones.byUrl(url);
    if (!record?.onDisk) return 'not there';
    const copied = await sendAway(record, tools, inner);
    if (!copied) return 'kept';
    inner.throwIfAborted();
    await removeClone(record, tools);
    tools.log.info({ target: url, bytes: record.bytes }, `clone evicted: ${formatBytes(record.bytes)} freed`);
    return 'evicted';
  });
}

/** Takes a clone out of the cache; its record stays. For the holder of its claim. */
export async function removeClone(
  { url, directory }: Pick<CloneRecord, 'url' | 'directory'>,
  { clones, settings }: Pick<EvictionTools, 'clones' | 'settings'>,
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
async function sendAway(record: CloneRecord, tools: EvictionTools, signal: AbortSignal): Promise<boolean> {
  const { clones, log, settings, cold } = tools;
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

/**
 * Runs `action` with the claim on a repository's clone, which is the only lock on it. `in use` where somebody else has it,
 * or somebody waits for it first in line. What stood on the schedule stands there again afterwards as before.
 */
export async function withClone<T>(
  url: string,
  tools: Pick<EvictionTools, 'work' | 'worker' | 'clock'>,
  signal: AbortSignal,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T | 'in use'> {
  const { work } = tools;
  const claim = await claimClone(url, tools);
  if (!claim) return 'in use';
  try {
    return await whileHeld(claim, tools, lost => action(AbortSignal.any([signal, lost])));
  } finally {
    if (claim.reason === CACHE_REASON) await work.complete(claim, { nextAtMs: null });
    else await work.release(claim, { runAtMs: claim.runAtMs, reason: claim.reason });
  }
}

async function claimClone(
  url: string,
  { work, worker, clock }: Pick<EvictionTools, 'work' | 'worker' | 'clock'>,
): Promise<Claim | undefined> {
  const key = keyOf({ url });
  // Not due yet, so that no worker takes it before us.
  const { host } = trackedRepository(url, '/');
  const placement = { kind: REPOSITORY_KIND, group: host, runAtMs: clock.nowMs() + LEASE_MS };
  await work.put(key, { ...placement, reason: CACHE_REASON, ifAbsent: true });
  const [claim] = await work.claim({ worker, keys: [key], max: 1, leaseMs: LEASE_MS });
  if (claim?.priority !== 'high') return claim;
  await work.release(claim, { runAtMs: claim.runAtMs, reason: claim.reason });
  return undefined;
}
