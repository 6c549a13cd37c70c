import { open } from 'node:fs/promises';
import type { FileSource, ReadableFile } from './bucket.ts';

/** A source that is open for reading until it is closed. */
export interface OpenSource extends Pick<ReadableFile, 'read'> {
  close(): Promise<void>;
}

/** Opens a source; one that is open already is read from as it is, and left open. Throws what the system throws. */
export async function openSource({ path, file }: FileSource): Promise<OpenSource> {
  if (file) return { read: (...range) => file.read(...range), close: async () => undefined };
  const handle = await open(path, 'r');
  return {
    read: async (buffer, offset, length, position) =>
      (await handle.read(buffer, offset, length, position)).bytesRead,
    close: () => handle.close(),
  };
}
