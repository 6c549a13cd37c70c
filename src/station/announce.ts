import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Service } from '../base/lifecycle.ts';

const FILE = 'station.json';

/**
 * While it is up, a station says in a file of its root where it listens, so that commands beside it find it
 * whatever port it got. A killed station leaves the file: who reads it asks there and believes the answer only. While
 * it stops the file says that.
 */
export function announce(root: string, url: () => string): Service {
  return {
    name: 'announcement',
    start: () => write(root, { url: url(), pid: process.pid }),
    stop: () => write(root, { passing: 'stopping', pid: process.pid }),
  };
}

/** What lasts from before a station can be asked until it can no longer: the file says that it is starting. */
export function announceStart(root: string): Service {
  return {
    name: 'announcement of the start',
    start: () => write(root, { passing: 'starting', pid: process.pid }),
    stop: () => rm(join(root, FILE), { force: true }),
  };
}

/** Where a station said that it listens, and its process. */
export interface Announcement {
  readonly url: string;
  readonly pid: number;
}

/** A station that cannot be asked yet, or no longer, if its process lives. */
export interface PassingStation {
  readonly passing: 'starting' | 'stopping';
  readonly pid: number;
}

/** What the station on a root announced; undefined where none did. */
export async function announced(root: string): Promise<Announcement | undefined> {
  const { url, pid } = await read(root);
  const isUrl = typeof url === 'string' && /^https?:\/\/[^/]+$/.test(url);
  return isUrl ? { url, pid: Number.isSafeInteger(pid) ? Number(pid) : 0 } : undefined;
}

/** The station on a root that said it is starting or stopping; undefined where none did. */
export async function announcedPassing(root: string): Promise<PassingStation | undefined> {
  const { passing, pid } = await read(root);
  const isPassing = passing === 'starting' || passing === 'stopping';
  return isPassing && Number.isSafeInteger(pid) ? { passing, pid: Number(pid) } : undefined;
}

function write(root: string, said: object): Promise<void> {
  return writeFile(join(root, FILE), `${JSON.stringify(said)}\n`);
}

async function read(root: string): Promise<Record<string, unknown>> {
  try {
    const said: unknown = JSON.parse(await readFile(join(root, FILE), 'utf8'));
    return typeof said === 'object' && said !== null ? { ...said } : {};
  } catch {
    // Not there, or cut short by a full disk: then nothing was announced.
    return {};
  }
}
