import { lstatSync, type Stats, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import { systemErrorCode } from '../spool/files.ts';
import { walkFiles } from '../spool/walk.ts';

/** A file to be copied, or something among them that cannot be. */
export type CopySource =
  | { readonly path: string; readonly relative: string | null; readonly size: number }
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
    return { name: basename(path), files: oneFile({ path, relative: null, size: stats.size }) };
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
      { subject: shown },
    );
  }
}

async function* oneFile(source: CopySource): AsyncGenerator<CopySource> {
  yield source;
}

async function* filesBelow(directory: string): AsyncGenerator<CopySource> {
  for await (const file of walkFiles(directory)) {
    if ('problem' in file) yield file;
    else yield { path: join(directory, file.relative), relative: file.relative, size: file.stats.size };
  }
}
