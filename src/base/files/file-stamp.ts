import { stat } from 'node:fs/promises';

/**
 * Another text whenever the file at a path, or what a link leads to, is written, replaced, removed or can no longer be
 * looked at. Never throws: what is in the way is part of it.
 */
export async function fileStamp(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
  } catch (error) {
    return `missing: ${(error as NodeJS.ErrnoException).code}`;
  }
}

/** The same of several files together, the paths themselves included. Never throws. */
export async function stampOfAll(paths: readonly string[]): Promise<string> {
  const stamps = await Promise.all(paths.map(fileStamp));
  return paths.map((path, at) => `${path} ${stamps[at]}`).join('\n');
}
