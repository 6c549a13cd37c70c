import { createRequire } from 'node:module';
import { crc32 as zlibCrc32 } from 'node:zlib';

type Crc32 = (bytes: Uint8Array, before: number) => number;

/** From here on a call is worth more than the way into another library; and whoever sends nothing large loads none. */
const LARGE_BYTES = 64 * 1024;
let large: Crc32 | undefined;

/**
 * CRC32 (ISO-HDLC, as zlib has it) of bytes, going on from that of what came `before` them. Large blocks go through
 * @node-rs/crc32, which takes less than half of zlib's time, where there is a build of it for this machine.
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  if (bytes.length < LARGE_BYTES) return zlibCrc32(bytes, before);
  large ??= loadLarge();
  return large(bytes, before);
}

function loadLarge(): Crc32 {
  try {
    const library: typeof import('@node-rs/crc32') = createRequire(import.meta.url)('@node-rs/crc32');
    // What a wrong build answered would be stored with every object.
    const sample = Uint8Array.from({ length: 1000 }, (_, index) => index * index);
    if (library.crc32(sample, 7) === zlibCrc32(sample, 7)) return library.crc32;
  } catch {
    // No build for this system or processor: optional dependencies may be left out.
  }
  return zlibCrc32;
}
