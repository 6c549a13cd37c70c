import { closeSync, constants, fstatSync, lstatSync, openSync, type Stats, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import { Enclosure } from '../../base/files/enclosure.ts';
import { OpenedFile } from '../../base/files/opened-file.ts';
import { systemErrorCode } from '../spool/files.ts';
import { walkFiles } from '../spool/walk.ts';

/** A file to be copied, or something among them that cannot be. */
export type CopySource =
  | {
      readonly path: string;
      readonly relative: string | null;
      readonly size: number;
      /** Opens it for reading; undefined where it is no regular file any more. */
      readonly open: () => OpenedFile | undefined;
    }
  | { readonly path: string; readonly problem: string };

/** The files that are to be copied. */
export interface CopySources {
  /** The last segment of what was named; empty for `.`, whose content is meant. */
  readonly name: string;
  readonly files: AsyncIterable<CopySource>;
}

/**
 * What `SOURCE` stands for: one file, or with `recursive` all files below a directory.
 * @throws SluiceError usage for what is not there, and for a directory without `recursive` (as `cp` has it)
 */
export function sourcesOf(source: string, recursive: boolean): CopySources {
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
  return { name, files: filesBelow(path) };
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

async function* filesBelow(directory: string): AsyncGenerator<CopySource> {
  const enclosure = new Enclosure(directory);
  for await (const file of walkFiles(directory, true)) {
    if ('problem' in file) yield file;
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

/**
 * How many files `SOURCE` stands for, and how many bytes they have together; undefined once `signal` has ended the
 * counting. Throws as `sourcesOf`.
 */
export async function countSources(
  source: string,
  recursive: boolean,
  signal: AbortSignal,
): Promise<{ readonly files: number; readonly bytes: number } | undefined> {
  let count = 0;
  let bytes = 0;
  for await (const file of sourcesOf(source, recursive).files) {
    if (signal.aborted) return undefined;
    count += 1;
    if ('size' in file) bytes += file.size;
  }
  return { files: count, bytes };
}
