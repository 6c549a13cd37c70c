import { isDeepStrictEqual } from 'node:util';
import { formatPath, isMapping, type SettingPath } from './paths.ts';

/**
 * Where two configurations differ: the path of each setting that was added, taken out or changed, sorted. A
 * list counts as one setting. Paths have the typed names (`schedule.minIntervalMs`).
 */
export function changedPaths(previous: unknown, next: unknown): string[] {
  const changed: string[] = [];
  compare(previous, next, [], path => changed.push(formatPath(path)));
  return changed.sort();
}

function compare(
  previous: unknown,
  next: unknown,
  path: SettingPath,
  report: (path: SettingPath) => void,
): void {
  if (!isMapping(previous) || !isMapping(next)) {
    if (!isDeepStrictEqual(previous, next)) report(path);
    return;
  }
  for (const key of new Set([...Object.keys(previous), ...Object.keys(next)])) {
    compare(previous[key], next[key], [...path, key], report);
  }
}
