import type { Clock } from '../../../../base/clock.ts';
import { asSluiceError, SluiceError } from '../../../../base/errors.ts';
import type { ObjectAddress, ObjectStore, UploadedPart } from '../../../../keep/buckets/bucket.ts';
import { crc32Base64, verifyObject } from '../../../../keep/buckets/checksum.ts';
import { crc32 } from '../../../../keep/buckets/crc32.ts';
import type { Archive } from './archive.ts';
import { ArchiveFile } from './archive-file.ts';

/** Two are in memory at most: one on its way, one being filled. */
const PART_BYTES = 16 * 2 ** 20;
/** A part is tried again at once, with growing waits: the stream behind it cannot be read a second time. */
const PART_TRIES = 4;
const FIRST_WAIT_MS = 500;
const CONTENT_TYPE = 'application/x-tar';

/** Where an archive is sent, and who may stop it. */
export interface SendContext {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Sends an archive as one object, straight from where it is read, and verifies what arrived. What an earlier try
 * left unfinished under that key is given up first. A server that takes no parts gets it whole, where that is not too
 * large.
 * @returns the CRC32 of the whole, in S3's form
 * @throws SluiceError what the store's methods throw; `checksum_mismatch`
 */
export async function sendArchive(
  archive: Archive,
  at: ObjectAddress,
  context: SendContext,
): Promise<string> {
  const { store, signal } = context;
  const { minPartBytes, maxPartBytes, maxParts } = store.limits;
  const least = Math.max(PART_BYTES, minPartBytes, Math.ceil(archive.bytes / maxParts));
  const partBytes = Math.min(least, maxPartBytes);
  const checksummed = new ChecksummedChunks(archive.read());
  const blocks = inBlocks(checksummed.chunks(), partBytes);
  if (archive.bytes <= partBytes) {
    for await (const body of blocks)
      await withRetries(context, () => store.putObject(at, { body }, { signal, contentType: CONTENT_TYPE }));
    await verify(archive, at, checksummed.crc32, [], context);
    return checksummed.crc32;
  }
  let parts: readonly UploadedPart[];
  try {
    parts = await sendParts(blocks, at, context);
  } catch (error) {
    const takesNone = error instanceof SluiceError && error.code === 'not_supported';
    if (!takesNone || archive.bytes > store.limits.maxSinglePutBytes) throw error;
    return await sendWhole(archive, at, context);
  }
  await verify(archive, at, checksummed.crc32, parts, context);
  return checksummed.crc32;
}

/** For a server that knows no uploads in parts. Tried again it is read from its beginning. */
async function sendWhole(archive: Archive, at: ObjectAddress, context: SendContext): Promise<string> {
  const { store, signal } = context;
  const file = new ArchiveFile(archive);
  try {
    const source = { path: at.key, size: archive.bytes, file };
    await withRetries(context, () => store.putObject(at, source, { signal, contentType: CONTENT_TYPE }));
    const { crc32 } = file;
    await verify(archive, at, crc32, [], context);
    return crc32;
  } finally {
    await file.close();
  }
}

async function sendParts(
  blocks: AsyncIterable<Buffer>,
  at: ObjectAddress,
  context: SendContext,
): Promise<readonly UploadedPart[]> {
  const { store, signal } = context;
  await abortUnfinished(at, context);
  const upload = await store.createUpload(at, { signal, contentType: CONTENT_TYPE });
  try {
    const parts: UploadedPart[] = [];
    for await (const body of blocks) {
      const number = parts.length + 1;
      parts.push(await withRetries(context, () => store.uploadPart(upload, number, { body }, { signal })));
    }
    await store.completeUpload(upload, parts, { signal });
    return parts;
  } catch (error) {
    // Its own signal may have aborted; the parts would cost money for ever. If that fails too, the next try does it.
    await store.abortUpload(upload).catch(() => undefined);
    throw error;
  }
}

async function abortUnfinished(at: ObjectAddress, { store, signal }: SendContext): Promise<void> {
  try {
    for (const pending of await store.listUploads(at.bucket, { prefix: at.key, signal })) {
      if (pending.key === at.key) await store.abortUpload(pending, { signal });
    }
  } catch (error) {
    const { code } = asSluiceError(error);
    if (!['access_denied', 'not_supported', 'request_refused'].includes(code)) throw error;
  }
}

async function verify(
  archive: Archive,
  at: ObjectAddress,
  crc32: string,
  parts: readonly UploadedPart[],
  { store, signal }: SendContext,
): Promise<void> {
  const head = await store.headObject(at, { checksum: true, signal });
  const where = `${at.bucket}/${at.key}`;
  if (!head) throw new SluiceError('checksum_mismatch', `${where} was sent and is not there`);
  const verdict = verifyObject(head, {
    size: archive.bytes,
    crc32,
    parts: parts.length > 0 ? parts : undefined,
  });
  if ('differs' in verdict) throw new SluiceError('checksum_mismatch', `${where}: ${verdict.differs}`);
}

async function withRetries<T>({ clock, signal }: SendContext, send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      if (attempt === PART_TRIES || asSluiceError(error).answer !== 'retry') throw error;
    }
    await clock.sleep(FIRST_WAIT_MS * 2 ** (attempt - 1), signal);
  }
}

/** Chunks passed on as they come, their CRC32 taken. */
class ChecksummedChunks {
  readonly #source: AsyncIterable<Buffer>;
  #value = 0;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source;
  }

  get crc32(): string {
    return crc32Base64(this.#value);
  }

  async *chunks(): AsyncGenerator<Buffer> {
    for await (const chunk of this.#source) {
      this.#value = crc32(chunk, this.#value);
      yield chunk;
    }
  }
}

/** The same bytes in blocks of that size; the last one may be shorter. */
async function* inBlocks(source: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let length = 0;
  for await (let chunk of source) {
    while (length + chunk.length >= bytes) {
      const head = chunk.subarray(0, bytes - length);
      yield Buffer.concat([...waiting, head]);
      chunk = chunk.subarray(head.length);
      waiting = [];
      length = 0;
    }
    if (chunk.length > 0) waiting.push(chunk);
    length += chunk.length;
  }
  if (length > 0) yield Buffer.concat(waiting);
}
