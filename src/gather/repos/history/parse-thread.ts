import { readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { toErrorRecord } from '../../../base/errors.ts';
import { BATCH_COMMITS } from './commit-source.ts';
import { CommitPacker } from './packed-commits.ts';
import { CommitParser } from './parse.ts';
import { type FromParser, MAX_BATCHES_AHEAD, type ToParser } from './parsing-messages.ts';

/** The inside of a parsing thread (parsing-thread.ts): reads a pipe to its end and answers with the commits in it. */

const CHUNK_BYTES = 2 ** 18;
/** With less than this in the pipe it waits a little, so that each read is worth its price: git writes 4 KiB at a time. */
const WORTH_BYTES = 2 ** 16;
const PAUSE_MS = 1;

const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
const never = new Int32Array(new SharedArrayBuffer(4));

function tell(message: FromParser): void {
  parentPort?.postMessage(message);
}

/** Waits without a turn of the event loop: there is nothing else to do here, and the thread can still be ended. */
function pause(): void {
  Atomics.wait(never, 0, 0, PAUSE_MS);
}

/** @returns how many bytes came; 0 at the end, undefined while there is nothing */
function read(descriptor: number): number | undefined {
  try {
    return readSync(descriptor, buffer, 0, CHUNK_BYTES, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

function parse({ descriptor, taken }: ToParser): void {
  const packer = new CommitPacker();
  const parser = new CommitParser(commit => packer.add(commit));
  let sent = 0;
  const send = (): void => {
    tell({ type: 'commits', packed: packer.take() });
    sent += 1;
    for (let now = Atomics.load(taken, 0); sent - now >= MAX_BATCHES_AHEAD; now = Atomics.load(taken, 0)) {
      Atomics.wait(taken, 0, now);
    }
  };
  for (let bytes = read(descriptor); bytes !== 0; bytes = read(descriptor)) {
    if (bytes !== undefined) parser.push(buffer.subarray(0, bytes));
    if (packer.count >= BATCH_COMMITS) send();
    if (bytes === undefined || bytes < WORTH_BYTES) pause();
  }
  if (packer.count > 0) send();
  tell({ type: 'end', incomplete: parser.incomplete });
}

parentPort?.on('message', (message: ToParser) => {
  try {
    parse(message);
  } catch (error) {
    tell({ type: 'failed', error: toErrorRecord(error) });
  }
});
