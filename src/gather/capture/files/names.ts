import { basename } from 'node:path';
import type { Random } from '../../../base/random.ts';
import type { FileAddress } from '../../../keep/local/journal.ts';
import type { CollectorPlan } from '../settings.ts';

/** A file in progress has this after its final name; nothing that ends in it leaves the capture folder. */
export const IN_PROGRESS = '.prog';
/** Lines of readings. */
export const LINES = '.ndjson';
/** The metadata of a binary reading stands beside it, in a file of its name with this after it. */
export const SIDECAR = '.json';

/** The folder of a collector's files, below the capture folder and below `incoming` alike. Pure. */
export function collectorFolder({ to, name }: Pick<CollectorPlan, 'to' | 'name'>): string {
  return [to.profile, to.bucket, to.prefix, name].filter(part => part !== '').join('/');
}

/** `20261122T190400.123Z-3f9a1c`: sorts by time; the random part keeps two apart when a clock was set back. */
export function stemOf(nowMs: number, random: Random): string {
  const time = new Date(nowMs).toISOString().replace(/[-:]/g, '');
  const salt = Math.floor(random() * 0x1000000);
  return `${time}-${salt.toString(16).padStart(6, '0')}`;
}

/** Where a path below the capture folder goes; undefined where it names no profile, bucket and file. Pure. */
export function addressOfPath(relative: string): FileAddress | undefined {
  const [profile, bucket, ...rest] = relative.split('/');
  if (!profile || !bucket || rest.length === 0) return undefined;
  return { profile, bucket, filepath: rest.join('/') };
}

/** Whether a name, in progress or not, is that of a binary reading's metadata. */
export function isSidecar(path: string): boolean {
  return isCaptureName(path) && /Z-[0-9a-f]{6}\.[A-Za-z0-9]+\.json(\.prog)?$/.test(path);
}

/** Whether a name is one that capture gives: anything else in its folder is somebody else's. */
export function isCaptureName(path: string): boolean {
  return /^\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{6}\.[A-Za-z0-9]+(\.json)?(\.prog)?$/.test(basename(path));
}
