/** A file system's room, as df(1) counts it: what is reserved for root counts as neither used nor usable. */
export interface DiskUsage {
  readonly usedBytes: number;
  /** Used and available together. */
  readonly usableBytes: number;
}

export interface DiskBudgetSettings {
  /** From this share on the disk counts as full. */
  readonly usageThreshold: number;
  /** Unsent readings give way only where they take at least this share of the disk. */
  readonly captureShareThreshold: number;
  /** How many unsent files there are for each that is deleted. */
  readonly deleteEveryNth: number;
}

/** What could give way and lose nothing by it. */
export interface Reclaimable {
  readonly name: string;
  readonly bytes: number;
}

/**
 * What gives way without a loss, in this order: kept copies of delivered files, then clones, which can be fetched
 * again. After them come only unsent readings, in the capture's own directory, which nobody else has.
 */
export function inOrderOfGivingWay<T>(deliveredFiles: T, clones: readonly T[]): readonly T[] {
  return [deliveredFiles, ...clones];
}

export interface DiskBudgetPlan {
  readonly usedShare: number;
  readonly full: boolean;
  /** To get below the threshold. */
  readonly neededBytes: number;
  /** What each gives, as far as it is needed; those that give nothing are left out. */
  readonly steps: readonly Reclaimable[];
  /** What is still needed after the steps. */
  readonly missingBytes: number;
  readonly captureShare: number;
  /** Whether unsent capture files go as well, since nothing else will do and they are to blame. */
  readonly losesReadings: boolean;
}

/**
 * Decides what gives way on a full disk: each in its order gives only what is still needed, and unsent readings
 * go last and only where they are to blame. Pure.
 * @param reclaimables in the order in which they give way
 * @param captureBytes what unsent readings take
 */
export function planBudget(
  { usedBytes, usableBytes }: DiskUsage,
  settings: Pick<DiskBudgetSettings, 'usageThreshold' | 'captureShareThreshold'>,
  reclaimables: readonly Reclaimable[],
  captureBytes: number,
): DiskBudgetPlan {
  const usedShare = usableBytes > 0 ? usedBytes / usableBytes : 0;
  const captureShare = usableBytes > 0 ? captureBytes / usableBytes : 0;
  const full = usableBytes > 0 && usedShare >= settings.usageThreshold;
  const neededBytes = full ? Math.floor(usedBytes - settings.usageThreshold * usableBytes) + 1 : 0;
  const steps: Reclaimable[] = [];
  let missingBytes = neededBytes;
  for (const { name, bytes } of reclaimables) {
    const given = Math.min(Math.max(0, bytes), missingBytes);
    if (given > 0) steps.push({ name, bytes: given });
    missingBytes -= given;
  }
  const losesReadings = missingBytes > 0 && captureShare >= settings.captureShareThreshold;
  return { usedShare, full, neededBytes, steps, missingBytes, captureShare, losesReadings };
}

/**
 * Takes every n-th of a list: index 0, n, 2n… One that cannot be taken at its turn is passed over without being
 * counted, so that the next one is taken instead.
 * @param take whether this one could be taken; called for those whose turn it is alone
 * @returns those taken
 */
export function takeEveryNth<T>(items: readonly T[], n: number, take: (item: T) => boolean): T[] {
  const taken: T[] = [];
  let index = 0;
  for (const item of items) {
    if (index % n === 0) {
      if (!take(item)) continue;
      taken.push(item);
    }
    index += 1;
  }
  return taken;
}
