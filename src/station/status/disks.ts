import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../config/schema.ts';

/** A file system that something of the station lies on. */
export interface StationDisk {
  /** What lies there: `spool`, `captures`, `clones`, `database`, `root`. */
  readonly holds: readonly string[];
  /** One of the folders on it. */
  readonly path: string;
  readonly freeBytes: number;
  /** What is used and what is free to us, together. */
  readonly totalBytes: number;
  readonly freeInodes: number;
  /** 0 where the file system has no limit on them. */
  readonly totalInodes: number;
}

/**
 * Every file system that the station uses, the spool's first; folders that are not there are left out. Never rejects.
 */
export async function stationDisks(
  config: Pick<Config, 'root' | 'database'> & {
    readonly deliver: Pick<Config['deliver'], 'directory'>;
    readonly capture: Pick<Config['capture'], 'directory'>;
    readonly cache: Pick<Config['cache'], 'directory'>;
  },
): Promise<StationDisk[]> {
  const places: readonly (readonly [what: string, path: string])[] = [
    ['spool', config.deliver.directory],
    ['captures', config.capture.directory],
    ['clones', config.cache.directory],
    ['database', dirname(config.database)],
    ['root', config.root],
  ];
  const disks = new Map<number, StationDisk>();
  for (const [what, path] of places) {
    try {
      const { dev } = await stat(path);
      const known = disks.get(dev);
      if (known) disks.set(dev, { ...known, holds: [...known.holds, what] });
      else disks.set(dev, { holds: [what], path, ...(await roomOf(path)) });
    } catch {
      // It is not there yet, or cannot be looked at: nothing of the station is on it.
    }
  }
  return [...disks.values()];
}

async function roomOf(path: string): Promise<Omit<StationDisk, 'holds' | 'path'>> {
  const { bavail, bfree, blocks, bsize, ffree, files } = await statfs(path);
  // What the system keeps for itself, or a quota keeps from us, is neither used nor to be had: as df has it.
  const totalBytes = (blocks - bfree + bavail) * bsize;
  return { freeBytes: bavail * bsize, totalBytes, freeInodes: ffree, totalInodes: files };
}
