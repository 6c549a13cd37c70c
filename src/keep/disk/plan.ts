/** So much of a disk, of each of the two things that it can run short of. */
export interface DiskRoom {
  readonly bytes: number;
  /** Files, folders and links; a file system has so many of them and no more. */
  readonly inodes: number;
}

/**
 * A file system's room, as df(1) and `df -i` count it: what is reserved for root counts as neither used nor usable. Of
 * a file system without a limit on inodes (Btrfs) none are used and none are usable.
 */
export interface DiskUsage {
  readonly usedBytes: number;
  /** Used and available together. */
  readonly usableBytes: number;
  readonly usedInodes: number;
  readonly usableInodes: number;
}

export interface DiskBudgetSettings {
  /** From this share on, of bytes or of inodes, the disk counts as full. */
  readonly usageThreshold: number;
  /** Unsent readings give way only where they take at least this share of the disk. */
  readonly captureShareThreshold: number;
  /** How many unsent files there are for each that is deleted. */
  readonly deleteEveryNth: number;
}

/** What could give way and lose nothing by it. */
export interface Reclaimable extends DiskRoom {
  readonly name: string;
}

/**
 * What gives way without a loss, in this order: kept copies of delivered files, then clones, which can be fetched
 * again. After them come only unsent readings, in the capture's own directory, which nobody else has.
 */
export function inOrderOfGivingWay<T>(deliveredFiles: T, clones: readonly T[]): readonly T[] {
  return [deliveredFiles, ...clones];
}

export interface DiskBudgetPlan {
  /** Of bytes. */
  readonly usedShare: number;
  /** 0 where the file system has no limit on them. */
  readonly usedInodeShare: number;
  /** By bytes or by inodes. */
  readonly full: boolean;
  /** To get below the threshold. */
  readonly neededBytes: number;
  readonly neededInodes: number;
  /** What each gives, as far as it is needed; those that give nothing are left out. */
  readonly steps: readonly Reclaimable[];
  /** What is still needed after the steps. */
  readonly missingBytes: number;
  readonly missingInodes: number;
  /** What unsent readings take, of bytes and of inodes. */
  readonly captureShare: number;
  readonly captureInodeShare: number;
  /** Whether unsent capture files go as well, since nothing else will do and they are to blame. */
  readonly losesReadings: boolean;
}

type Thresholds = Pick<DiskBudgetSettings, 'usageThreshold' | 'captureShareThreshold'>;

/**
 * Decides what gives way on a full disk: each in its order gives only what is still needed, and unsent readings
 * go last and only where they are to blame for what is short, bytes or inodes. Pure.
 * @param reclaimables in the order in which they give way
 * @param captures what unsent readings take
 */
export function planBudget(
  usage: DiskUsage,
  settings: Thresholds,
  reclaimables: readonly Reclaimable[],
  captures: DiskRoom,
): DiskBudgetPlan {
  const supplies = (of: keyof DiskRoom): number[] => reclaimables.map(one => one[of]);
  const bytes = planOne(usage.usedBytes, usage.usableBytes, settings, supplies('bytes'), captures.bytes);
  const inodes = planOne(usage.usedInodes, usage.usableInodes, settings, supplies('inodes'), captures.inodes);
  const steps = reclaimables.map(({ name }, index) => ({
    name,
    bytes: bytes.given[index] ?? 0,
    inodes: inodes.given[index] ?? 0,
  }));
  return {
    usedShare: bytes.usedShare,
    usedInodeShare: inodes.usedShare,
    full: bytes.full || inodes.full,
    neededBytes: bytes.needed,
    neededInodes: inodes.needed,
    steps: steps.filter(step => step.bytes > 0 || step.inodes > 0),
    missingBytes: bytes.missing,
    missingInodes: inodes.missing,
    captureShare: bytes.captureShare,
    captureInodeShare: inodes.captureShare,
    losesReadings: bytes.blamesCaptures || inodes.blamesCaptures,
  };
}

/** The plan for one of the two. Pure. */
function planOne(
  used: number,
  usable: number,
  { usageThreshold, captureShareThreshold }: Thresholds,
  supplies: readonly number[],
  captures: number,
) {
  const usedShare = usable > 0 ? used / usable : 0;
  const captureShare = usable > 0 ? captures / usable : 0;
  const full = usable > 0 && usedShare >= usageThreshold;
  const needed = full ? Math.floor(used - usageThreshold * usable) + 1 : 0;
  let missing = needed;
  const given = supplies.map(supply => {
    const part = Math.min(Math.max(0, supply), missing);
    missing -= part;
    return part;
  });
  const blamesCaptures = missing > 0 && captureShare >= captureShareThreshold;
  return { usedShare, captureShare, full, needed, given, missing, blamesCaptures };
}

/**
 * Takes every n-th of a list: index 0, n, 2n… One that cannot be taken at its turn is passed over without being
 * counted, so that the next one is taken instead.
 * @param take whether this one could be taken; called one after the other, for those whose turn it is alone
 * @returns those taken
 */
export async function takeEveryNth<T>(
  items: readonly T[],
  n: number,
  take: (item: T) => boolean | Promise<boolean>,
): Promise<T[]> {
  const taken: T[] = [];
  let index = 0;
  for (const item of items) {
    if (index % n === 0) {
      if (!(await take(item))) continue;
      taken.push(item);
    }
    index += 1;
  }
  return taken;
}
