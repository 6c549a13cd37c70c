import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { asFileError, SluiceError } from '../../../base/errors.ts';

/** The station's mailmap as it is now. */
export interface MailmapFile {
  /** Its bytes; undefined where none is named, or it cannot be read. */
  readonly content: Buffer | undefined;
  /** Why it cannot be read, for people. */
  readonly fault: string | undefined;
}

/** As of a repository's own: the largest known are a hundred times smaller. */
export const MAX_MAILMAP_BYTES = 4 * 2 ** 20;
const NONE: MailmapFile = { content: undefined, fault: undefined };

/** Reads the mailmap that the configuration names, if it names one. Never throws: what is in the way is the `fault`. */
export async function readMailmapFile(path: string | undefined): Promise<MailmapFile> {
  if (path === undefined) return NONE;
  try {
    return { content: await contentOf(path), fault: undefined };
  } catch (error) {
    const { message } = asFileError(error, { operation: 'read the mailmap', subject: path });
    return { content: undefined, fault: `the mailmap of the configuration is left out: ${message}` };
  }
}

async function contentOf(path: string): Promise<Buffer> {
  // What hangs until somebody writes into it is no file.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new SluiceError('usage', `${path} is not a file`);
    // Its size is what it says; files that a kernel makes up say none, and some grow.
    const content = await buffer(file.createReadStream({ end: MAX_MAILMAP_BYTES, autoClose: false }));
    if (content.length > MAX_MAILMAP_BYTES)
      throw new SluiceError('usage', `${path} is larger than ${MAX_MAILMAP_BYTES} bytes`);
    return content;
  } finally {
    await file.close();
  }
}

/** Whether both say the same. Pure. */
export function isSameMailmap(one: MailmapFile, other: MailmapFile): boolean {
  const [first, second] = [one.content, other.content];
  return first === undefined || second === undefined ? first === second : first.equals(second);
}
