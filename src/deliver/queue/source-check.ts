import { constants } from 'node:fs';
import { open, opendir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { asFileError, SluiceError } from '../../base/errors.ts';
import { followTrusted } from '../../base/files/trusted-path.ts';
import { systemFailureOf } from '../../base/system-errors.ts';
import { AREAS } from '../spool/address.ts';
import { followArea } from '../spool/prepare-areas.ts';

/** Where files are sent from: the spool, which must take files as well, or a folder that is only read. */
export interface Source {
  readonly path: string;
  readonly isSpool: boolean;
}

/** A file that could not be read, and what it failed with. */
export interface UnreadFile {
  readonly path: string;
  readonly error: unknown;
  /** No other file of the place could be read either, whatever the error is. */
  readonly isOneOfMany?: boolean;
}

/** A mount whose server is gone may never answer. */
const PATIENCE_MS = 10_000;
/** As large as a block of most file systems. */
const TRIAL = Buffer.alloc(4096);
/** What a damaged spot of a disk answers: it says something of this file, and of the folder only if that answers so. */
const OF_CONTENT: ReadonlySet<string> = new Set(['EIO', 'EBADMSG', 'EUCLEAN', 'EHWPOISON', 'EILSEQ']);

/** Whether a failure may well be one of the spot of the disk where a file's content lies. */
export function isOfContent(error: unknown): boolean {
  return OF_CONTENT.has(systemFailureOf(error)?.name ?? '');
}

/**
 * What is wrong with the place that files lie in; undefined when it can be listed, read and (the spool) written. Never
 * throws.
 * @param file one that could not be read; looked at again unless its error may well be its own
 */
export async function sourceTrouble(
  source: Source,
  clock: Pick<Clock, 'timer'>,
  file?: UnreadFile,
): Promise<SluiceError | undefined> {
  const subject = source.path;
  let cancel = (): void => undefined;
  const late = new Promise<SluiceError>(resolve => {
    const error = new SluiceError('disk_failed', `${subject} does not answer`, { subject, answer: 'hold' });
    cancel = clock.timer(PATIENCE_MS, () => resolve(error));
  });
  const looking = look(source, file).then(
    () => undefined,
    error => asFileError(error, { operation: 'look at', subject }),
  );
  return await Promise.race([looking, late]).finally(() => cancel());
}

async function look(source: Source, file?: UnreadFile): Promise<void> {
  if (source.isSpool) for (const area of AREAS) followArea(join(source.path, area));
  else followTrusted(source.path);
  await stat(source.path);
  const directory = await opendir(source.path);
  await directory.read().finally(() => directory.close());
  if (source.isSpool) await stat(join(source.path, 'incoming'));
  if (source.isSpool) await writeTrial(join(source.path, 'incoming_tmp', `.trial-${process.pid}`));
  if (file && (file.isOneOfMany || !isOfContent(file.error))) await readTrial(file.path);
}

async function writeTrial(path: string): Promise<void> {
  const handle = await open(path, 'w', 0o600);
  try {
    await handle.writeFile(TRIAL);
    await handle.datasync();
  } finally {
    await handle.close();
    await unlink(path);
  }
}

async function readTrial(path: string): Promise<void> {
  try {
    // Somebody may have put a pipe there.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    await handle.read(Buffer.alloc(1), 0, 1, 0).finally(() => handle.close());
  } catch (error) {
    const says = systemFailureOf(error, 'files')?.says;
    // What is said of this one file says nothing of its folder.
    if (says !== 'item') throw error;
  }
}
