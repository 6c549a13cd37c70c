import { SluiceError } from '../../../base/errors.ts';
import { formatBytes } from '../../../base/units.ts';
import type { PostponedWork } from '../../../engine/queue/handler.ts';
import type { Shortage } from './choose.ts';
import type { CacheSettings } from './settings.ts';

/** The `cache_full` of a clone, with what a person must know to make room: the limit, what is missing, what is in the way. */
export function noRoom(url: string, short: Shortage, settings: CacheSettings): SluiceError {
  const { missingBytes: missing, bound } = short;
  const limit =
    bound === 'maxSize'
      ? `cache.maxSize of ${formatBytes(settings.maxBytes ?? 0)}`
      : `cache.minFreeDisk of ${formatBytes(settings.minFreeBytes)}`;
  const why = whatIsInTheWay(short);
  return new SluiceError(
    'cache_full',
    `no room for the clone of ${url}: ${formatBytes(missing)} too little for ${limit}; ${why}`,
    { operation: 'make room', subject: url },
  );
}

function whatIsInTheWay({ bound, pinnedBytes, inUseBytes }: Shortage): string {
  const pinned = pinnedBytes > 0 ? [`pinned clones take ${formatBytes(pinnedBytes)}`] : [];
  const inUse = inUseBytes > 0 ? [`clones in use ${formatBytes(inUseBytes)}`] : [];
  const held = [...pinned, ...inUse].join(', ');
  if (pinnedBytes > 0 && inUseBytes === 0) return `pinned repositories alone leave no room: ${held}`;
  if (held !== '') return `nothing more may be evicted: ${held}`;
  if (bound === 'maxSize') return 'no other clone is left, it is this one alone that takes more';
  return 'no clone is left to evict, it is other files that take the disk';
}

/** What has to wait for room waits on the schedule, so that its worker is free for others; undefined for other errors. */
export function untilThereIsRoom(error: unknown, nowMs: number): PostponedWork | undefined {
  if (!(error instanceof SluiceError) || error.code !== 'room_awaited') return undefined;
  return { postponedToMs: nowMs + (error.retryAfterMs ?? 0), reason: error.message };
}
