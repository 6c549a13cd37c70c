import { existsSync } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectId } from '../../../keep/store/types.ts';

/**
 * Of the index of a pack, version 2 (git-scm.com/docs/gitformat-pack): a mark, the version, then how many ids begin
 * with each byte or a lower one.
 */
const MARK = 0xff744f63;
const VERSION = 2;
const FANOUT_START = 8;
const FANOUT_BYTES = 256 * 4;

/**
 * Whether an object is in a repository, without asking git: of a partial clone git says that an object is missing only
 * after it has read all others there, to know whether the remote promised it (a second for 85 000 commits). Costs a
 * few reads a pack, however large it is. An object that only an index of another version names counts as missing.
 * Throws what the file system throws.
 */
export async function hasObject(gitDir: string, id: ObjectId): Promise<boolean> {
  const objects = join(gitDir, 'objects');
  if (existsSync(join(objects, id.slice(0, 2), id.slice(2)))) return true;
  const packs = join(objects, 'pack');
  const wanted = Buffer.from(id, 'hex');
  for (const name of await readdir(packs)) {
    if (name.endsWith('.idx') && (await indexHas(join(packs, name), wanted))) return true;
  }
  return false;
}

async function indexHas(path: string, wanted: Buffer): Promise<boolean> {
  const file = await open(path);
  try {
    const head = await bytesAt(file, 0, FANOUT_START + FANOUT_BYTES);
    if (head.readUInt32BE(0) !== MARK || head.readUInt32BE(4) !== VERSION) return false;
    const first = wanted[0] as number;
    const fanout = (byte: number): number => head.readUInt32BE(FANOUT_START + byte * 4);
    let low = first === 0 ? 0 : fanout(first - 1);
    let high = fanout(first) - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const at = FANOUT_START + FANOUT_BYTES + middle * wanted.length;
      const order = wanted.compare(await bytesAt(file, at, wanted.length));
      if (order === 0) return true;
      if (order > 0) low = middle + 1;
      else high = middle - 1;
    }
    return false;
  } finally {
    await file.close();
  }
}

/** Zeros where the file ends before. */
async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  await file.read(buffer, 0, length, position);
  return buffer;
}
