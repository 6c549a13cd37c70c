import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchStation } from './station.ts';

/** How many folders they lie in unless said otherwise. */
const FOLDERS = 10;

/** Files of the same size and of no other meaning, evenly in so many folders. */
export function fillFolder(folder: string, files: number, bytes: number, folders = FOLDERS): void {
  for (let number = 0; number < folders; number += 1)
    mkdirSync(join(folder, String(number)), { recursive: true });
  const content = Buffer.alloc(bytes, 'x');
  for (let number = 0; number < files; number += 1)
    writeFileSync(join(folder, String(number % folders), `${number}.bin`), content);
}

/** Delivers that many files, put into `incoming` by one rename; removes them once they are completed. */
export async function deliverFolder(
  station: BenchStation,
  name: string,
  {
    files,
    bytes,
    folders,
    patienceMs,
  }: {
    readonly files: number;
    readonly bytes: number;
    readonly folders?: number;
    readonly patienceMs: number;
  },
): Promise<{ readonly wallMs: number }> {
  const staged = join(station.root, 'staged');
  fillFolder(staged, files, bytes, folders);
  mkdirSync(join(station.root, 'incoming/cloud/bench'), { recursive: true });
  const before = station.completed();
  const startMs = performance.now();
  renameSync(staged, join(station.root, 'incoming/cloud/bench', name));
  await station.untilCompleted(before + files, patienceMs);
  const wallMs = performance.now() - startMs;
  rmSync(join(station.root, 'completed/cloud/bench', name), { recursive: true, force: true });
  return { wallMs };
}
