import type { Enclosure } from '../../base/files/enclosure.ts';

/** Longest file name on Linux file systems. */
const MAX_NAME_BYTES = 255;

/**
 * A path below `folder` of the enclosure that no file has: `filepath` itself, or with `~ID` after the segment that is
 * taken, be it the file's name or a directory of its path that is a file there.
 */
export function freeName(area: Enclosure, folder: string, filepath: string, id: number): string {
  const entryKind = (path: string): EntryKind => kindOf(area, `${folder}/${path}`);
  if (entryKind(filepath) === 'nothing') return filepath;
  const segments = filepath.split('/');
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    const kind = entryKind(segments.slice(0, index + 1).join('/'));
    if (kind === 'nothing') break;
    if (kind === 'directory' && !isLast) continue;
    const free = (name: string): boolean => {
      const taken = entryKind([...segments.slice(0, index), name].join('/'));
      return taken === 'nothing' || (taken === 'directory' && !isLast);
    };
    segments[index] = freeSegment(free, segment, id);
  }
  return segments.join('/');
}

/** `name~17`, or `name~17.2` and so on; a directory of that name will do for a directory. */
function freeSegment(isFree: (name: string) => boolean, name: string, id: number): string {
  for (let count = 1; ; count += 1) {
    const suffix = count === 1 ? `~${id}` : `~${id}.${count}`;
    const candidate = cutToBytes(name, MAX_NAME_BYTES - suffix.length) + suffix;
    if (isFree(candidate)) return candidate;
  }
}

function cutToBytes(name: string, maxBytes: number): string {
  let short = name;
  while (Buffer.byteLength(short) > maxBytes) short = Array.from(short).slice(0, -1).join('');
  return short;
}

type EntryKind = 'nothing' | 'directory' | 'other';

/** Where the path would lead through a file or a link, `other`: the caller checks that segment, too. */
function kindOf(area: Enclosure, path: string): EntryKind {
  const stats = area.stat(path);
  if (stats) return stats.isDirectory() ? 'directory' : 'other';
  const slash = path.lastIndexOf('/');
  if (slash < 0) return 'nothing';
  return kindOf(area, path.slice(0, slash)) === 'other' ? 'other' : 'nothing';
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
