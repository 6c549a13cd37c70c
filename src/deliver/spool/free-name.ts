import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from './files.ts';

/** Longest file name on Linux file systems. */
const MAX_NAME_BYTES = 255;

/**
 * A path below `folder` that no file has: `filepath` itself, or with `~ID` after the segment that is taken, be it the
 * file's name or a directory of its path that is a file there.
 */
export function freeName(folder: string, filepath: string, id: number): string {
  if (entryKind(join(folder, filepath)) === 'nothing') return filepath;
  const segments = filepath.split('/');
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    const kind = entryKind(join(folder, ...segments.slice(0, index + 1)));
    if (kind === 'nothing') break;
    if (kind === 'directory' && !isLast) continue;
    segments[index] = freeSegment(join(folder, ...segments.slice(0, index)), segment, id, isLast);
  }
  return segments.join('/');
}

/** `name~17`, or `name~17.2` and so on; a directory of that name will do for a directory. */
function freeSegment(folder: string, name: string, id: number, isFile: boolean): string {
  for (let count = 1; ; count += 1) {
    const suffix = count === 1 ? `~${id}` : `~${id}.${count}`;
    const candidate = cutToBytes(name, MAX_NAME_BYTES - suffix.length) + suffix;
    const kind = entryKind(join(folder, candidate));
    if (kind === 'nothing' || (kind === 'directory' && !isFile)) return candidate;
  }
}

function cutToBytes(name: string, maxBytes: number): string {
  let short = name;
  while (Buffer.byteLength(short) > maxBytes) short = Array.from(short).slice(0, -1).join('');
  return short;
}

function entryKind(path: string): 'nothing' | 'directory' | 'other' {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (!stats) return 'nothing';
    return stats.isDirectory() ? 'directory' : 'other';
  } catch (error) {
    // A file stands where the path has a directory: the caller checks that segment, too.
    if (systemErrorCode(error) === 'ENOTDIR') return 'other';
    throw error;
  }
}

/** The names that `freeName` may have given a file first, so that a reconciling start finds it. */
export function freeNameCandidates(filepath: string, id: number): string[] {
  const segments = filepath.split('/');
  const suffix = `~${id}`;
  const changed = segments.map((segment, index) =>
    segments.with(index, cutToBytes(segment, MAX_NAME_BYTES - suffix.length) + suffix).join('/'),
  );
  return [filepath, ...changed];
}
