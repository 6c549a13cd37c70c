import { readdir, readFile, rename, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { asSluiceError, type SluiceError } from '../../../base/errors.ts';
import type { CapturedFile } from '../../../keep/local/captures.ts';
import { binaryChecksum } from './binary-file.ts';
import type { FinishedFile } from './collector-files.ts';
import { addressOfPath, IN_PROGRESS, isCaptureName, isSidecar, LINES, SIDECAR } from './names.ts';

export interface Recovered {
  readonly finished: readonly FinishedFile[];
  /** Torn lines and torn binary readings that were cut off; none of them had been flushed. */
  readonly torn: number;
  /** Files that could not be read or moved; they stay for the next start. */
  readonly failures: readonly SluiceError[];
}

/** What a line or a sidecar says of itself, as far as it is needed here. */
interface Facts {
  readonly collector: string;
  readonly method: string;
  readonly interval_ms: number | null;
  readonly tags: readonly string[];
  readonly station: string;
  readonly requested_at: string;
  readonly received_at: string;
  readonly bytes?: number;
  readonly crc32?: string;
}

/**
 * Completes what an earlier process left in the capture folder: whole readings stay, a torn last line and torn
 * binary readings are cut off. Files that are complete already are answered as well. Only while nobody captures there.
 * May be called again; what is not of capture's own naming stays untouched. Throws disk_failed where the folder
 * cannot be read; a file that cannot be is passed over.
 */
export async function recover(directory: string, nowMs: number): Promise<Recovered> {
  const names = await readdir(directory, { recursive: true }).catch(error => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw asSluiceError(error, { operation: 'recover readings', subject: directory });
  });
  const all = new Set(names.filter(name => addressOfPath(name) && isCaptureName(name)).sort());
  const finished: FinishedFile[] = [];
  const failures: SluiceError[] = [];
  let torn = 0;
  for (const name of all) {
    try {
      if (isSidecar(name)) {
        torn += await dropOrphan(directory, name, all);
        continue;
      }
      const path = name.endsWith(IN_PROGRESS) ? name.slice(0, -IN_PROGRESS.length) : name;
      const result = path.endsWith(LINES)
        ? await recoverLines(directory, path, name, nowMs)
        : await recoverBinary(directory, path, name, all, nowMs);
      torn += result.torn;
      if (result.finished) finished.push(result.finished);
    } catch (error) {
      const subject = join(directory, name);
      failures.push(asSluiceError(error, { operation: 'recover readings', subject }));
    }
  }
  return { finished, torn, failures };
}

interface RecoveredFile {
  readonly finished?: FinishedFile;
  readonly torn: number;
}

/**
 * The whole lines at the beginning of a file, with the bytes that they take. After a power cut its end may hold
 * anything, NULs above all, so each line from the last one backwards must prove to be JSON. Pure.
 */
export function wholeLines(content: Buffer): { readonly lines: readonly string[]; readonly bytes: number } {
  let bytes = content.lastIndexOf(0x0a) + 1;
  while (bytes > 0) {
    const start = bytes < 2 ? 0 : content.lastIndexOf(0x0a, bytes - 2) + 1;
    if (factsOf(content.toString('utf8', start, bytes)) !== undefined) break;
    bytes = start;
  }
  const lines = content.toString('utf8', 0, bytes).split('\n').slice(0, -1);
  return { lines, bytes };
}

async function recoverLines(
  directory: string,
  path: string,
  name: string,
  nowMs: number,
): Promise<RecoveredFile> {
  const absolute = join(directory, name);
  const content = await readFile(absolute);
  const { lines, bytes } = wholeLines(content);
  const torn = bytes < content.length ? 1 : 0;
  if (lines.length === 0) {
    await unlink(absolute);
    return { torn };
  }
  if (torn > 0) await truncate(absolute, bytes);
  if (name !== path) await rename(absolute, join(directory, path));
  const [first, last] = [factsOf(lines[0] ?? ''), factsOf(lines.at(-1) ?? '')];
  if (!first || !last) return { torn, finished: { path, companions: [], file: undefined } };
  const about = { readings: lines.length, bytes, first, last, nowMs };
  return { torn, finished: { path, companions: [], file: captured(path, about) } };
}

async function recoverBinary(
  directory: string,
  path: string,
  name: string,
  all: ReadonlySet<string>,
  nowMs: number,
): Promise<RecoveredFile> {
  const sidecar = path + SIDECAR;
  const standing = [sidecar, sidecar + IN_PROGRESS].find(each => all.has(each));
  // Its metadata has gone ahead into delivery, and its row with it.
  if (standing === undefined && name === path)
    return { torn: 0, finished: { path, companions: [], file: undefined } };
  const content = await readFile(join(directory, name));
  const facts =
    standing === undefined ? undefined : factsOf(await readFile(join(directory, standing), 'utf8'));
  const isWhole =
    facts !== undefined && facts.bytes === content.length && facts.crc32 === binaryChecksum(content);
  if (standing === undefined || !isWhole) {
    await unlink(join(directory, name));
    if (standing !== undefined) await unlink(join(directory, standing));
    return { torn: 1 };
  }
  if (standing !== sidecar) await rename(join(directory, standing), join(directory, sidecar));
  if (name !== path) await rename(join(directory, name), join(directory, path));
  const about = { readings: 1, bytes: content.length, first: facts, last: facts, nowMs };
  return { torn: 0, finished: { path, companions: [sidecar], file: captured(path, about) } };
}

/** Metadata whose reading never came to be. */
async function dropOrphan(directory: string, name: string, all: ReadonlySet<string>): Promise<number> {
  const bare = name.endsWith(IN_PROGRESS) ? name.slice(0, -IN_PROGRESS.length) : name;
  const path = bare.slice(0, -SIDECAR.length);
  if (all.has(path) || all.has(path + IN_PROGRESS)) return 0;
  await unlink(join(directory, name));
  return 1;
}

function captured(
  path: string,
  about: {
    readonly readings: number;
    readonly bytes: number;
    readonly first: Facts;
    readonly last: Facts;
    readonly nowMs: number;
  },
): CapturedFile | undefined {
  const address = addressOfPath(path);
  if (!address) return undefined;
  const { readings, bytes, first, last, nowMs } = about;
  const { collector, method, interval_ms: intervalMs, tags, station } = first;
  return {
    ...address,
    collector,
    method,
    readings,
    bytes,
    intervalMs,
    tags,
    station,
    firstAt: first.requested_at,
    lastAt: last.received_at,
    reason: 'recovered',
    completedAtMs: nowMs,
  };
}

function factsOf(line: string): Facts | undefined {
  try {
    const facts = JSON.parse(line) as Facts;
    return typeof facts.collector === 'string' && typeof facts.requested_at === 'string' ? facts : undefined;
  } catch {
    return undefined;
  }
}
