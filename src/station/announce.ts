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

/** The address that the station on a root announced; undefined where none did. */
export async function announcedUrl(root: string): Promise<string | undefined> {
  try {
    const { url } = JSON.parse(await readFile(join(root, FILE), 'utf8')) as { url?: unknown };
    return typeof url === 'string' && /^http:\/\/[^/]+$/.test(url) ? url : undefined;
  } catch {
    // Not there, or cut short by a full disk: then nothing was announced.
    return undefined;
  }
}
