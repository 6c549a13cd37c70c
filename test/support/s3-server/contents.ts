import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Sink } from './body.ts';

/** Stored bytes, wherever they lie. */
export interface Content {
  readonly size: number;
  /** Bytes from `first` to `last`, both inclusive. */
  read(first: number, last: number): AsyncIterable<Buffer>;
  discard(): Promise<void>;
}

/** Collects one body; `finish` yields it, `cancel` forgets it. */
export interface ContentWriter extends Sink {
  finish(): Promise<Content>;
  cancel(): Promise<void>;
}

export type ContentStorage = () => Promise<ContentWriter>;

export function memoryStorage(): ContentStorage {
  return async () => {
    const chunks: Buffer[] = [];
    return {
      write: chunk => {
        chunks.push(Buffer.from(chunk));
      },
      cancel: async () => {
        chunks.length = 0;
      },
      finish: async () => {
        const whole = Buffer.concat(chunks);
        return {
          size: whole.length,
          read: (first, last) => Readable.from([whole.subarray(first, last + 1)]),
          discard: async () => undefined,
        };
      },
    };
  };
}

/** Keeps contents as files in a folder, for large objects. */
export function diskStorage(folder: string): ContentStorage {
  return async () => {
    await mkdir(folder, { recursive: true });
    const path = join(folder, randomUUID());
    const handle = await open(path, 'wx');
    let size = 0;
    return {
      write: async chunk => {
        await handle.writeFile(chunk);
        size += chunk.length;
      },
      cancel: async () => {
        await handle.close();
        await rm(path, { force: true });
      },
      finish: async () => {
        await handle.close();
        return {
          size,
          read: (first, last) =>
            size === 0 ? Readable.from([]) : createReadStream(path, { start: first, end: last }),
          discard: () => rm(path, { force: true }),
        };
      },
    };
  };
}

/** Counts bytes and drops them: for measuring a client alone. */
export function noStorage(): ContentStorage {
  return async () => {
    let size = 0;
    return {
      write: chunk => {
        size += chunk.length;
      },
      cancel: async () => undefined,
      finish: async () => ({ size, read: () => Readable.from([]), discard: async () => undefined }),
    };
  };
}

/** Several contents one after another, as the parts of an object. */
export function joinContents(parts: readonly Content[]): Content {
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  return {
    size,
    async *read(first, last) {
      let begin = 0;
      for (const part of parts) {
        const from = Math.max(first - begin, 0);
        const to = Math.min(last - begin, part.size - 1);
        if (from <= to) yield* part.read(from, to);
        begin += part.size;
      }
    },
    discard: async () => {
      for (const part of parts) await part.discard();
    },
  };
}
