import type { FileRecord } from '../../keep/local/journal.ts';
import type { FolderSettings } from '../settings.ts';
import type { FileOrigin } from './file-origin.ts';
import { enclosingFolder, folderFile } from './folder-file.ts';
import { spooledFile } from './spooled-file.ts';

/** The origin of a file on record. */
export function originOf(record: Pick<FileRecord, 'source'>): FileOrigin {
  return record.source === null ? spooledFile : folderFile;
}

/** The origin of a file that has arrived. */
export function originAt(path: string, folders: readonly FolderSettings[]): FileOrigin {
  return folders.length > 0 && enclosingFolder(folders, path) ? folderFile : spooledFile;
}
