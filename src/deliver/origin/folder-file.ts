import { asFileError } from '../../base/errors.ts';
import { keyFault } from '../../keep/buckets/names.ts';
import type { EnteringFile, FileRecord, Journal } from '../../keep/local/journal.ts';
import type { FolderSettings } from '../settings.ts';
import { creationDateOf, identityOf, sameIdentity, systemErrorCode } from '../spool/files.ts';
import type { FileOrigin } from './file-origin.ts';
import { openToTake, takeFault } from './take.ts';

/**
 * A file of a folder that is delivered from where it lies. It is ready once it has not been modified for the folder's
 * `settle`; until then its record's next try is the time at which it would be. Its record is `incoming` until it has
 * ended. An unchanged file that was delivered is not sent again: its newest record says so, across restarts.
 */
export const folderFile: FileOrigin = {
  enter({ journal, clock, settings, folders }, path) {
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
    // One that was not there, or not to be had, when its time came is another one now.
    const isKnown = known && sameIdentity(known, identity) && known.errorCode !== 'source_missing';
    if (isKnown) return known.state === 'incoming' ? known : undefined;
    const isWaiting = stats.size === 0 && settings.emptyFiles === 'wait';
    const settledAtMs = Math.max(clock.nowMs(), Math.ceil(stats.mtimeMs + folder.settleMs));
    return enterChanged(journal, known, {
      profile: folder.profile,
      bucket: folder.bucket,
      filepath,
      ...identity,
      state: 'incoming',
      fileCreationDate: creationDateOf(stats),
      nextAttemptAtMs: isWaiting ? null : settledAtMs,
      hold: isWaiting ? 'empty' : null,
      source: path,
      objectKey,
    });
  },

  async begin({ journal, clock, settings, folders }, _destination, record) {
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
    const { stats } = file;
    if (stats.size === 0 && settings.emptyFiles === 'wait') {
      file.close();
      await journal.change(record.id, { ...identityOf(stats), hold: 'empty', nextAttemptAtMs: null });
      return 'waiting';
    }
    const nowMs = clock.nowMs();
    const settledAtMs = Math.ceil(stats.mtimeMs + folder.settleMs);
    // A file dated in the future would otherwise never settle.
    if (stats.mtimeMs > nowMs || settledAtMs <= nowMs) return { file };
    file.close();
    await journal.change(record.id, { ...identityOf(stats), nextAttemptAtMs: settledAtMs });
    return 'waiting';
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

  objectKey(record) {
    return record.objectKey ?? undefined;
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
    if (!stats || !sameIdentity(identityOf(stats), delivered)) return { location: null };
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

  async findAgain() {
    return undefined;
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
    // No longer among the folders: it waits until it is again.
    return !folder || folders.enclosureOf(folder).regularFile(filepathIn(folder, path)) !== undefined;
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

function filepathIn(folder: FolderSettings, path: string): string {
  return path.slice(folder.path.length + 1);
}

function sourceOf(record: FileRecord): string {
  return record.source ?? '';
}

/** A file that is new or has changed: a record of its own, unless the one before has not been sent yet. */
async function enterChanged(
  journal: Journal,
  known: FileRecord | undefined,
  file: EnteringFile,
): Promise<FileRecord | undefined> {
  // Key and all in one change: from then on it may be sent.
  if (known?.state !== 'incoming') return journal.enter(file);
  const { size, mtimeMs, inode, nextAttemptAtMs, hold } = file;
  await journal.change(known.id, { size, mtimeMs, inode, nextAttemptAtMs, hold });
  return journal.byId(known.id);
}
