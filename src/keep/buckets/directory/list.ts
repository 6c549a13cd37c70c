import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './paths.ts';

interface Entry {
  /** Full key; folders end with a slash, which gives them the place of their first key. */
  readonly key: string;
  readonly bytes: Buffer;
}

/**
 * Keys of a bucket's folder in the order of their UTF-8 bytes, beginning with `prefix` and after `after`. Reads one
 * folder at a time and only those that can hold such keys. Links, sockets and the like are no objects.
 */
export async function* walkKeys(bucket: string, prefix: string, after: string): AsyncGenerator<string> {
  const slash = prefix.lastIndexOf('/');
  yield* walk(bucket, prefix.slice(0, slash + 1), prefix, Buffer.from(after));
}

async function* walk(bucket: string, folder: string, prefix: string, after: Buffer): AsyncGenerator<string> {
  for (const { key, bytes } of await entriesOf(bucket, folder)) {
    const isFolder = key.endsWith('/');
    if (!key.startsWith(prefix) && !(isFolder && prefix.startsWith(key))) continue;
    // Everything below a folder begins with its bytes: all before `after`, unless `after` lies inside.
    const liesBefore = Buffer.compare(bytes, after) <= 0;
    if (!isFolder) {
      if (!liesBefore) yield key;
    } else if (!liesBefore || after.subarray(0, bytes.length).equals(bytes)) {
      yield* walk(bucket, key, prefix, after);
    }
  }
}

async function entriesOf(bucket: string, folder: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  try {
    for await (const entry of await opendir(join(bucket, folder))) {
      if (!entry.isFile() && !entry.isDirectory()) continue;
      const key = folder + entry.name + (entry.isDirectory() ? '/' : '');
      entries.push({ key, bytes: Buffer.from(key) });
    }
  } catch (error) {
    // Pruned meanwhile, or a prefix that leads nowhere.
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw error;
  }
  return entries.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
}
