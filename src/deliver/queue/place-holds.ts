import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import { isWithin } from '../../base/files/locations.ts';
import type { Logger } from '../../base/log.ts';
import {
  type HoldReason,
  holdPlace,
  type Place,
  type PlaceHold,
  placeKey,
  withoutProbe,
  withProbe,
} from '../../engine/place-hold.ts';
import type { FileHold, FileRecord, Journal } from '../../keep/local/journal.ts';
import type { Destination } from '../destinations.ts';
import type { KnownMounts } from '../origin/known-mounts.ts';
import type { DeliverySettings } from '../settings.ts';
import type { EndpointMonitor } from './endpoint-monitor.ts';
import { FileEvidence } from './file-evidence.ts';
import { FilesOfPlaces } from './files-of-places.ts';
import type { PausedPlaces } from './paused-places.ts';
import { awayError, bucketPlace, diskPlace, JOURNAL, PlaceFinder, type Suspicion } from './place-finder.ts';
import { PlaceProbes } from './place-probes.ts';
import { ProbeTimetable } from './probe-timetable.ts';
import { remembered } from './remembered-hold.ts';
import type { UnreadFile } from './source-check.ts';
import { Trials } from './trials.ts';

export interface PlaceHoldsOptions {
  /** By profile. */
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly endpoints: EndpointMonitor;
  readonly journal: Journal;
  readonly mounts: Pick<KnownMounts, 'awayAt'>;
  /** The station's folder. */
  readonly root: string;
  readonly settings: Pick<DeliverySettings, 'folders' | 'probeIntervalMs'>;
  /** What somebody paused. */
  readonly paused: PausedPlaces;
  readonly clock: Clock;
  readonly log: Logger;
  /** A place is right again: what waited for it is due now, and may be chosen. */
  readonly onFree: () => void;
  /** A file is to be tried although its place is held: `trialsOf` has it. */
  readonly onTrial: () => void;
}

/**
 * What follows for the file: it opened the hold, or met one that was there already, and waits with the place; or the
 * place is fine and the file waits alone.
 */
export type HoldFinding =
  | PlaceFinding
  | 'alone'
  /** The file's own content cannot be read, while others of its folder were since it failed last. */
  | 'of-file';

export interface PlaceFinding {
  readonly place: Place;
  readonly isNew: boolean;
  /** How its record says so; undefined where it keeps its time. */
  readonly fileHold: FileHold | undefined;
}

interface Held {
  hold: PlaceHold;
  /** The record whose failure brought it; undefined where the journal of an earlier run did. */
  readonly openedBy: number | undefined;
  /** A file of it that could not be read. */
  readonly file?: UnreadFile | undefined;
}

/**
 * The places that are held: profiles, buckets and disks (engine/place-hold.ts has the states; endpoints, whose health
 * knows more states, are the endpoint monitor's). How each is probed stands in place-probes.ts. What waits for it:
 *
 *   profile, disk of a profile       its files, in the order of their times
 *   bucket                           its files, as `bucket_held`
 *   disk of a folder                 its files, as `folder_held`
 *   the journal, disk of the spool   all files
 *
 * A file that brings a hold which something else disproves does not bring it again: it waits alone. One whose content
 * cannot be read where others' can is tried as often as the retry rule has it. What somebody paused is held as well
 * (paused-places.ts), and never probed.
 */
export class PlaceHolds {
  readonly #options: PlaceHoldsOptions;
  readonly #finder: PlaceFinder;
  readonly #waiting: FilesOfPlaces;
  readonly #probes: PlaceProbes;
  readonly #held = new Map<string, Held>();
  readonly #evidence = new FileEvidence();
  readonly #timetable: ProbeTimetable;
  readonly #trials: Trials;
  readonly #underWay = new Set<Promise<void>>();
  readonly #stopped = new AbortController();

  constructor(options: PlaceHoldsOptions) {
    this.#options = options;
    this.#finder = new PlaceFinder(options);
    this.#waiting = new FilesOfPlaces(options);
    this.#trials = new Trials(this.#waiting);
    this.#timetable = new ProbeTimetable({
      clock: options.clock,
      everyMs: options.settings.probeIntervalMs,
      onDue: key => void this.#probe(key),
    });
    this.#probes = new PlaceProbes({ ...options, finder: this.#finder, signal: this.#stopped.signal });
  }

  /** Every hold, as it is now. */
  all(): PlaceHold[] {
    const { paused } = this.#options;
    const others = [...this.#held.values()].filter(({ hold }) => !paused.has(hold.place));
    return [...paused.all(), ...others.map(({ hold }) => hold)];
  }

  /** Whether a place is held, or paused. */
  isHeld(place: Place): boolean {
    return this.#held.has(placeKey(place)) || this.#options.paused.has(place);
  }

  /** Something was paused or resumed: trials of what is paused are over, and what was resumed goes. */
  followPauses(): void {
    const { paused, journal } = this.#options;
    for (const id of this.#trials.ids) {
      const record = journal.byId(id);
      if (record && paused.hasFile(record)) this.attemptEnded(id);
    }
    for (const place of paused.follow()) {
      // Where something is wrong with it besides, its probe tells when it goes on.
      if (this.#held.has(placeKey(place))) void this.#probe(placeKey(place));
      else this.#release(place);
    }
  }

  /** Whether all files of the profile wait. */
  holdsAll({ profile, endpoint }: Destination): boolean {
    if (this.#options.paused.hasProfile(profile)) return true;
    if (this.#held.size === 0) return false;
    return (
      this.#held.has(placeKey(JOURNAL)) ||
      this.#held.has(placeKey({ kind: 'profile', name: profile })) ||
      this.#held.has(placeKey({ kind: 'disk', name: endpoint })) ||
      this.#held.has(placeKey({ kind: 'disk', name: this.#options.root }))
    );
  }

  /** What a file waits for together with others of its bucket or folder; undefined where it may go. */
  holdOf(record: FileRecord): FileHold | undefined {
    if (this.#options.paused.has(bucketPlace(record))) return 'bucket_held';
    if (this.#held.size === 0 || this.#trials.has(record.id)) return undefined;
    if (this.#held.has(placeKey(bucketPlace(record)))) return 'bucket_held';
    return this.#heldAround(record) ? 'folder_held' : undefined;
  }

  isTrial(recordId: number): boolean {
    return this.#trials.has(recordId);
  }

  /** Files of the profile that are to be tried although their place is held. */
  trialsOf(profile: string): FileRecord[] {
    const records = this.#trials.ids.map(id => this.#options.journal.byId(id));
    return records.filter(record => record !== undefined && record.profile === profile) as FileRecord[];
  }

  /** An attempt failed for the sake of a place other than an endpoint: holds it, unless it proves to be fine. */
  async suspect(suspicion: Suspicion): Promise<HoldFinding> {
    const { record, path, error } = suspicion;
    const place = await this.#finder.placeOf(suspicion, place => this.#held.has(placeKey(place)));
    if (!place) {
      const folder = this.#finder.unreadIn(suspicion);
      return folder !== undefined && this.#evidence.unread(record, folder) ? 'of-file' : 'alone';
    }
    const key = placeKey(place);
    const held = this.#held.get(key);
    if (!held && this.#evidence.isRefuted(key, record.id)) return 'alone';
    this.#hold(place, error, record.id, { path, error });
    return { place, isNew: held === undefined, fileHold: this.#finder.fileHoldOf(place) };
  }

  /** That a file waits with its bucket or folder is on record: where it has become right meanwhile, nobody else would free it. */
  recorded(record: FileRecord, hold: FileHold): void {
    const place = hold === 'bucket_held' ? bucketPlace(record) : diskPlace(this.#finder.sourceOf(record));
    const isHeld =
      this.#held.has(placeKey(place)) || this.#heldAround(record) || this.#options.paused.has(place);
    if (!isHeld) this.#release(place);
  }

  /** Whether the bucket was held for this file before, and others of it arrived. */
  isRefuted(record: FileRecord): boolean {
    return this.#evidence.isRefuted(placeKey(bucketPlace(record)), record.id);
  }

  /**
   * The journal cannot be read or written: nothing goes until it can be.
   * @returns false, and nothing is held, for an error that is none of a database or disk
   */
  journalFailed(error: unknown): boolean {
    const known = asSluiceError(error);
    if (!/^(database|disk)_/.test(known.code)) return false;
    this.#hold(JOURNAL, known);
    return true;
  }

  /**
   * Somebody else could lead a folder, or the spool, elsewhere: its files wait. Errors of other kinds hold nothing.
   * @param path of the folder, or of what lies in it
   */
  folderUnsafe(path: string, error: unknown): void {
    const known = asSluiceError(error);
    if (known.code === 'folder_unsafe') this.#holdSource(path, known);
  }

  /** The spool is not there as a whole: its files wait, and none of them is called missing. */
  spoolAway(): void {
    const { root } = this.#options;
    const subject = join(root, 'incoming');
    const error = new SluiceError('disk_failed', `${subject} is not there`, { subject, answer: 'hold' });
    this.#holdSource(root, error);
  }

  /** A folder, or what is mounted within one, is not there as a whole: its files wait, and none of them is called missing. */
  folderAway(path: string): void {
    this.#hold({ kind: 'disk', name: path }, awayError(path));
  }

  /**
   * Files of the spool or of a folder could not be read before they came on record, for what speaks of their place: it is
   * held if it shows that trouble. Called again while they fail.
   * @returns whether it is held
   */
  async filesFail(folder: string, file: UnreadFile, isAnyRead: boolean): Promise<boolean> {
    const source = this.#finder.sourceAt(folder);
    const place = diskPlace(source);
    const key = placeKey(place);
    const held = this.#held.get(key);
    // The one that is looked at may be damaged for good.
    if (held?.file?.isOneOfMany && isAnyRead) this.#free(key);
    else if (held) return true;
    const trouble = await this.#finder.sourceTrouble(source.path, file);
    if (!trouble || this.#stopped.signal.aborted) return false;
    if (!this.#held.has(key)) this.#open(place, trouble, undefined, file);
    return true;
  }

  /** Whether a folder is held that a file outside the spool lies in, or what is mounted within it. */
  #heldAround({ source }: Pick<FileRecord, 'source'>): boolean {
    if (source === null) return false;
    return [...this.#held.values()].some(
      ({ hold: { place } }) => place.kind === 'disk' && isWithin(source, place.name),
    );
  }

  #holdSource(path: string, known: SluiceError): void {
    this.#hold(diskPlace(this.#finder.sourceAt(path)), known);
  }

  /** Looks at the way to each folder, before anything in it is. */
  async checkFolders(): Promise<void> {
    for (const { path } of this.#options.settings.folders) {
      const trouble = await this.#finder.sourceTrouble(path);
      if (trouble) this.folderUnsafe(path, trouble);
    }
  }

  /** What is wrong with the journal; undefined while it can be used. */
  get journalTrouble(): HoldReason | undefined {
    return this.#held.get(placeKey(JOURNAL))?.hold.reason;
  }

  /** Sees whether the journal's file is still there. */
  checkJournal(): void {
    if (this.journalTrouble) return;
    try {
      this.#options.journal.check();
    } catch (error) {
      this.journalFailed(error);
    }
  }

  /** A file arrived: the places that it was a trial of are right again. */
  arrived(record: FileRecord): void {
    this.#evidence.arrived(record, this.#finder.sourceOf(record).path);
    const key = this.#trials.placeOf(record.id);
    if (key !== undefined) this.#free(key, record.id);
  }

  /** An attempt ended, whichever way. */
  attemptEnded(recordId: number): void {
    const key = this.#trials.end(recordId);
    if (key === undefined) return;
    const held = this.#held.get(key);
    if (held) this.#probeEnded(key, held);
  }

  /** The profile's key has become another. */
  keyChanged(profile: string): void {
    this.#free(placeKey({ kind: 'profile', name: profile }));
  }

  /** Takes up what the journal says is held and nobody holds, as after a restart; asked about at once. */
  adopt(): void {
    if (this.journalTrouble) return;
    for (const files of this.#options.journal.heldFiles()) {
      const { hold, source } = files;
      if (hold === 'folder_held' && this.#heldAround(files)) continue;
      const away =
        hold === 'folder_held' && source !== null ? this.#options.mounts.awayAt(source) : undefined;
      if (away !== undefined) {
        this.folderAway(away);
        continue;
      }
      const place = this.#finder.placeHeld(files);
      if (!place || this.#held.has(placeKey(place)) || this.#options.paused.has(place)) continue;
      this.#open(place, remembered(files), undefined, undefined, 0);
    }
    for (const { profile, store } of this.#options.destinations.values()) {
      const place: Place = { kind: 'profile', name: profile };
      const mark = store.key?.mark();
      const waiting = mark === undefined ? undefined : this.#options.journal.waitingForKey(profile, mark);
      if (!waiting || this.#held.has(placeKey(place))) continue;
      this.#open(place, remembered({ ...waiting, hold: 'profile' }), undefined, undefined, 0);
    }
  }

  /** Probes one place that is held, as `probeAll`. @returns false where it is not held, or paused */
  async probe(place: Place): Promise<boolean> {
    const key = placeKey(place);
    if (!this.#held.has(key) || this.#options.paused.has(place)) return false;
    await this.#probe(key);
    return true;
  }

  /** Probes every place that is held; resolves when those that can be asked have answered. */
  async probeAll(): Promise<void> {
    await Promise.all([...this.#held.keys()].map(key => this.#probe(key)));
  }

  /** Ends probes and timers; may be called again. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#timetable.close();
    await Promise.all(this.#underWay);
  }

  /** Holds a place for a failure that speaks of it; one that is held already has the newest reason. */
  #hold(place: Place, error: SluiceError, openedBy?: number, file?: UnreadFile): void {
    const held = this.#held.get(placeKey(place));
    if (held) held.hold = holdPlace(held.hold, place, error, this.#options.clock.nowMs());
    else this.#open(place, error, openedBy, file);
  }

  #open(
    place: Place,
    error: HoldReason & { readonly retryAfterMs?: number | undefined },
    openedBy: number | undefined,
    file: Held['file'],
    firstProbeInMs?: number,
  ): void {
    const { clock, log } = this.#options;
    const hold = holdPlace(undefined, place, error, clock.nowMs());
    this.#held.set(placeKey(place), { hold, openedBy, file });
    if (openedBy !== undefined) this.#trials.note(placeKey(place), openedBy);
    const { code, message: reason, hint } = hold.reason;
    log.warn(
      { holds: place.kind, place: place.name, code, reason, hint },
      `${place.kind} is held; its files wait`,
    );
    this.#timetable.plan(placeKey(place), hold, firstProbeInMs);
  }

  #free(key: string, byRecordId?: number): void {
    const { clock, log } = this.#options;
    const held = this.#held.get(key);
    if (!held) return;
    this.#timetable.cancel(key);
    this.#held.delete(key);
    this.#trials.forget(key);
    if (held.openedBy !== undefined && held.openedBy !== byRecordId)
      this.#evidence.refute(key, held.openedBy);
    const { place, sinceMs } = held.hold;
    const heldS = Math.round((clock.nowMs() - sinceMs) / 1000);
    log.info({ holds: place.kind, place: place.name, heldS }, `${place.kind} is right again; its files go`);
    this.#release(place);
  }

  #release(place: Place): void {
    const { clock, log, onFree } = this.#options;
    this.#waiting.release(place, clock.nowMs()).then(onFree, error => {
      const { message: reason } = asSluiceError(error);
      log.error(
        { place: place.name, reason },
        'could not make the waiting files due now; they go at their own times',
      );
      onFree();
    });
  }

  /** One at a time; resolves when the place has answered, or its trial has been offered. */
  #probe(key: string): Promise<void> {
    const held = this.#held.get(key);
    if (!held || held.hold.isProbing || this.#stopped.signal.aborted) return Promise.resolve();
    this.#timetable.cancel(key);
    // Nothing goes there, not even to learn of it: whoever has it go on has it probed.
    if (this.#options.paused.has(held.hold.place)) return Promise.resolve();
    held.hold = withProbe(held.hold, this.#options.clock.nowMs());
    const probe = this.#ask(key, held).catch(error => {
      const { message: reason } = asSluiceError(error);
      this.#options.log.error({ place: held.hold.place.name, reason }, 'could not ask about a held place');
      this.#probeEnded(key, held);
    });
    this.#underWay.add(probe);
    return probe.finally(() => this.#underWay.delete(probe));
  }

  async #ask(key: string, held: Held): Promise<void> {
    const { place } = held.hold;
    const probed = await this.#probes.ask(place, held.file);
    if (probed.answer === 'wrong') {
      const { trouble } = probed;
      if (trouble) held.hold = holdPlace(held.hold, place, trouble, this.#options.clock.nowMs());
      this.#probeEnded(key, held);
      return;
    }
    if (probed.answer === 'try a file') this.#offerTrial(key, held);
    else this.#free(key);
  }

  /** The smallest file is tried, the next one the next time; none is there: nothing waits. */
  #offerTrial(key: string, held: Held): void {
    const { place } = held.hold;
    const record = this.#trials.next(key, place);
    if (!record) {
      this.#free(key);
      return;
    }
    if (this.#options.paused.hasFile(record)) {
      this.#probeEnded(key, held);
      return;
    }
    this.#trials.begin(record.id, key);
    this.#options.onTrial();
  }

  #probeEnded(key: string, held: Held): void {
    held.hold = withoutProbe(held.hold);
    this.#timetable.plan(key, held.hold);
  }
}
