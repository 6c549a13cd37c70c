import { join } from 'node:path';
import { addressKey } from '../address/same-address.ts';
import { urlOfRepositoryKey } from '../tracking/schedule.ts';
import {
  type Growth,
  type HeldClone,
  outstandingBytes,
  type RoomSituation,
  usualSizes,
} from './admission.ts';
import { missingBytes, type Room } from './choose.ts';
import type { CloneUse } from './clone-use.ts';
import type { CacheContext } from './context.ts';
import { diskUsage, scratchUsage } from './usage.ts';

/** More claims than this at once are not asked for. */
const MAX_CLAIMS = 10_000;

/** The room, with what is set aside. */
export type MeasuredRoom = RoomSituation & { readonly room: Room };

/**
 * The room, and who takes it, as evictions and admissions need to know it.
 * @param uses work of this process in clones
 * @param passed URLs of clones that could not be evicted just now: they count as in use
 */
export async function measureRoom(
  context: CacheContext,
  uses: readonly CloneUse[],
  passed: ReadonlySet<string> = new Set(),
): Promise<MeasuredRoom> {
  const { clones, queue, settings, freeBytes } = context;
  const { directory, minFreeBytes, maxBytes, neverEvict } = settings();
  const [records, running, scratchBytes, free, usages] = await Promise.all([
    clones.list(),
    queue.running(MAX_CLAIMS),
    scratchUsage(directory),
    freeBytes(directory),
    Promise.all(uses.map(async use => ({ use, ...(await use.usage()) }))),
  ]);
  const usual = usualSizes(records.map(({ bytes }) => bytes));
  const claimed = new Set(running.map(({ key }) => urlOfRepositoryKey(key)));
  const holders = new Map(uses.map(use => [use.path, use.state === 'waiting' ? 'waiter' : 'work'] as const));
  const there = records.filter(record => record.onDisk);
  const resting = there.filter(record => !holders.has(join(directory, record.directory)));
  const busyBytes = usages.reduce((sum, { placeBytes }) => sum + placeBytes, scratchBytes);
  const growing = usages.filter(({ use }) => use.state === 'growing');
  const growths = growing.map(({ use, grownBytes }): Growth => {
    const { reservedBytes, isUnknown, isAlone } = use;
    return { reservedBytes, isUnknown, isAlone, grownBytes };
  });
  const ownScratchBytes = usages.reduce(
    (sum, { use, placeBytes, grownBytes }) => sum + Math.max(0, grownBytes + use.beforeBytes - placeBytes),
    0,
  );
  return {
    clones: there.map(({ url, bytes, lastUsedAtMs, pinned, directory: name }): HeldClone => {
      const inUse = claimed.has(url);
      const heldBy = holders.get(join(directory, name)) ?? (inUse ? 'others' : null);
      const known = { url, bytes, lastUsedAtMs, pinned: pinned || neverEvict.has(addressKey(url)) };
      return { ...known, inUse: inUse || passed.has(url), heldBy };
    }),
    room: {
      freeBytes: free,
      minFreeBytes,
      maxBytes,
      usedBytes: resting.reduce((sum, { bytes }) => sum + bytes, busyBytes),
      // What has been written of it already shows in the other figures.
      neededBytes: outstandingBytes(growths),
    },
    growths,
    foreignBytes: Math.max(0, scratchBytes - ownScratchBytes),
    busy: uses.filter(({ state }) => state !== 'waiting').length,
    usual,
  };
}

/** What is missing for both budgets, less than 0 for room that is left; measured more cheaply than for evictions. */
export async function measureMissing(
  { clones, settings, freeBytes }: CacheContext,
  uses: readonly CloneUse[],
): Promise<number> {
  const { directory, minFreeBytes, maxBytes } = settings();
  const free = await freeBytes(directory);
  if (maxBytes === undefined) return minFreeBytes - free;
  const [totals, scratchBytes, ...grown] = await Promise.all([
    clones.totals(),
    scratchUsage(directory),
    ...uses.map(async ({ path, beforeBytes }) => Math.max(0, (await diskUsage(path)) - beforeBytes)),
  ]);
  const usedBytes = grown.reduce((sum, bytes) => sum + bytes, totals.bytes + scratchBytes);
  return missingBytes({ freeBytes: free, minFreeBytes, usedBytes, maxBytes, neededBytes: 0 });
}

/** What work in clones has written so far. */
export async function grownBytesOf(uses: readonly CloneUse[]): Promise<number> {
  const usages = await Promise.all(uses.map(use => use.usage()));
  return usages.reduce((sum, { grownBytes }) => sum + grownBytes, 0);
}
