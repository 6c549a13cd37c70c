/** What of a clone decides whether it may go, and when. */
export interface Evictable {
  readonly url: string;
  readonly bytes: number;
  readonly lastUsedAtMs: number;
  readonly pinned: boolean;
  /** Somebody holds its claim: it is being fetched, read or sent away. */
  readonly inUse: boolean;
}

/** The room there is and the room there must be, in bytes. */
export interface Room {
  readonly freeBytes: number;
  /** Of the file system that holds the cache; to be left free. */
  readonly minFreeBytes: number;
  /** What all clones take now, those half made included. */
  readonly usedBytes: number;
  /** What they may take; undefined for no limit but the disk. */
  readonly maxBytes: number | undefined;
  /** What is about to be written, as far as that is known. */
  readonly neededBytes: number;
}

/** Which clones go, and what is short when they have gone. */
export type Choice<Clone extends Evictable = Evictable> =
  /** Evicted in this order they make enough room; none where there is enough. */
  | { readonly evict: readonly Clone[]; readonly short: undefined }
  /** Even all of `evict`, every clone that may go, would leave too little. */
  | { readonly evict: readonly Clone[]; readonly short: Shortage };

/** Why there is no room, in figures for the message. */
export interface Shortage {
  readonly missingBytes: number;
  /** Which bound is the tighter one. */
  readonly bound: 'minFreeDisk' | 'maxSize';
  readonly pinnedBytes: number;
  readonly inUseBytes: number;
}

/** Bytes that must go so that both bounds are kept; 0 or less when there is room. */
export function missingBytes(room: Room): number {
  return Math.max(missingOnDisk(room), missingInSize(room));
}

function missingOnDisk({ freeBytes, minFreeBytes, neededBytes }: Room): number {
  return minFreeBytes + neededBytes - freeBytes;
}

function missingInSize({ usedBytes, maxBytes, neededBytes }: Room): number {
  return maxBytes === undefined ? Number.NEGATIVE_INFINITY : usedBytes + neededBytes - maxBytes;
}

/** Clones that may go at all, least recently used first; equals by name, so that the order is always the same. */
export function evictionOrder<Clone extends Evictable>(clones: readonly Clone[]): Clone[] {
  return clones
    .filter(({ pinned, inUse, bytes }) => !pinned && !inUse && bytes > 0)
    .sort((a, b) => a.lastUsedAtMs - b.lastUsedAtMs || (a.url < b.url ? -1 : 1));
}

/**
 * Which clones go so that there is room. Pure. Never one that is pinned or in use; least recently used
 * first, and no more than needed: a pinned or busy one is passed over and blocks none behind it.
 */
export function chooseEvictions<Clone extends Evictable>(
  clones: readonly Clone[],
  room: Room,
): Choice<Clone> {
  const missing = missingBytes(room);
  const evict: Clone[] = [];
  let freedBytes = 0;
  for (const clone of evictionOrder(clones)) {
    if (freedBytes >= missing) break;
    evict.push(clone);
    freedBytes += clone.bytes;
  }
  if (freedBytes >= missing) return { evict, short: undefined };
  return { evict, short: shortage(clones, room, missing - freedBytes) };
}

function shortage(clones: readonly Evictable[], room: Room, missing: number): Shortage {
  const sum = (some: readonly Evictable[]): number => some.reduce((total, { bytes }) => total + bytes, 0);
  return {
    missingBytes: missing,
    bound: missingInSize(room) > missingOnDisk(room) ? 'maxSize' : 'minFreeDisk',
    pinnedBytes: sum(clones.filter(({ pinned }) => pinned)),
    inUseBytes: sum(clones.filter(({ pinned, inUse }) => inUse && !pinned)),
  };
}
