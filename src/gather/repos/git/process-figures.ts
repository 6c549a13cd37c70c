import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';

/**
 * What a git may take of this machine's memory with all that it starts: 4 GiB, and three quarters of what there is, which
 * leaves the station its part of a small one. What is unpacked may be a thousand times larger than what travelled.
 */
export function mostMemoryBytes(): number {
  // 0 or absurdly much where nothing but the machine limits this process.
  const constrainedBytes = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.min(4 * 2 ** 30, Math.floor(Math.min(constrainedBytes, totalmem()) * 0.75));
}

/**
 * Memory that a process and all that it started have written to, files that they only map left out; what has ended
 * counts nothing. 0 where the system does not tell (other than Linux).
 */
export async function memoryBytesOf(pid: number): Promise<number> {
  const [status, children] = await Promise.all([
    read(`/proc/${pid}/status`),
    read(`/proc/${pid}/task/${pid}/children`),
  ]);
  const ownBytes = Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  const below = children.split(' ').filter(Boolean).map(Number);
  const bytes = await Promise.all(below.map(memoryBytesOf));
  return bytes.reduce((sum, each) => sum + each, ownBytes);
}

/** Bytes that a process has read so far, from files, pipes and sockets; undefined where the system does not tell. */
export async function readBytesOf(pid: number): Promise<number | undefined> {
  const bytes = /^rchar: (\d+)/m.exec(await read(`/proc/${pid}/io`))?.[1];
  return bytes === undefined ? undefined : Number(bytes);
}

/** Empty for a process that has ended, is somebody else's, or where there is no /proc. */
async function read(path: string): Promise<string> {
  return await readFile(path, 'latin1').catch(() => '');
}
