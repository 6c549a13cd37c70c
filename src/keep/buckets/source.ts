import { open } from 'node:fs/promises';
import { SluiceError } from '../../base/errors.ts';
import type { ReadableFile, SourceFile } from './bucket.ts';

/** A source that is open for reading until it is closed. */
export interface OpenSource extends ReadableFile {
  /** Resolves when nothing of it is held any more. */
  close(): Promise<void>;
}

/** Opens a source; one that is open already is read from as it is, and left open. Throws what the system throws. */
export async function openSource({ path, file }: SourceFile): Promise<OpenSource> {
  if (file) return { read: (...range) => file.read(...range), close: async () => undefined };
  const handle = await open(path, 'r');
  return {
    read: async (buffer, offset, length, position) =>
      (await handle.read(buffer, offset, length, position)).bytesRead,
    close: () => handle.close(),
  };
}

/** Fills the buffer from a source, `done` bytes of which have been read. Throws source_changed where it ends before. */
export async function fill(
  opened: OpenSource,
  target: Buffer,
  source: SourceFile,
  done: number,
): Promise<void> {
  for (let filled = 0; filled < target.length; ) {
    const position = (source.offset ?? 0) + done + filled;
    const bytes = await opened.read(target, filled, target.length - filled, position);
    if (bytes === 0) throw sourceTooShort(source.path, source.size, done + filled);
    filled += bytes;
  }
}

/** The error of a file that is shorter than it was. */
export function sourceTooShort(path: string, size: number, readBytes: number): SluiceError {
  return new SluiceError('source_changed', `${path} ended after ${readBytes} of ${size} bytes`, {
    subject: path,
  });
}
