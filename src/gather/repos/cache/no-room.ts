import { SluiceError } from '../../../base/errors.ts';
import { formatBytes } from '../../../base/units.ts';
import type { PostponedWork } from '../../../engine/queue/handler.ts';
import type { Shortage } from './choose.ts';
import type { CacheSettings } from './settings.ts';

/** The `cache_full` of a clone, with what a person must know to make room: the limit, what is missing, what is in the way. */
export function noRoom(url: string, short: Shortage, settings: CacheSettings): SluiceError {
  const { missingBytes: missing, bound, pinnedBytes, inUseBytes } = short;
  const limit =
    bound === 'maxSize'
      ? `cache.maxSize of ${formatBytes(settings.maxBytes ?? 0)}`
      : `cache.minFreeDisk of ${formatBytes(settings.minFreeBytes)}`;
  const takers: string[] = [];
  if (pinnedBytes > 0) takers.push(`pinned clones take ${formatBytes(pinnedBytes)}`);
  if (inUseBytes > 0) takers.push(`clones in use ${formatBytes(inUseBytes)}`);
  const held = takers.join(', ');
  const why =
    pinnedBytes > 0 && inUseBytes === 0
      ? `pinned repositories alone leave no room: ${held}`
      : `nothing more may be evicted${held === '' ? '' : `: ${held}`}`;
  return new SluiceError(
    'cache_full',
    `no room for the clone of ${url}: ${formatBytes(missing)} too little for ${limit}; ${why}`,
    { operation: 'make room', subject: url },
  );
}

/** What has to wait for room waits on the schedule, so that its worker is free for others; undefined for other errors. */
export function untilThereIsRoom(error: unknown, nowMs: number): PostponedWork | undefined {
  if (!(error instanceof SluiceError) || error.code !== 'room_awaited') return undefined;
  return { postponedToMs: nowMs + (error.retryAfterMs ?? 0), reason: error.message };
}
