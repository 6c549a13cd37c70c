import { readSync } from 'node:fs';
import type { ThreadServer } from '../../../base/thread-server.ts';
import { BATCH_COMMITS } from './commit-source.ts';
import { CommitPacker, type PackedCommits } from './packed-commits.ts';
import { CommitParser } from './parse.ts';

/** What to read. */
export interface ParseJob {
  /** Reading end of a pipe that does not block. */
  readonly descriptor: number;
  /** Shared: how many batches have been taken. */
  readonly taken: Int32Array;
}

/** A pipe's commits come as progress, in batches; the reply comes at its end. */
export interface ParseProtocol {
  readonly requests: {
    readonly parse: {
      readonly request: ParseJob;
      readonly reply: { readonly incomplete: boolean };
      readonly progress: PackedCommits;
    };
  };
}

/** Batches that are sent before the first of them is taken; it then waits, and git with it. */
const MAX_BATCHES_AHEAD = 8;
const CHUNK_BYTES = 2 ** 18;
/**
 * With less than this in the pipe it waits a little, so that each read is worth its price: git writes 4 KiB at a time.
 */
const WORTH_BYTES = 2 ** 16;
const PAUSE_MS = 1;

/** The inside of a parsing thread: reads a pipe to its end, and nothing else meanwhile. */
export function parseServer(): ThreadServer<ParseProtocol> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  return { handlers: { parse: (job, { onProgress }) => parsePipe(job, buffer, onProgress) } };
}

function parsePipe(
  { descriptor, taken }: ParseJob,
  buffer: Buffer,
  send: (packed: PackedCommits) => void,
): { readonly incomplete: boolean } {
  const packer = new CommitPacker();
  const parser = new CommitParser(commit => packer.add(commit));
  let sent = 0;
  const sendBatch = (): void => {
    send(packer.take());
    sent += 1;
    for (let now = Atomics.load(taken, 0); sent - now >= MAX_BATCHES_AHEAD; now = Atomics.load(taken, 0)) {
      Atomics.wait(taken, 0, now);
    }
  };
  for (let bytes = read(descriptor, buffer); bytes !== 0; bytes = read(descriptor, buffer)) {
    if (bytes !== undefined) parser.push(buffer.subarray(0, bytes));
    if (packer.count >= BATCH_COMMITS) sendBatch();
    if (bytes === undefined || bytes < WORTH_BYTES) pause();
  }
  if (packer.count > 0) sendBatch();
  return { incomplete: parser.incomplete };
}

/** @returns how many bytes came; 0 at the end, undefined while there is nothing */
function read(descriptor: number, buffer: Buffer): number | undefined {
  try {
    return readSync(descriptor, buffer, 0, buffer.length, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Waits without a turn of the event loop: there is nothing else to do here, and the thread can still be ended. */
function pause(): void {
  Atomics.wait(never, 0, 0, PAUSE_MS);
}
