import { chooseEvictions, type Evictable, type Room, type Shortage } from './choose.ts';

/** What somebody wants to write beside what is written already. */
export interface RoomWish {
  /** What the clone will take; undefined where nobody knows. */
  readonly expectedBytes: number | undefined;
  /** A size that was measured here binds; a guess of the host's may be wrong, so that it alone refuses nothing. */
  readonly isMeasured: boolean;
  /** It has filled the disk beside others before: nothing else may grow beside it. */
  readonly isAlone: boolean;
  /** Somebody waits for it: before those on the schedule. */
  readonly isUrgent: boolean;
}

/** A clone that grows with leave. */
export interface Growth {
  /** What it was let grow by, and may still take of it. */
  readonly reservedBytes: number;
  readonly grownBytes: number;
  readonly isUnknown: boolean;
  readonly isAlone: boolean;
}

/** What clones take here, for one of which nothing is known. */
export interface UsualSizes {
  /** Three of four take no more. */
  readonly quartileBytes: number;
  readonly largestBytes: number;
}

/** A clone that could go if those in the way were done. */
export interface HeldClone extends Evictable {
  /** `work`: of this process; `waiter`: waits for room itself; `others`: their claims end without us; null: free. */
  readonly heldBy: 'work' | 'waiter' | 'others' | null;
}

/** The room, and who takes it. */
export interface RoomSituation {
  readonly clones: readonly HeldClone[];
  /** Without what is expected: `neededBytes` is not read. */
  readonly room: Omit<Room, 'neededBytes'>;
  readonly growths: readonly Growth[];
  /** What half-made clones of other processes take. */
  readonly foreignBytes: number;
  /** Work of this process in clones, with leave or without (a fetch into a clone that is there). */
  readonly busy: number;
  readonly usual: UsualSizes;
}

/** What becomes of a wish. */
export type RoomAnswer =
  /** It may grow, once evictions have made room for all of `neededBytes`. */
  | {
      readonly answer: 'admit';
      readonly reservedBytes: number;
      readonly neededBytes: number;
      readonly isUnknown: boolean;
    }
  /** Others must end first: this process's work, other holders of claims, or others that wait and hold a clone. */
  | {
      readonly answer: 'wait';
      readonly on: 'work' | 'others' | 'waiter';
      readonly short: Shortage | undefined;
    }
  /** Not even alone. */
  | { readonly answer: 'refuse'; readonly short: Shortage };

/** What clones usually take where none is known yet: most histories without files take less. */
export const FIRST_GUESS_BYTES = 32 * 2 ** 20;

/** The usual sizes of clones that take or took so much. */
export function usualSizes(bytes: readonly number[]): UsualSizes {
  const sorted = bytes.filter(size => size > 0).sort((a, b) => a - b);
  const largestBytes = sorted.at(-1);
  if (largestBytes === undefined)
    return { quartileBytes: FIRST_GUESS_BYTES, largestBytes: FIRST_GUESS_BYTES };
  return { quartileBytes: sorted[Math.ceil(sorted.length * 0.75) - 1] ?? largestBytes, largestBytes };
}

/** What has been let grow and is not written yet. */
export function outstandingBytes(growths: readonly Growth[]): number {
  return growths.reduce((sum, growth) => sum + Math.max(0, growth.reservedBytes - growth.grownBytes), 0);
}

/**
 * Whether one more clone may grow now. Pure. With plenty of room nobody waits; where it is scarce at most one grows of
 * which nobody knows how far, and what is known to take more than is left waits for those that are at work.
 */
export function decideAdmission(wish: RoomWish, situation: RoomSituation): RoomAnswer {
  const { growths, usual } = situation;
  const outstanding = outstandingBytes(growths);
  const { expectedBytes } = wish;
  if (growths.some(({ isAlone }) => isAlone) || (wish.isAlone && growths.length > 0))
    return { answer: 'wait', on: 'work', short: undefined };
  const admit = (reservedBytes: number, isUnknown: boolean): RoomAnswer => ({
    answer: 'admit',
    reservedBytes,
    neededBytes: outstanding + reservedBytes,
    isUnknown,
  });
  if (expectedBytes !== undefined) {
    const short = shortOf(situation, outstanding + expectedBytes);
    if (!short) return admit(expectedBytes, false);
    if (wish.isMeasured) return waitOrRefuse(situation, outstanding + expectedBytes, short);
    if (situation.busy > 0) return { answer: 'wait', on: 'work', short };
  } else {
    const isScarce = shortOf(situation, cautiousBytes(growths, usual) + usual.largestBytes) !== undefined;
    if (isScarce && growths.some(({ isUnknown }) => isUnknown))
      return { answer: 'wait', on: 'work', short: undefined };
    const short = shortOf(situation, outstanding + usual.quartileBytes);
    if (!short) return admit(usual.quartileBytes, true);
    if (situation.busy > 0) return { answer: 'wait', on: 'work', short };
  }
  // Alone, and it may be smaller than what is expected.
  const short = shortOf(situation, outstanding);
  return short ? waitOrRefuse(situation, outstanding, short) : admit(0, true);
}

/** What is expected of all that grows, when those of which nobody knows become as large as the largest here. */
function cautiousBytes(growths: readonly Growth[], { largestBytes }: UsualSizes): number {
  return outstandingBytes(
    growths.map(growth => ({
      ...growth,
      reservedBytes: growth.isUnknown ? Math.max(largestBytes, growth.reservedBytes) : growth.reservedBytes,
    })),
  );
}

function waitOrRefuse(situation: RoomSituation, neededBytes: number, short: Shortage): RoomAnswer {
  if (situation.busy > 0) return { answer: 'wait', on: 'work', short };
  const { foreignBytes, clones } = situation;
  const room = situation.room;
  const withoutOthers = {
    ...situation,
    room: {
      ...room,
      freeBytes: room.freeBytes + foreignBytes,
      usedBytes: Math.max(0, room.usedBytes - foreignBytes),
    },
    clones: clones.map(clone => (clone.heldBy === 'others' ? { ...clone, inUse: false } : clone)),
  };
  const isHeldByOthers = foreignBytes > 0 || clones.some(({ heldBy }) => heldBy === 'others');
  if (isHeldByOthers && !shortOf(withoutOthers, neededBytes)) return { answer: 'wait', on: 'others', short };
  const withoutWaiters = {
    ...withoutOthers,
    clones: withoutOthers.clones.map(clone =>
      clone.heldBy === 'waiter' ? { ...clone, inUse: false } : clone,
    ),
  };
  const isHeldByWaiter = clones.some(({ heldBy }) => heldBy === 'waiter');
  if (isHeldByWaiter && !shortOf(withoutWaiters, neededBytes)) return { answer: 'wait', on: 'waiter', short };
  return { answer: 'refuse', short };
}

function shortOf(
  { clones, room }: Pick<RoomSituation, 'clones' | 'room'>,
  neededBytes: number,
): Shortage | undefined {
  return chooseEvictions(clones, { ...room, neededBytes }).short;
}
