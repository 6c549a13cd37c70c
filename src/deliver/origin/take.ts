import type { Enclosure } from '../../base/files/enclosure.ts';
import type { OpenedFile } from '../../base/files/opened-file.ts';
import type { DeliverySettings } from '../settings.ts';
import type { Refusal } from './file-origin.ts';
import { hardLinkFault, protectsHardLinks } from './hard-link.ts';

/**
 * Opens a file of a folder that others can write to.
 * @returns undefined where no regular file lies there; a refusal for one that may not be taken
 */
export function openToTake(
  enclosure: Enclosure,
  relative: string,
  settings: Pick<DeliverySettings, 'hardLinks'>,
): OpenedFile | Refusal | undefined {
  const file = enclosure.open(relative);
  const fault = file && takeFault(enclosure, relative, file.stats, settings);
  if (fault === undefined) return file;
  file?.close();
  return { fault, isPassing: true };
}

/** Why the file with these stats may not be taken; undefined where it may. */
export function takeFault(
  enclosure: Enclosure,
  relative: string,
  stats: OpenedFile['stats'],
  settings: Pick<DeliverySettings, 'hardLinks'>,
): string | undefined {
  if (stats.nlink <= 1 || settings.hardLinks === 'any') return undefined;
  const folder = enclosure.folderOf(relative);
  return folder && hardLinkFault(stats, folder, protectsHardLinks());
}
