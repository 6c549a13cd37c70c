import { lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { asFileError, SluiceError } from '../../base/errors.ts';
import { makeFolderSync } from '../../base/files/make-folder.ts';
import { followTrusted, type TrustedPath } from '../../base/files/trusted-path.ts';
import { AREAS, type Area } from './address.ts';
import { systemErrorCode } from './files.ts';

/** Folders to be made below each area. */
export interface BucketFolders {
  readonly profile: string;
  readonly buckets: readonly string[];
}

/**
 * Makes the areas below the spool's folder and the folders of profiles and known buckets in them, and sees that all are
 * on one file system. May be called again.
 * @throws SluiceError spool_invalid, disk_full, disk_failed
 */
export function prepareAreas(root: string, folders: readonly BucketFolders[]): void {
  try {
    assertTrusted(() => followTrusted(root));
    makeFolderSync(root);
    for (const area of AREAS) makeArea(root, area);
    for (const area of AREAS) assertTrusted(() => followArea(join(root, area)));
    assertOneFileSystem(root);
    for (const area of AREAS) {
      for (const { profile, buckets } of folders) {
        makeFolderSync(join(root, area, profile));
        for (const bucket of buckets) makeFolderSync(join(root, area, profile, bucket));
      }
    }
  } catch (error) {
    throw asFileError(error, { operation: 'prepare the spool', subject: root });
  }
}

/** Others may drop files; what becomes of them is nobody else's. A folder that is there keeps its mode. */
export function makeArea(root: string, area: Area): void {
  makeFolderSync(join(root, area), area === 'incoming' ? undefined : 0o700);
}

/** Where an area's path leads; throws as `followTrusted`. The station's folder itself may be one that others write to. */
export function followArea(path: string): TrustedPath {
  return followTrusted(path, { mayShareParent: true });
}

/** What is not there yet is made by ourselves. */
function assertTrusted(follow: () => TrustedPath): void {
  try {
    follow();
  } catch (error) {
    if (error instanceof SluiceError) {
      const { message, hint, subject } = error;
      throw new SluiceError('spool_invalid', message, { subject, hint, cause: error });
    }
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

/** Checks the areas and everything mounted below them at the depths of profiles and buckets. */
function assertOneFileSystem(root: string): void {
  const { dev } = statSync(join(root, 'incoming'));
  const incoming = `${join(root, 'incoming')}/`;
  const check = (path: string, depth: number): void => {
    // An area itself may be a link; nothing below it is followed.
    const stats = depth === 0 ? statSync(path) : lstatSync(path, { throwIfNoEntry: false });
    // What others put into `incoming` stops no station: the watch reports links there.
    const isLinkedFolder =
      stats?.isSymbolicLink() &&
      !path.startsWith(incoming) &&
      statSync(path, { throwIfNoEntry: false })?.isDirectory();
    if (isLinkedFolder) throw isLink(path);
    if (!stats?.isDirectory()) return;
    if (stats.dev !== dev) throw onOtherFileSystem(path);
    if (depth < 2) for (const name of readdirSync(path)) check(join(path, name), depth + 1);
  };
  for (const area of AREAS) check(join(root, area), 0);
}

function isLink(path: string): SluiceError {
  return new SluiceError('spool_invalid', `${path} is a symbolic link; below the areas none is followed`, {
    subject: path,
    hint: 'Put a real folder there; an area itself, or the whole station folder, may be a link.',
  });
}

/** The error for a path to which files cannot be moved in one step. */
function onOtherFileSystem(path: string): SluiceError {
  return new SluiceError(
    'spool_invalid',
    `${path} is on another file system than the incoming area; files could not be moved in one step`,
    {
      subject: path,
      hint: 'Put the whole station folder on one file system, without mounts or links to others below it.',
    },
  );
}

/** The error for a file that a mount keeps from being moved: it stays where it is until that is gone. */
export function acrossMounts(from: string, to: string): SluiceError {
  return new SluiceError(
    'spool_invalid',
    `${from} cannot be moved to ${to} in one step: something is mounted on the way to one of them`,
    {
      operation: 'move',
      subject: from,
      answer: 'hold',
      holds: 'disk',
      hint: 'Unmount it, or name the mounted folder under deliver.folders, from which files go as they lie. The file waits, and goes by itself then.',
    },
  );
}
