import { watch } from 'node:fs';

/** Why the kernel watches nothing more for this user (inotify(7)), and what allows more. */
export interface WatchLimit {
  readonly words: string;
  readonly hint: string;
}

/** Each user has so many instances and watches, whichever programs have them. */
const LIMITS: Readonly<Record<string, WatchLimit>> = {
  EMFILE: {
    words: 'no inotify instance is left for this user',
    hint: 'sysctl -w fs.inotify.max_user_instances=1024',
  },
  ENOSPC: {
    words: 'no inotify watch is left for this user',
    hint: 'sysctl -w fs.inotify.max_user_watches=1048576',
  },
};

/** The limit that a failure to watch speaks of; undefined for other failures. */
export function watchLimitOf(error: unknown): WatchLimit | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return Object.hasOwn(LIMITS, code) ? LIMITS[code] : undefined;
}

/** The limit that watching one more folder meets now; undefined where it meets none. */
export function watchLimitMet(folder: string): WatchLimit | undefined {
  try {
    watch(folder, { persistent: false }).close();
    return undefined;
  } catch (error) {
    return watchLimitOf(error);
  }
}
