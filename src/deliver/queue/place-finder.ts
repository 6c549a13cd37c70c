import { isAbsolute } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import { isWithin } from '../../base/files/locations.ts';
import { systemFailureOf } from '../../base/system-errors.ts';
import type { Place } from '../../engine/place-hold.ts';
import type { FileHold, FileRecord, HeldFiles } from '../../keep/local/journal.ts';
import type { Destination } from '../destinations.ts';
import type { DeliverySettings } from '../settings.ts';
import { isOfContent, type Source, sourceTrouble, type UnreadFile } from './source-check.ts';

/** The place that the journal is: held, nothing can be recorded, so nothing goes. */
export const JOURNAL: Place = { kind: 'disk', name: 'journal' };

/** A file whose attempt failed for the sake of a place. */
export interface Suspicion {
  readonly destination: Destination;
  readonly record: FileRecord;
  /** Where the file lies. */
  readonly path: string;
  readonly error: SluiceError;
  /** It failed in being moved where it lies; nothing was asked of its destination. */
  readonly isLocal?: boolean;
}

export interface PlaceFinderOptions {
  /** By profile. */
  readonly destinations: ReadonlyMap<string, Destination>;
  /** The station's folder. */
  readonly root: string;
  readonly settings: Pick<DeliverySettings, 'folders'>;
  readonly clock: Pick<Clock, 'timer'>;
}

/** Tells which place a failure speaks of, and which place files wait for that are held on record. */
export class PlaceFinder {
  readonly #options: PlaceFinderOptions;
  /** Questions under way, by folder: files that fail together share one. */
  readonly #asking = new Map<string, Promise<SluiceError | undefined>>();

  constructor(options: PlaceFinderOptions) {
    this.#options = options;
  }

  /**
   * The place that is to blame, other than an endpoint. Of two disks, it is the one that the error names, else the one
   * that cannot be used.
   * @param isHeld whether a place is held already
   * @returns undefined where nothing is wrong with the only disk that there is
   */
  async placeOf(
    { destination, record, path, error, isLocal }: Suspicion,
    isHeld: (place: Place) => boolean,
  ): Promise<Place | undefined> {
    if (error.holds === 'profile') return { kind: 'profile', name: record.profile };
    if (error.holds === 'bucket') return bucketPlace(record);
    const source = this.sourceOf(record);
    const from = diskPlace(source);
    // A folder as store has its path as endpoint.
    const target = !isLocal && isAbsolute(destination.endpoint) ? destination.endpoint : undefined;
    const at = pathIn(error);
    const isAtTarget = target !== undefined && at !== undefined && isWithin(at, target);
    if (isAtTarget) return { kind: 'disk', name: target };
    if (isHeld(from) || (await this.sourceTrouble(source.path, { path, error }))) return from;
    const isAtSource = at !== undefined && isWithin(at, source.path);
    return target === undefined || isAtSource ? undefined : { kind: 'disk', name: target };
  }

  /** The folder of a file whose own content cannot be read, as far as the error tells; undefined for other failures. */
  unreadIn({ record, error, isLocal }: Suspicion): string | undefined {
    const source = this.sourceOf(record).path;
    const at = pathIn(error);
    const isUnread = isLocal !== true && at !== undefined && isWithin(at, source) && isOfContent(error);
    return isUnread ? source : undefined;
  }

  /** What is wrong with the spool or a folder now. */
  sourceTrouble(path: string, file?: UnreadFile): Promise<SluiceError | undefined> {
    const known = this.#asking.get(path);
    if (known) return known;
    const asking = sourceTrouble(this.sourceAt(path), this.#options.clock, file).finally(() =>
      this.#asking.delete(path),
    );
    this.#asking.set(path, asking);
    return asking;
  }

  /** How a file's record says that it waits for that place; undefined where it keeps its time. */
  fileHoldOf({ kind, name }: Place): FileHold | undefined {
    if (kind === 'bucket') return 'bucket_held';
    return this.#options.settings.folders.some(({ path }) => path === name) ? 'folder_held' : undefined;
  }

  /** The place that held files wait for; undefined where it is none of ours, or is looked after elsewhere. */
  placeHeld({ hold, profile, bucket, source }: HeldFiles): Place | undefined {
    const { destinations, settings } = this.#options;
    if (!destinations.has(profile)) return undefined;
    if (hold === 'bucket_held') return bucketPlace({ profile, bucket });
    if (hold !== 'folder_held' || source === null) return undefined;
    const folder = settings.folders.find(({ path }) => isWithin(source, path));
    return folder && { kind: 'disk', name: folder.path };
  }

  /** Where a file comes from. */
  sourceOf(record: Pick<FileRecord, 'source'>): Source {
    return this.sourceAt(record.source ?? this.#options.root);
  }

  /** The folder that a path is or lies in; the path itself where its folder is among them no longer. */
  sourceAt(path: string): Source {
    const { root, settings } = this.#options;
    const folder = settings.folders.find(one => isWithin(path, one.path));
    if (!folder && isWithin(path, root)) return { path: root, isSpool: true };
    return { path: folder?.path ?? path, isSpool: false };
  }
}

/** The place that a bucket is, by its profile and name. Pure. */
export function bucketPlace({ profile, bucket }: Pick<FileRecord, 'profile' | 'bucket'>): Place {
  return { kind: 'bucket', name: `${profile}/${bucket}` };
}

/** The place that the disk under the spool or a folder is. Pure. */
export function diskPlace({ path }: Source): Place {
  return { kind: 'disk', name: path };
}

/** Says that a folder, or what is mounted there, is not. Pure. */
export function awayError(path: string): SluiceError {
  return new SluiceError('disk_failed', `${path} is not there or not mounted, and files wait in it`, {
    subject: path,
    answer: 'hold',
    hint: 'Mount it; its files go by themselves then. Where they are gone for good, make it a folder with a file of its own in it.',
  });
}

/** The path that an error speaks of. */
function pathIn(error: SluiceError): string | undefined {
  return (systemFailureOf(error)?.error as NodeJS.ErrnoException | undefined)?.path ?? error.subject;
}
