import { type Stats, statSync } from 'node:fs';
import { asFileError } from '../../base/errors.ts';
import type { OpenedFile } from '../../base/files/opened-file.ts';
import { keyFault } from '../../keep/buckets/names.ts';
import { type EnteringFile, type FileIdentity, type FileRecord, hasProof } from '../../keep/local/journal.ts';
import { attemptRow, completedChange, deliveredOf } from '../attempt/outcome.ts';
import { supersedeOlder } from '../attempt/supersede.ts';
import { crc32OfFile } from '../attempt/upload/content.ts';
import type { DeliveryContext } from '../context.ts';
import { logFields } from '../listing.ts';
import type { FolderSettings } from '../settings.ts';
import { creationDateOf, identityOf, isUntouched, sameIdentity, systemErrorCode } from '../spool/files.ts';
import { locationInArea, nameIn } from '../spool/follow.ts';
import type { BeginFailure, BegunAttempt, FileOrigin } from './file-origin.ts';
import { openToTake, takeFault } from './take.ts';

/**
 * A file of a folder that is delivered from where it lies. It is ready once it has not been modified for the folder's
 * `settle`; until then its record's next try is the time at which it would be. Its record is `incoming` until it has
 * ended. An unchanged file that was delivered is not sent again: its newest record says so, across restarts.
 */
export const folderFile: FileOrigin = {
  enter(context, path) {
    const { journal, clock, settings, folders } = context;
    const folder = enclosingFolder(settings.folders, path);
    if (!folder) return undefined;
    const filepath = filepathIn(folder, path);
    const stats = folders.enclosureOf(folder).regularFile(filepath);
    if (!stats) return undefined;
    const taken = takeFault(folders.enclosureOf(folder), filepath, stats, settings);
    if (taken !== undefined) return { fault: taken, isPassing: true };
    const objectKey = [folder.prefix.replace(/^\/+|\/+$/g, ''), filepath].filter(Boolean).join('/');
    const fault = keyFault(objectKey);
    if (fault !== undefined) return { fault: `cannot be an object key: ${fault}; rename it` };
    const identity = identityOf(stats);
    const known = journal.bySource(path);
    // One that was taken away when it was delivered, or was not there when its time came, is another one now.
    const isAnother = known?.removedAtMs !== null;
    const isKnown = known && sameIdentity(known, identity) && !isAnother;
    if (isKnown && !(folder.after === 'keep' && mayHaveChanged(known, stats)))
      return known.state === 'incoming' ? known : undefined;
    const isWaiting = stats.size === 0 && settings.emptyFiles === 'wait';
    const settledAtMs = settledAt(stats, folder, known?.outcome === 'success');
    return enterChanged(context, known, {
      profile: folder.profile,
      bucket: folder.bucket,
      filepath,
      ...identity,
      state: 'incoming',
      fileCreationDate: creationDateOf(stats),
      nextAttemptAtMs: isWaiting ? null : lookAtMs(settledAtMs, folder, clock.nowMs()),
      hold: isWaiting ? 'empty' : null,
      source: path,
      objectKey,
      ctimeMs: stats.ctimeMs,
    });
  },

  async begin(context, _destination, record, signal) {
    const { journal, settings, folders } = context;
    const path = sourceOf(record);
    const folder = enclosingFolder(settings.folders, path);
    if (!folder) {
      // No longer among the folders: nothing is tried until it is again.
      await journal.change(record.id, { nextAttemptAtMs: null });
      return 'waiting';
    }
    const file = openToTake(folders.enclosureOf(folder), filepathIn(folder, path), settings);
    if (!file) return 'gone';
    if ('fault' in file) return file;
    let begun: BegunAttempt | BeginFailure = 'waiting';
    try {
      begun = await beginWith(context, folder, record, file, signal);
      return begun;
    } finally {
      if (typeof begun === 'string') file.close();
    }
  },

  entryPath(_spool, record) {
    return sourceOf(record);
  },

  path(_spool, record) {
    return sourceOf(record);
  },

  open({ settings, folders }, record) {
    const path = sourceOf(record);
    const folder = enclosingFolder(settings.folders, path);
    return folder && folders.enclosureOf(folder).open(filepathIn(folder, path));
  },

  deliveredBefore({ journal, settings }, record) {
    const folder = enclosingFolder(settings.folders, sourceOf(record));
    // What stays where it lies was compared when the attempt began.
    if (folder?.after === 'keep') return undefined;
    return folder?.after === 'completed'
      ? journal.byAddress(record, 'completed')
      : journal.deliveredBefore(record);
  },

  objectKey(record) {
    return record.objectKey ?? undefined;
  },

  leavesOnlyRecord({ settings }, record, isProven) {
    const after = enclosingFolder(settings.folders, sourceOf(record))?.after;
    return after === 'completed' || (after === 'delete' && isProven);
  },

  /**
   * As the folder's `after` says. A file that has changed since it was sent is left, and will be sent again; one whose
   * delivery is not proven is left, and is not.
   */
  async complete({ spool, settings, folders }, record, delivered, isProven) {
    const path = sourceOf(record);
    const folder = enclosingFolder(settings.folders, path);
    if (!folder || folder.after === 'keep') return { location: null };
    const enclosure = folders.enclosureOf(folder);
    const filepath = filepathIn(folder, path);
    const stats = enclosure.regularFile(filepath);
    if (!stats) return undefined;
    if (!sameIdentity(identityOf(stats), delivered.identity)) return { location: null };
    if (!isUntouched(stats, delivered)) return 'changed';
    if (folder.after === 'completed') {
      const place = await spool.adopt(enclosure, filepath, record, record.id);
      return place ? { ...place, source: null } : undefined;
    }
    if (!isProven) return { location: null };
    try {
      enclosure.unlink(filepath);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT')
        throw asFileError(error, { operation: 'delete', subject: path });
    }
    return undefined;
  },

  async fail() {
    return { location: null };
  },

  /** One that was on record as delivered was taken away by `complete`, or by somebody since: only its row was cut off. */
  async findAgain(context, record) {
    const now = context.journal.byId(record.id);
    const sent = now && deliveredOf(now);
    if (!now || !sent) return undefined;
    const { spool, journal, clock, log } = context;
    const name = nameIn(spool, 'completed', now);
    const place = name === undefined ? undefined : { location: locationInArea(name, now), source: null };
    const nowMs = clock.nowMs();
    const row = attemptRow(now.lastUpdated, nowMs, null);
    await journal.recordAttempt(now.id, row, completedChange(sent, place, nowMs));
    const { identity, verified, key } = sent;
    log.info(
      { ...logFields(now), bytes: identity.size, verified, key },
      'delivered; only its row was left to write',
    );
    return 'completed';
  },

  retryState: 'incoming',

  retry() {
    return 'moved';
  },

  drop() {
    // The file is its owner's, and stays.
  },

  isPresent({ settings, folders }, record) {
    const path = sourceOf(record);
    const folder = enclosingFolder(settings.folders, path);
    // No longer among the folders: it waits until that is there again.
    if (!folder) return true;
    return folders.enclosureOf(folder).regularFile(filepathIn(folder, path)) !== undefined;
  },

  folderAway({ settings, mounts }, record) {
    const path = sourceOf(record);
    const folder = enclosingFolder(settings.folders, path);
    return folder && !isThere(folder) ? folder.path : mounts.awayAt(path);
  },

  isAstray() {
    // It never moves before it is delivered.
    return false;
  },

  completedFile() {
    return undefined;
  },
};

/** The folder in which a path lies, if it lies in one. */
export function enclosingFolder(
  folders: readonly FolderSettings[],
  path: string,
): FolderSettings | undefined {
  return folders.find(folder => path.startsWith(`${folder.path}/`));
}

/** Sends the file that is open, unless it is to wait, or was delivered before. */
async function beginWith(
  context: DeliveryContext,
  folder: FolderSettings,
  record: FileRecord,
  file: OpenedFile,
  signal: AbortSignal,
): Promise<BegunAttempt | BeginFailure> {
  const { journal, clock, settings } = context;
  const { stats } = file;
  if (stats.size === 0 && settings.emptyFiles === 'wait') {
    await journal.change(record.id, { ...identityOf(stats), hold: 'empty', nextAttemptAtMs: null });
    return 'waiting';
  }
  const nowMs = clock.nowMs();
  const before = folder.after === 'keep' ? journal.deliveredBefore(record) : undefined;
  const settledAtMs = settledAt(stats, folder, before !== undefined);
  // A file dated in the future would otherwise never settle.
  if (settledAtMs > nowMs && settledAtMs <= nowMs + folder.settleMs) {
    await journal.change(record.id, { ...identityOf(stats), nextAttemptAtMs: settledAtMs });
    return 'waiting';
  }
  if (!before || !(await isContentOf(before, record, file, signal))) {
    if (await supersedeOlder(context, record)) return { file };
    await journal.change(record.id, { nextAttemptAtMs: clock.nowMs() + settings.intervalMs });
    return 'waiting';
  }
  await journal.merge(record.id, before.id, { ...identityOf(stats), ctimeMs: stats.ctimeMs });
  return 'unchanged';
}

/** When the file will have rested; of one that was delivered before any change of it counts, not only of its content. */
function settledAt(stats: Stats, { settleMs }: FolderSettings, isKnown: boolean): number {
  const changedMs = isKnown ? Math.max(stats.mtimeMs, stats.ctimeMs) : stats.mtimeMs;
  return Math.ceil(changedMs + settleMs);
}

/** When a file that has just come into view is looked at: one dated in the future, by another clock, once it has rested here. */
function lookAtMs(settledAtMs: number, { settleMs }: FolderSettings, nowMs: number): number {
  return Math.min(Math.max(nowMs, settledAtMs), nowMs + settleMs);
}

/** Whether its inode has changed since it was seen, and reading it can tell whether its content has. */
function mayHaveChanged(known: FileRecord, { ctimeMs }: Stats): boolean {
  return known.ctimeMs !== null && known.ctimeMs !== ctimeMs && canCompare(known);
}

/** Whether a delivered content can be told from another one by reading it. */
function canCompare({ state, crc32 }: FileRecord): boolean {
  return state === 'completed' && crc32 !== null;
}

/** Whether what lies there is what an earlier record has delivered, proven, under the same key: the bytes decide. */
async function isContentOf(
  before: FileRecord,
  record: FileRecord,
  file: OpenedFile,
  signal: AbortSignal,
): Promise<boolean> {
  const isSameObject =
    canCompare(before) &&
    hasProof(before) &&
    before.profile === record.profile &&
    before.bucket === record.bucket &&
    before.objectKey === record.objectKey &&
    before.size === file.stats.size;
  if (!isSameObject || (await crc32OfFile(file, before.size, signal)) !== before.crc32) return false;
  const now = file.stat();
  return sameIdentity(identityOf(now), identityOf(file.stats)) && now.ctimeMs === file.stats.ctimeMs;
}

/** The record of the very file under the name that it had while it waited; a second name of it is another file. */
function renamedFrom(
  { journal, folders, settings }: DeliveryContext,
  identity: FileIdentity,
): FileRecord | undefined {
  const record = journal.byIdentity(identity, 'folder');
  const folder = record && enclosingFolder(settings.folders, sourceOf(record));
  if (!record || !folder) return undefined;
  const there = folders.enclosureOf(folder).stat(filepathIn(folder, sourceOf(record)));
  return there?.ino === identity.inode ? undefined : record;
}

/** A file that is new there. One that was renamed while it waited keeps its record, unless it is just being sent. */
function enterNew(context: DeliveryContext, file: EnteringFile): Promise<FileRecord> {
  const record = renamedFrom(context, file);
  const release = record && context.withhold(record.id);
  if (!release) return context.journal.enter({ ...file, movedFromMissing: record?.id });
  return context.journal.enter({ ...file, movedFrom: record.id }).finally(release);
}

/** Whether the folder itself can be found. */
function isThere({ path }: FolderSettings): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // Its mount is dead, for one.
    return false;
  }
}

function filepathIn(folder: FolderSettings, path: string): string {
  return path.slice(folder.path.length + 1);
}

function sourceOf(record: FileRecord): string {
  return record.source ?? '';
}

/** A file that is new or has changed: a record of its own, unless the one before has not been sent yet. */
async function enterChanged(
  context: DeliveryContext,
  known: FileRecord | undefined,
  file: EnteringFile,
): Promise<FileRecord | undefined> {
  // Key and all in one change: from then on it may be sent.
  if (!known) return enterNew(context, file);
  const { journal } = context;
  if (known.state !== 'incoming') return journal.enter(file);
  const { size, mtimeMs, inode, ctimeMs, nextAttemptAtMs, hold } = file;
  // What was sent is for the next attempt to compare: it may be the same, restored.
  if (known.sentAtMs !== null && known.size === size) return known;
  await journal.change(known.id, { size, mtimeMs, inode, ctimeMs, nextAttemptAtMs, hold });
  return journal.byId(known.id);
}
