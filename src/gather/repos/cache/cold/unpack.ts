import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Parser, type ReadEntry } from 'tar';
import { asSluiceError, SluiceError } from '../../../../base/errors.ts';
import { makeFolder } from '../../../../base/files/make-folder.ts';
import { Serializer } from '../../../../base/serializer.ts';
import { crc32Base64 } from '../../../../keep/buckets/checksum.ts';
import { crc32 } from '../../../../keep/buckets/crc32.ts';
import { isMember, MANIFEST, type Manifest } from './archive.ts';

const MAX_MANIFEST_BYTES = 64 * 1024;

/** An archive on its way back, and what it must be. */
export interface Unpacking {
  /** The archive's bytes. */
  readonly source: AsyncIterable<Uint8Array>;
  /** What they must amount to. */
  readonly bytes: number;
  readonly crc32: string;
  /** A folder of this process, outside of which nothing is written. */
  readonly into: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (bytes: number) => void;
}

/**
 * Writes the members of an archive below a folder. Only names that `isMember` knows, plain files, each once, together
 * no larger than the archive: whatever else it holds, it is refused. What was written of a refused one is the caller's
 * to remove.
 * @throws SluiceError `checksum_mismatch` when it is not the archive that was sent; `disk_*`, `cancelled`
 */
export async function unpack(unpacking: Unpacking): Promise<Manifest> {
  const members = new Members(unpacking.into, unpacking.bytes);
  try {
    return await unpackInto(members, unpacking);
  } catch (error) {
    // Nothing is written any more once this has failed.
    await members.stop(error);
    throw error;
  }
}

async function unpackInto(members: Members, unpacking: Unpacking): Promise<Manifest> {
  const { source, bytes, signal, onProgress } = unpacking;
  // Strict: an entry that is cut short or has a bad checksum is an error, not a warning.
  const parser = new Parser({ strict: true, onReadEntry: entry => members.take(entry) });
  parser.on('error', error => members.fail(refusal(error instanceof Error ? error.message : String(error))));
  let read = 0;
  let checksum = 0;
  for await (const piece of source) {
    signal.throwIfAborted();
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    read += chunk.length;
    if (read > bytes) throw refusal(`it is longer than ${bytes} bytes`);
    checksum = crc32(chunk, checksum);
    const drained = parser.write(chunk) || once(parser, 'drain', { signal });
    await Promise.race([drained, members.failed]);
    members.throwIfFailed();
    onProgress?.(read);
  }
  const ended = once(parser, 'end', { signal });
  parser.end();
  await Promise.race([ended, members.failed]);
  const manifest = await members.finish();
  if (read !== bytes || crc32Base64(checksum) !== unpacking.crc32)
    throw refusal(`it has ${read} bytes with CRC32 ${crc32Base64(checksum)}`);
  return manifest;
}

function refusal(why: string): SluiceError {
  return new SluiceError(
    'checksum_mismatch',
    `the archive in cold storage is not the one that was sent: ${why}`,
  );
}

/** Takes entries one after the other, as the parser hands them out. */
class Members {
  /** Resolves once something is wrong. */
  readonly failed: Promise<void>;
  readonly #into: string;
  #room: number;
  #failure: unknown;
  #announceFailure: () => void = () => undefined;
  readonly #writes = new Serializer();
  #current: ReadEntry | undefined;
  #manifest: Manifest | undefined;
  readonly #seen = new Set<string>();

  constructor(into: string, room: number) {
    this.#into = into;
    this.#room = room;
    this.failed = new Promise(resolve => {
      this.#announceFailure = resolve;
    });
  }

  take(entry: ReadEntry): void {
    void this.#writes.run(async () => {
      try {
        this.#current = entry;
        if (this.#failure === undefined) await this.#write(entry);
      } catch (error) {
        this.fail(asSluiceError(error, { operation: 'restore from cold storage' }));
      } finally {
        this.#current = undefined;
        // The parser goes on only when an entry has been read to its end.
        entry.resume();
      }
    });
  }

  fail(error: unknown): void {
    this.#failure ??= error;
    this.#announceFailure();
  }

  /** Ends what is being written; resolves when it has. */
  async stop(error: unknown): Promise<void> {
    this.fail(error);
    this.#current?.destroy(error);
    await this.#writes.idle();
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async finish(): Promise<Manifest> {
    await this.#writes.idle();
    this.throwIfFailed();
    if (!this.#manifest) throw refusal(`it holds no ${MANIFEST}`);
    return this.#manifest;
  }

  async #write(entry: ReadEntry): Promise<void> {
    const { path, type, size } = entry;
    if (type !== 'File' || !isMember(path))
      throw refusal(`it holds ${type} ${JSON.stringify(path.slice(0, 200))}`);
    if (this.#seen.has(path)) throw refusal(`it holds ${path} twice`);
    this.#seen.add(path);
    this.#room -= size;
    if (this.#room < 0) throw refusal('its members are larger than itself');
    if (path === MANIFEST) {
      this.#manifest = await readManifest(entry);
      return;
    }
    const target = join(this.#into, path);
    await makeFolder(dirname(target));
    // Never through a link, never over something: the folder is this process's own, and new.
    const file = await open(target, 'wx', 0o600);
    try {
      for await (const chunk of entry) await file.writeFile(chunk);
    } finally {
      await file.close();
    }
  }
}

function parseManifest(text: string): Manifest {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Manifest;
  } catch {
    // Refused below: it is no JSON at all.
  }
  throw refusal(`its ${MANIFEST} is no JSON object`);
}

async function readManifest(entry: ReadEntry): Promise<Manifest> {
  if (entry.size > MAX_MANIFEST_BYTES) throw refusal(`its ${MANIFEST} is too large`);
  const chunks: Buffer[] = [];
  for await (const chunk of entry) chunks.push(chunk);
  const manifest = parseManifest(Buffer.concat(chunks).toString('utf8'));
  const { version, objectFormat, lean, url, headRef } = manifest;
  const sound =
    version === 1 &&
    (objectFormat === 'sha1' || objectFormat === 'sha256') &&
    typeof lean === 'boolean' &&
    typeof url === 'string' &&
    (headRef === null || /^refs\/[^\p{Cc} ]+$/u.test(headRef));
  if (!sound) throw refusal(`its ${MANIFEST} makes no sense`);
  return manifest;
}
