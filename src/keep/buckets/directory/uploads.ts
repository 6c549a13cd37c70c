import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../../../base/errors.ts';
import { makeFolder } from '../../../base/files/make-folder.ts';
import type {
  MultipartUpload,
  ObjectAddress,
  ObjectSource,
  PendingUpload,
  TransferOptions,
  UploadedPart,
} from '../bucket.ts';
import { codeOf } from './paths.ts';
import { writeTemporary } from './write.ts';

interface Manifest {
  readonly bucket: string;
  readonly key: string;
  readonly initiatedMs: number;
  readonly mtimeSeconds?: number;
  readonly mode?: number;
}

/**
 * Multipart uploads in a folder: each a sub-folder named by its id, holding `upload.json` and a file for each part. All
 * that is known of a part is in its name, `00007-<crc32 in hexadecimal>`, so that writing it is one rename.
 */
export class Uploads {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async create(
    at: ObjectAddress,
    initiatedMs: number,
    mtimeSeconds: number | undefined,
    mode: number | undefined,
  ): Promise<MultipartUpload> {
    const uploadId = randomUUID();
    const folder = join(this.#folder, uploadId);
    await makeFolder(folder);
    const manifest: Manifest = {
      ...at,
      initiatedMs,
      mtimeSeconds,
      mode,
    };
    await writeFile(join(folder, 'upload.tmp'), JSON.stringify(manifest), { flush: true });
    await rename(join(folder, 'upload.tmp'), join(folder, 'upload.json'));
    return { ...at, uploadId };
  }

  async put(
    upload: MultipartUpload,
    partNumber: number,
    source: ObjectSource,
    options: TransferOptions,
  ): Promise<UploadedPart> {
    await this.manifest(upload);
    const folder = join(this.#folder, upload.uploadId);
    const before = await this.#fileOf(upload, partNumber);
    const written = await writeTemporary(folder, [source], options);
    const name = nameOf(partNumber, written.crc32);
    await rename(written.path, join(folder, name));
    if (before !== undefined && before !== name) await rm(join(folder, before), { force: true });
    return { partNumber, etag: name, size: written.size, crc32: written.crc32 };
  }

  async parts(upload: MultipartUpload): Promise<UploadedPart[]> {
    await this.manifest(upload);
    const folder = join(this.#folder, upload.uploadId);
    const parts: UploadedPart[] = [];
    for (const name of (await readdir(folder)).sort()) {
      const match = /^(\d{5})-([0-9a-f]{8})$/.exec(name);
      if (!match) continue;
      const { size } = await stat(join(folder, name));
      const crc32 = Buffer.from(match[2] ?? '', 'hex').toString('base64');
      parts.push({ partNumber: Number(match[1]), etag: name, size, crc32 });
    }
    return parts;
  }

  /** Sources that read the given parts in their order. Throws upload_missing for one that is not there as given. */
  async sources(upload: MultipartUpload, parts: readonly UploadedPart[]): Promise<ObjectSource[]> {
    const known = new Map((await this.parts(upload)).map(part => [part.partNumber, part]));
    return parts
      .toSorted((a, b) => a.partNumber - b.partNumber)
      .map(({ partNumber, etag }) => {
        const part = known.get(partNumber);
        if (part?.etag !== etag) throw missingUpload(upload, `part ${partNumber} is not there`);
        return { path: join(this.#folder, upload.uploadId, etag), size: part.size };
      });
  }

  async remove(upload: MultipartUpload): Promise<void> {
    await rm(join(this.#folder, idOf(upload)), { recursive: true, force: true });
  }

  async list(bucket: string, prefix: string): Promise<PendingUpload[]> {
    const pending: PendingUpload[] = [];
    for (const uploadId of await namesIn(this.#folder)) {
      const manifest = await this.#read(uploadId);
      if (manifest?.bucket !== bucket || !manifest.key.startsWith(prefix)) continue;
      pending.push({ bucket, key: manifest.key, uploadId, initiatedMs: manifest.initiatedMs });
    }
    return pending.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }

  /** What is known of an upload; throws upload_missing when it is gone. */
  async manifest(upload: MultipartUpload): Promise<Manifest> {
    const manifest = await this.#read(idOf(upload));
    if (manifest?.bucket !== upload.bucket || manifest.key !== upload.key)
      throw missingUpload(upload, 'it is not there');
    return manifest;
  }

  async #read(uploadId: string): Promise<Manifest | undefined> {
    try {
      return JSON.parse(await readFile(join(this.#folder, uploadId, 'upload.json'), 'utf8')) as Manifest;
    } catch (error) {
      // Just begun, or just removed.
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #fileOf(upload: MultipartUpload, partNumber: number): Promise<string | undefined> {
    const names = await namesIn(join(this.#folder, upload.uploadId));
    return names.find(name => name.startsWith(`${paddedNumber(partNumber)}-`));
  }
}

const paddedNumber = (partNumber: number): string => String(partNumber).padStart(5, '0');

function nameOf(partNumber: number, crc32: string): string {
  return `${paddedNumber(partNumber)}-${Buffer.from(crc32, 'base64').toString('hex')}`;
}

/** An id comes from a record that may have been tampered with: it must not lead anywhere else. */
function idOf(upload: MultipartUpload): string {
  if (!/^[0-9a-f-]{36}$/.test(upload.uploadId)) throw missingUpload(upload, 'its id is none of this store');
  return upload.uploadId;
}

function missingUpload(upload: MultipartUpload, why: string): SluiceError {
  return new SluiceError('upload_missing', `upload of ${upload.bucket}/${upload.key}: ${why}`, {
    subject: upload.key,
  });
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
