import { resolve } from 'node:path';
import type { DeliverySettings } from '../settings.ts';
import type { WatchOptions } from './watch/watch.ts';

/** Profile and bucket: what stands before a file's own path in `incoming`. */
const PLACE_DEPTH = 2;

/** How the incoming area and the folders are watched under these settings. Pure. */
export function watchSettings(
  settings: DeliverySettings,
  incoming: string,
): Pick<
  WatchOptions,
  'sweepIntervalMs' | 'settleMs' | 'settleAfterCloseMs' | 'temporaryRestMs' | 'stayingRoots' | 'names'
> {
  const { folders } = settings;
  return {
    sweepIntervalMs: settings.intervalMs,
    settleMs: settings.settleMs,
    settleAfterCloseMs: settings.settleAfterCloseMs,
    temporaryRestMs: settings.temporaryRestMs,
    stayingRoots: folders.filter(({ after }) => after === 'keep').map(({ path }) => path),
    names: {
      temporary: settings.temporaryNames,
      ignore: settings.ignore,
      selections: Object.fromEntries(
        folders.flatMap(({ path, selection }) => (selection ? [[resolve(path), selection]] : [])),
      ),
      placeDepths: { [resolve(incoming)]: PLACE_DEPTH },
    },
  };
}
