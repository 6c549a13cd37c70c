import { readSync } from 'node:fs';
import type { ThreadServer } from '../../../base/thread-server.ts';
import { CommitPacker, PACKET_BYTES, PACKET_COMMITS, type PackedCommits } from './packed-commits.ts';
import { CommitParser } from './parse.ts';

/** What to read. */
export interface ParseJob {
  /** Reading end of a pipe that does not block. */
  readonly descriptor: number;
  /** Shared: `PACKETS` times `PACKET_BYTES`, which packets are made in, one after the other and in turn. */
  readonly memory: SharedArrayBuffer;
  /** Shared: how many packets have been read, so that what they were made in is free again. */
  readonly freed: Int32Array;
}

/** A pipe's commits come as progress, in packets; the reply comes at its end. */
export interface ParseProtocol {
  readonly requests: {
    readonly parse: {
      readonly request: ParseJob;
      readonly reply: { readonly incomplete: boolean };
      readonly progress: PackedCommits;
    };
  };
}

/** Packets that are sent before the first of them is free again; it then waits, and git with it. */
export const PACKETS = 8;
/** Its text is short enough for the young generation: one of more than 128 KiB would lie beside it, and be collected late. */
const CHUNK_BYTES = 2 ** 16 + 2 ** 15;
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

/** Where in the shared memory a packet lies, by its number. */
export function packetBytes(memory: SharedArrayBuffer, number: number): Uint8Array {
  return new Uint8Array(memory, (number % PACKETS) * PACKET_BYTES, PACKET_BYTES);
}

function parsePipe(
  { descriptor, memory, freed }: ParseJob,
  buffer: Buffer,
  send: (packed: PackedCommits) => void,
): { readonly incomplete: boolean } {
  const packer = new CommitPacker();
  let sent = 0;
  packer.begin(packetBytes(memory, sent));
  const sendPacket = (): void => {
    send(packer.take());
    sent += 1;
    for (let now = Atomics.load(freed, 0); sent - now >= PACKETS; now = Atomics.load(freed, 0)) {
      Atomics.wait(freed, 0, now);
    }
    packer.begin(packetBytes(memory, sent));
  };
  const parser = new CommitParser(commit => {
    if (packer.add(commit)) return;
    sendPacket();
    packer.add(commit);
  });
  for (let bytes = read(descriptor, buffer); bytes !== 0; bytes = read(descriptor, buffer)) {
    if (bytes !== undefined) parser.push(buffer.subarray(0, bytes));
    if (packer.count === PACKET_COMMITS) sendPacket();
    if (bytes === undefined || bytes < WORTH_BYTES) pause();
  }
  if (packer.count > 0) sendPacket();
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
