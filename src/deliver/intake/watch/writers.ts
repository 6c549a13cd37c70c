import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import { constants as osConstants } from 'node:os';
import type { Libc } from './libc.ts';

/**
 * Does somebody still write this file? `none`: nobody has it open for writing. `open`: somebody has.
 * `unknown`: the kernel cannot say (no leases there, or the file is another user's and we are not root).
 */
export type Writer = 'none' | 'open' | 'unknown';

/** `busy` says nothing against the file: it could not be opened just now. */
export type Probe =
  | { readonly type: 'file'; readonly writer: Writer; readonly stat: Stats }
  | { readonly type: 'gone' }
  | { readonly type: 'busy' }
  | { readonly type: 'unreadable'; readonly reason: string; readonly error: unknown };

/** A pipe put in the file's place would block an open without NONBLOCK; a link would lead out of the tree. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** Too little of something, or another's lease (EAGAIN) or lock (EBUSY) is in the way. */
const COME_BACK_LATER: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EINTR',
  'EAGAIN',
  'EBUSY',
]);

/**
 * Opens the file to see that it can be read, asks the kernel for writers, and takes size and times at the
 * very moment of the answer: while the lease is held no writer can come in between.
 * @param libc absent where leases must not be trusted; the writer is then `unknown`
 */
export function probe(path: string, libc: Libc | undefined): Probe {
  let descriptor: number;
  try {
    descriptor = openSync(path, OPEN_FLAGS);
  } catch (error) {
    return probeFailure(path, error as NodeJS.ErrnoException);
  }
  try {
    let stat: Stats | undefined;
    const refusal = libc?.withReadLease(descriptor, () => {
      stat = fstatSync(descriptor);
    });
    const writer = refusal === 0 ? 'none' : refusal === osConstants.errno.EAGAIN ? 'open' : 'unknown';
    return { type: 'file', writer, stat: stat ?? fstatSync(descriptor) };
  } catch (error) {
    return probeFailure(path, error as NodeJS.ErrnoException);
  } finally {
    closeSync(descriptor);
  }
}

function probeFailure(path: string, error: NodeJS.ErrnoException): Probe {
  const code = error.code ?? '';
  // ELOOP: a symlink has taken its place since; the next inspection sees it as one.
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return { type: 'gone' };
  if (COME_BACK_LATER.has(code)) return { type: 'busy' };
  return { type: 'unreadable', reason: `${code || error.message} on opening ${path}`, error };
}
