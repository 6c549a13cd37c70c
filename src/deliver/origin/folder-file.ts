import { unlinkSync } from 'node:fs';
import { asSluiceError } from '../../base/errors.ts';
import { keyFault } from '../../keep/buckets/names.ts';
import type { EnteringFile, FileRecord, Journal } from '../../keep/local/journal.ts';
import type { FolderSettings } from '../settings.ts';
import { creationDateOf, identityOf, regularFile, sameIdentity, systemErrorCode } from '../spool/files.ts';
import type { FileOrigin } from './file-origin.ts';

/**
 * A file of a folder that is delivered from where it lies. It is ready once it has not been modified for the folder's
 * `settle`; until then its record's next try is the time at which it would be. Its record is `incoming` until it has
 * ended. An unchanged file that was delivered is not sent again: its newest record says so, across restarts.
 */
export const folderFile: FileOrigin = {
  enter({ journal, clock, settings }, path, stats) {
    const folder = enclosingFolder(settings.folders, path);
    if (!folder) return undefined;
    const filepath = path.slice(folder.path.length + 1);
    const objectKey = [folder.prefix.replace(/^\/+|\/+$/g, ''), filepath].filter(Boolean).join('/');
    const fault = keyFault(objectKey);
    if (fault !== undefined) return { fault: `cannot be an object key: ${fault}; rename it` };
    const identity = identityOf(stats);
    const known = journal.bySource(path);
    if (known && sameIdentity(known, identity)) return known.state === 'incoming' ? known : undefined;
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

  async begin({ journal, clock, settings }, _destination, record) {
    const path = sourceOf(record);
    const folder = enclosingFolder(settings.folders, path);
    if (!folder) {
      // No longer among the folders: nothing is tried until it is again.
      await journal.change(record.id, { nextAttemptAtMs: null });
      return 'waiting';
    }
    const stats = regularFile(path);
    // The upload finds out that it is gone.
    if (!stats) return {};
    if (stats.size === 0 && settings.emptyFiles === 'wait') {
      await journal.change(record.id, { ...identityOf(stats), hold: 'empty', nextAttemptAtMs: null });
      return 'waiting';
    }
    const nowMs = clock.nowMs();
    const settledAtMs = Math.ceil(stats.mtimeMs + folder.settleMs);
    // A file dated in the future would otherwise never settle.
    if (stats.mtimeMs > nowMs || settledAtMs <= nowMs) return {};
    await journal.change(record.id, { ...identityOf(stats), nextAttemptAtMs: settledAtMs });
    return 'waiting';
  },

  path(_spool, record) {
    return sourceOf(record);
  },

  objectKey(record) {
    return record.objectKey ?? undefined;
  },

  /**
   * As the folder's `after` says. A file that has changed since it was sent is left, and will be sent again; one whose
   * delivery is not proven is left, and is not.
   */
  async complete({ spool, settings }, record, delivered, isProven) {
    const path = sourceOf(record);
    const folder = enclosingFolder(settings.folders, path);
    if (!folder || folder.after === 'keep') return { location: null };
    const stats = regularFile(path);
    if (!stats || !sameIdentity(identityOf(stats), delivered)) return { location: null };
    if (folder.after === 'completed')
      return { location: await spool.adopt(path, record, record.id), source: null };
    if (!isProven) return { location: null };
    try {
      unlinkSync(path);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT')
        throw asSluiceError(error, { operation: 'delete', subject: path });
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

  isPresent(_spool, record) {
    return regularFile(sourceOf(record)) !== undefined;
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
