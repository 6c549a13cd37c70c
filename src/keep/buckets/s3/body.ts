import { createHash } from 'node:crypto';
import { close, open as openFile, read as readFile } from 'node:fs';
import type { ObjectSource, SourceFile } from '../bucket.ts';
import { crc32Base64 } from '../checksum.ts';
import { crc32 } from '../crc32.ts';
import { fill, type OpenSource, openSource, sourceTooShort } from '../source.ts';
import type { BodyBlocks } from './stream-transport.ts';

/** Up to here a body is read whole into memory and sent with its hashes in the headers; larger ones are streamed. */
export const SMALL_BODY_BYTES = 1024 * 1024;
/** Payload bytes in one block. Eight of them are in memory while four parts are on their way. */
const BLOCK_BYTES = 512 * 1024;
/** Room in front of a block's payload for the chunk's size line: up to 14 hexadecimal digits, CR, LF. */
const HEAD_ROOM_BYTES = 16;
const CRLF = Buffer.from('\r\n');
export const TRAILER_NAME = 'x-amz-checksum-crc32';

export function sizeOf(source: ObjectSource): number {
  return 'body' in source ? source.body.length : source.size;
}

/**
 * Reads a small source into memory: one open, read and close through the callback API, which costs a third of
 * `readFile`'s CPU time.
 * @throws SluiceError source_changed when the file is shorter than it should be
 */
export function readSource(source: ObjectSource): Promise<Buffer> {
  if ('body' in source) return Promise.resolve(source.body);
  if (source.file) return readOpened(source);
  const { path, size, offset = 0 } = source;
  return new Promise((resolve, reject) => {
    openFile(path, 'r', (openError, descriptor) => {
      if (openError) return reject(openError);
      const buffer = Buffer.allocUnsafe(size);
      let filled = 0;
      const finish = (error: Error | null): void =>
        close(descriptor, closeError =>
          (error ?? closeError) ? reject(error ?? closeError) : resolve(buffer),
        );
      const more = (): void =>
        readFile(descriptor, buffer, filled, size - filled, offset + filled, (readError, bytes) => {
          if (readError) return finish(readError);
          if (bytes === 0) return finish(sourceTooShort(path, size, filled));
          filled += bytes;
          if (filled < size) more();
          else finish(null);
        });
      if (size === 0) finish(null);
      else more();
    });
  });
}

async function readOpened(source: SourceFile): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(source.size);
  await fill(await openSource(source), buffer, source, 0);
  return buffer;
}

/** Two buffers for the blocks of one body. */
export type Rooms = readonly [Buffer, Buffer];

const ROOM_BYTES = HEAD_ROOM_BYTES + BLOCK_BYTES + CRLF.length;
/** Kept for the next bodies: what large transfers at once usually need. */
const MAX_SPARE = 8;
const spareRooms: Rooms[] = [];

/**
 * Rooms for a streamed body. Left to the garbage collector they pile up faster than it comes: 90 MiB with four parts at
 * once.
 */
export function takeRooms(): Rooms {
  return spareRooms.pop() ?? [Buffer.allocUnsafe(ROOM_BYTES), Buffer.allocUnsafe(ROOM_BYTES)];
}

/** For the next body. Only to be called when nothing reads from them any more: the kernel has taken every block. */
export function giveBackRooms(rooms: Rooms): void {
  if (spareRooms.length < MAX_SPARE) spareRooms.push(rooms);
}

/** Payload blocks of a source, in two buffers that take turns, so that one is read while the other is sent. */
async function* readBlocks(
  source: ObjectSource,
  rooms: Rooms,
): AsyncGenerator<{ room: Buffer; payload: number }> {
  const size = sizeOf(source);
  const opened = 'path' in source ? await openSource(source) : undefined;
  try {
    for (let done = 0, turn = 0; done < size; turn ^= 1) {
      const room = rooms[turn] as Buffer;
      const payload = Math.min(BLOCK_BYTES, size - done);
      const target = room.subarray(HEAD_ROOM_BYTES, HEAD_ROOM_BYTES + payload);
      if ('body' in source) source.body.copy(target, 0, done, done + payload);
      else await fill(opened as OpenSource, target, source, done);
      done += payload;
      yield { room, payload };
    }
  } finally {
    await opened?.close();
  }
}

/** A body as it is. */
export async function* plainBlocks(source: ObjectSource, rooms: Rooms): BodyBlocks {
  for await (const { room, payload } of readBlocks(source, rooms)) {
    yield { bytes: room.subarray(HEAD_ROOM_BYTES, HEAD_ROOM_BYTES + payload), payloadBytes: payload };
  }
}

/**
 * A body as aws-chunked with its CRC32 as trailer (Amazon S3 API reference, "Signature calculations … including
 * trailing headers", STREAMING-UNSIGNED-PAYLOAD-TRAILER): one pass over the file.
 * @param onChecksum called with the CRC32 once all has been read
 */
export async function* chunkedBlocks(
  source: ObjectSource,
  rooms: Rooms,
  onChecksum: (crc32: string) => void,
): BodyBlocks {
  let checksum = 0;
  for await (const { room, payload } of readBlocks(source, rooms)) {
    checksum = crc32(room.subarray(HEAD_ROOM_BYTES, HEAD_ROOM_BYTES + payload), checksum);
    const head = `${payload.toString(16)}\r\n`;
    const from = HEAD_ROOM_BYTES - head.length;
    room.write(head, from, 'latin1');
    CRLF.copy(room, HEAD_ROOM_BYTES + payload);
    yield { bytes: room.subarray(from, HEAD_ROOM_BYTES + payload + CRLF.length), payloadBytes: payload };
  }
  const encoded = crc32Base64(checksum);
  onChecksum(encoded);
  yield { bytes: Buffer.from(`0\r\n${TRAILER_NAME}:${encoded}\r\n\r\n`), payloadBytes: 0 };
}

/** Bytes on the wire of `chunkedBlocks`: what Content-Length must say. */
export function chunkedLength(size: number): number {
  const whole = Math.floor(size / BLOCK_BYTES);
  const rest = size % BLOCK_BYTES;
  const chunk = (payload: number): number => payload.toString(16).length + payload + 2 * CRLF.length;
  const trailer = TRAILER_NAME.length + 1 + 8 + 2 * CRLF.length;
  return whole * chunk(BLOCK_BYTES) + (rest > 0 ? chunk(rest) : 0) + '0\r\n'.length + trailer;
}

/** One pass over a source for what must stand in the headers: SHA-256 in hexadecimal, CRC32, and MD5 in base64. */
export async function digestsOf(
  source: ObjectSource,
  wantsMd5 = false,
): Promise<{ sha256: string; crc32: string; md5: string | undefined }> {
  const sha256 = createHash('sha256');
  const md5 = wantsMd5 ? createHash('md5') : undefined;
  let checksum = 0;
  const rooms = takeRooms();
  for await (const { room, payload } of readBlocks(source, rooms)) {
    const bytes = room.subarray(HEAD_ROOM_BYTES, HEAD_ROOM_BYTES + payload);
    sha256.update(bytes);
    md5?.update(bytes);
    checksum = crc32(bytes, checksum);
  }
  giveBackRooms(rooms);
  return { sha256: sha256.digest('hex'), crc32: crc32Base64(checksum), md5: md5?.digest('base64') };
}
