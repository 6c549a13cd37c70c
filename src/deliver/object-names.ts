import type { FileRecord, ObjectNames } from '../keep/local/journal.ts';
import { objectKey } from './attempt/upload/properties.ts';
import { type DeliverySettings, destinationFor } from './settings.ts';

/** What says which files become which objects. */
export type ObjectSettings = Pick<DeliverySettings, 'folders' | 'destinations'>;

/**
 * The object that a file becomes, and under which paths other files of the spool and of folders would become it, too.
 * Pure.
 */
export function objectNamesOf(
  record: Pick<FileRecord, 'profile' | 'bucket' | 'filepath' | 'objectKey'>,
  settings: ObjectSettings,
): ObjectNames {
  const { profile, bucket, filepath } = record;
  const spoolPrefix = objectKey('', destinationFor(settings, profile, bucket));
  const key = record.objectKey ?? spoolPrefix + filepath;
  const filepaths = new Set([filepath]);
  if (key.startsWith(spoolPrefix)) filepaths.add(key.slice(spoolPrefix.length));
  for (const folder of settings.folders) {
    if (folder.profile !== profile || folder.bucket !== bucket) continue;
    const prefix = objectKey('', folder);
    if (key.startsWith(prefix)) filepaths.add(key.slice(prefix.length));
  }
  return { key, filepaths: [...filepaths], spoolPrefix };
}
