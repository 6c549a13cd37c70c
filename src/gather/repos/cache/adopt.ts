import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../../base/files/make-folder.ts';
import type { CloneRecord } from '../../../keep/local/clone-records.ts';
import { withCloneClaim } from '../clone/claim.ts';
import { cleanCache, cloneDirectoryName } from '../clone/directories.ts';
import { openClone } from '../clone/open.ts';
import type { CacheContext } from './context.ts';
import { removeClone } from './evict.ts';
import { diskUsage, readNotes } from './usage.ts';

const CLONE_NAME = /-[0-9a-f]{8}\.git$/;

/**
 * Makes the records and the folders of the cache agree, at start: half clones of dead processes go, clones that no
 * record knows or that were worked in when a process died are opened and measured, broken ones are removed (to be
 * cloned again when next asked for), and records of clones that are gone say so. Clones that somebody works in are left
 * to whoever does. Folders that are no clones of ours are left alone, and the log says so.
 */
export async function adoptClones(context: CacheContext, signal: AbortSignal): Promise<void> {
  const { clones, settings, log } = context;
  const { directory } = settings();
  await makeFolder(directory);
  await cleanCache(directory);
  const names = new Set((await readdir(directory)).filter(name => CLONE_NAME.test(name)));
  const records = await clones.list();
  const settled = new Set<string>();
  for (const record of records) {
    if (record.onDisk && record.sized && names.has(record.directory)) settled.add(record.directory);
    else if (record.onDisk && !names.has(record.directory)) await forget(record, context, signal);
  }
  const known = new Map(records.map(record => [record.directory, record.url]));
  for (const name of names) {
    if (settled.has(name)) continue;
    signal.throwIfAborted();
    const url = known.get(name) ?? (await readNotes(join(directory, name)))?.url;
    if (url !== undefined && cloneDirectoryName(url) === name) await adopt(url, name, context, signal);
    else log.warn({ path: join(directory, name) }, 'a folder in the cache is no clone of ours; it stays');
  }
}

async function forget({ url }: CloneRecord, context: CacheContext, signal: AbortSignal): Promise<void> {
  await withCloneClaim(url, context, signal, async () => {
    const record = await context.clones.byUrl(url);
    if (record && (await statIfThere(join(context.settings().directory, record.directory))) === undefined)
      await context.clones.change(url, { directory: record.directory, onDisk: false, sized: true });
  });
}

async function adopt(url: string, name: string, context: CacheContext, signal: AbortSignal): Promise<void> {
  const { clones, settings, log } = context;
  const path = join(settings().directory, name);
  await withCloneClaim(url, context, signal, async inner => {
    const folder = await statIfThere(path);
    if (!folder) return;
    const clone = await openClone(path, inner);
    if (clone?.url !== url) {
      await removeClone({ url, directory: name }, context);
      log.warn({ target: url }, 'a broken clone was removed; it is cloned again when needed');
      return;
    }
    const before = await clones.byUrl(url);
    const bytes = await diskUsage(path);
    const lastUsedAtMs = Math.max(before?.lastUsedAtMs ?? 0, Math.round(before ? 0 : folder.mtimeMs));
    await clones.change(url, {
      directory: name,
      onDisk: true,
      bytes,
      sized: true,
      lean: clone.lean,
      lastUsedAtMs,
    });
    log.info({ target: url, bytes }, 'a clone found on disk was taken over');
  });
}

async function statIfThere(path: string): Promise<{ readonly mtimeMs: number } | undefined> {
  return await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
