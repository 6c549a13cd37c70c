import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Service } from '../base/lifecycle.ts';

const FILE = 'station.json';

/**
 * While it is up, a station says in a file of its root where it listens, so that commands beside it find it
 * whatever port it got. A killed station leaves the file: who reads it asks there and believes the answer only.
 */
export function announce(root: string, url: () => string): Service {
  const path = join(root, FILE);
  return {
    name: 'announcement',
    start: () => writeFile(path, `${JSON.stringify({ url: url(), pid: process.pid })}\n`),
    stop: () => rm(path, { force: true }),
  };
}

/** Where a station said that it listens, and its process. */
export interface Announcement {
  readonly url: string;
  readonly pid: number;
}

/** What the station on a root announced; undefined where none did. */
export async function announced(root: string): Promise<Announcement | undefined> {
  try {
    const { url, pid } = JSON.parse(await readFile(join(root, FILE), 'utf8')) as Record<string, unknown>;
    const isUrl = typeof url === 'string' && /^https?:\/\/[^/]+$/.test(url);
    return isUrl ? { url, pid: Number.isSafeInteger(pid) ? Number(pid) : 0 } : undefined;
  } catch {
    // Not there, or cut short by a full disk: then nothing was announced.
    return undefined;
  }
}
