import { closeSync, constants, fstatSync, lstatSync, openSync, type Stats, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import { Enclosure } from '../../base/files/enclosure.ts';
import { OpenedFile } from '../../base/files/opened-file.ts';
import { Selection, type SelectionSetup } from '../../base/globs.ts';
import { systemErrorCode } from '../spool/files.ts';
import { type WalkedFile, walkFiles } from '../spool/walk.ts';

/** A file to be copied, something among them that cannot be, or a file that is not meant. */
export type CopySource =
  | {
      readonly path: string;
      readonly relative: string | null;
      readonly size: number;
      /** Opens it for reading; undefined where it is no regular file any more. */
      readonly open: () => OpenedFile | undefined;
    }
  | { readonly path: string; readonly problem: string }
  | { readonly path: string; readonly isExcluded: true };

/** The files that are to be copied. */
export interface CopySources {
  /** The last segment of what was named; empty for `.`, whose content is meant. */
  readonly name: string;
  readonly files: AsyncIterable<CopySource>;
}

/**
 * What `SOURCE` stands for: one file, or with `recursive` all files below a directory.
 * @param selection which of the files below the directory are meant; all where it is not given
 * @throws SluiceError usage for what is not there, and for a directory without `recursive` (as `cp` has it)
 */
export function sourcesOf(source: string, recursive: boolean, selection?: SelectionSetup): CopySources {
  const path = resolve(source);
  const name = /(^|\/)\.{1,2}\/*$/.test(source) ? '' : basename(path);
  const stats = statsOf(path, source);
  if (stats.isFile())
    return {
      name: basename(path),
      files: oneFile({ path, relative: null, size: stats.size, open: () => openNamed(path) }),
    };
  if (!stats.isDirectory())
    throw new SluiceError('usage', `${source} is neither a file nor a directory`, { subject: source });
  if (!recursive) {
    throw new SluiceError('usage', `${source} is a directory`, {
      subject: source,
      hint: 'Add -r to copy it with all it holds.',
    });
  }
  return { name, files: filesBelow(path, selection && new Selection(selection)) };
}

function statsOf(path: string, shown: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT')
      throw asSluiceError(error, { operation: 'copy', subject: shown });
    const isLink = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
    throw new SluiceError(
      'usage',
      isLink ? `${shown} is a broken symbolic link` : `${shown} does not exist`,
      { subject: shown, hint: 'Check the path: it begins in the folder where you are.' },
    );
  }
}

async function* oneFile(source: CopySource): AsyncGenerator<CopySource> {
  yield source;
}

/** A file that the user named, perhaps by a link; a pipe put in its place does not block. */
function openNamed(path: string): OpenedFile | undefined {
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  const stats = fstatSync(descriptor);
  if (stats.isFile()) return new OpenedFile(path, descriptor, stats);
  closeSync(descriptor);
  return undefined;
}

async function* filesBelow(directory: string, selection?: Selection): AsyncGenerator<CopySource> {
  const enclosure = new Enclosure(directory);
  for await (const file of walkFiles(directory, true)) {
    if (selection && isExcluded(file, selection)) yield { path: file.path, isExcluded: true };
    else if ('problem' in file) yield { path: file.path, problem: file.problem };
    else {
      const { relative, stats } = file;
      yield {
        path: join(directory, relative),
        relative,
        size: stats.size,
        open: () => enclosure.open(relative),
      };
    }
  }
}

/** A directory that cannot be read may hold what is included: only `exclude` passes it over. */
function isExcluded(file: WalkedFile, selection: Selection): boolean {
  return 'problem' in file && file.isDirectory
    ? selection.excludes(file.relative)
    : !selection.has(file.relative);
}

/**
 * How many files `SOURCE` stands for, and how many bytes they have together; undefined once `signal` has ended the
 * counting. Throws as `sourcesOf`.
 */
export async function countSources(
  source: string,
  { recursive, selection }: { readonly recursive: boolean; readonly selection?: SelectionSetup },
  signal: AbortSignal,
): Promise<{ readonly files: number; readonly bytes: number } | undefined> {
  let count = 0;
  let bytes = 0;
  for await (const file of sourcesOf(source, recursive, selection).files) {
    if (signal.aborted) return undefined;
    if ('isExcluded' in file) continue;
    count += 1;
    if ('size' in file) bytes += file.size;
  }
  return { files: count, bytes };
}
