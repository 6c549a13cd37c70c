import type { OngoingFault } from '../../../base/ongoing-faults.ts';
import { isoOrNull, isoTime } from '../../../base/units.ts';
import type { CollectorStatus } from '../../../gather/capture/collectors/status.ts';
import type { KnownStation } from '../../../keep/store/stations.ts';
import type { StoreOutage } from '../../../keep/store/store.ts';
import type { StationDisk } from '../disks.ts';
import { action, remedyOf, type StuckItem } from './item.ts';

/** What is known of the station itself, and of those beside it. */
export interface StationParts {
  readonly outage: StoreOutage | undefined;
  readonly collectors: readonly CollectorStatus[];
  readonly disks: readonly StationDisk[];
  readonly minFreeDiskBytes: number;
  readonly stations: readonly KnownStation[];
  readonly faults: readonly OngoingFault[];
  readonly nowMs: number;
}

const NO_MORE = { place: null, code: null, hint: null, example: null, sinceAt: null, actions: [] } as const;

/**
 * A store that is away, collectors that bring nothing, disks that are full, stations that say nothing, and what else goes
 * wrong at the station itself. Pure.
 */
export function stuckStation(parts: StationParts): StuckItem[] {
  const { outage, collectors, disks, minFreeDiskBytes, stations, faults, nowMs } = parts;
  return [
    ...(outage ? [awayItem(outage)] : []),
    ...collectors.flatMap(collectorItems),
    ...disks.filter(({ freeBytes }) => freeBytes < minFreeDiskBytes).map(diskItem),
    ...faults.map(faultItem),
    ...stations.filter(isMissed).map(station => silentItem(station, nowMs)),
  ];
}

function awayItem({ sinceMs, error: { code, message, hint } }: StoreOutage): StuckItem {
  return {
    ...NO_MORE,
    id: 'store',
    kind: 'store',
    stage: 'away',
    code,
    cause: message,
    hint,
    count: 1,
    sinceAt: isoTime(sinceMs),
    isWaiting: true,
    actions: [],
  };
}

/** One whose last try was an error, and one whose readings the disk does not take. */
function collectorItems(collector: CollectorStatus): StuckItem[] {
  const { name, disabled, lastError, lastReadingAtMs, writeError, unwritten, lost } = collector;
  const place = { kind: 'collector', name } as const;
  const of = {
    ...NO_MORE,
    kind: 'collectors',
    place,
    count: 1,
    example: name,
    isWaiting: true,
    actions: [],
  } as const;
  const isFailing = !disabled && lastError !== null && lastError.atMs >= (lastReadingAtMs ?? 0);
  return [
    ...(isFailing
      ? [
          {
            ...of,
            id: `collector ${name}`,
            stage: 'failing' as const,
            cause: `${name}: ${lastError.message}`,
            hint: 'See what it reads from; it is tried again at its times.',
            sinceAt: isoOrNull(lastReadingAtMs ?? lastError.atMs),
            actions: [],
          },
        ]
      : []),
    ...(writeError === null
      ? []
      : [
          {
            ...of,
            id: `unwritten ${name}`,
            stage: 'held' as const,
            code: writeError.code,
            cause: `${name}: ${writeError.message}; ${unwritten} readings wait in memory, ${lost} are lost`,
            hint: remedyOf(writeError.code),
            sinceAt: isoTime(writeError.atMs),
            actions: [],
          },
        ]),
  ];
}

function faultItem({ about, code, message, hint, sinceMs, isTriedAgain }: OngoingFault): StuckItem {
  return {
    ...NO_MORE,
    id: `fault ${about}`,
    kind: 'station',
    stage: 'failing',
    code,
    cause: message,
    hint: hint ?? remedyOf(code),
    count: 1,
    sinceAt: isoTime(sinceMs),
    isWaiting: isTriedAgain,
  };
}

function diskItem({ path, holds, freeBytes }: StationDisk): StuckItem {
  return {
    ...NO_MORE,
    id: `disk ${path}`,
    kind: 'disk',
    stage: 'full',
    place: { kind: 'disk', name: path },
    code: 'disk_full',
    cause: `${freeBytes} bytes are free, less than cache.minFreeDisk; ${holds.join(', ')} lie there`,
    hint: 'Make room; "sluice disk plan" says what gives way by itself.',
    count: 1,
    isWaiting: false,
    actions: [],
  };
}

/** Files that lie there and have not arrived. */
function openFiles({ holds }: KnownStation): number {
  const { completed: _completed, ...open } = holds.deliveries;
  return Object.values(open).reduce((sum, count) => sum + count, 0);
}

/** One that says nothing without having left, and one that has what nobody else has. */
function isMissed(station: KnownStation): boolean {
  return station.isSilent && (!station.hasLeft || openFiles(station) > 0);
}

function silentItem(station: KnownStation, nowMs: number): StuckItem {
  const { id, name, silentMs, hasLeft } = station;
  const files = openFiles(station);
  const state = hasLeft ? 'it has stopped' : 'it says nothing';
  return {
    ...NO_MORE,
    id: `station ${id}`,
    kind: 'stations',
    stage: 'silent',
    place: { kind: 'station', name },
    cause:
      files > 0
        ? `${state}, and ${files} files lie there that have not arrived`
        : `${state}; what it gathered is up to the others, and no file waits there`,
    hint:
      files > 0
        ? 'Start it again on that machine: nobody else can send what lies on its disk.'
        : 'Start it again on that machine, or forget it if it does not come back.',
    count: 1,
    sinceAt: isoTime(nowMs - silentMs),
    example: name,
    isWaiting: false,
    actions: files > 0 ? [] : [action('forget', 'leaveStation', { id })],
  };
}
