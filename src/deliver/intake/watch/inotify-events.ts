import { endianness } from 'node:os';
import { decodeName } from './names.ts';

/** Bits of an inotify mask, from <sys/inotify.h>. */
export const IN = {
  CLOSE_WRITE: 0x8,
  MOVED_FROM: 0x40,
  MOVED_TO: 0x80,
  CREATE: 0x100,
  DELETE: 0x200,
  DELETE_SELF: 0x400,
  MOVE_SELF: 0x800,
  UNMOUNT: 0x2000,
  Q_OVERFLOW: 0x4000,
  IGNORED: 0x8000,
  ONLYDIR: 0x1000000,
  DONT_FOLLOW: 0x2000000,
  ISDIR: 0x40000000,
} as const;

/** What a directory's watch asks for. DELETE and MOVED_FROM end the memory of a name. */
export const WATCH_MASK =
  IN.CLOSE_WRITE |
  IN.MOVED_FROM |
  IN.MOVED_TO |
  IN.CREATE |
  IN.DELETE |
  IN.DELETE_SELF |
  IN.MOVE_SELF |
  IN.ONLYDIR;

/** One event of the kernel's queue. */
export interface InotifyEvent {
  /** Descriptor of the watch that saw it; -1 for an overflow. */
  readonly watch: number;
  readonly mask: number;
  /** Name within the watched directory (see names.ts); empty when the event is about the directory itself. */
  readonly name: string;
}

const HEADER_BYTES = 16;
const LITTLE = endianness() === 'LE';

/**
 * Reads a run of `struct inotify_event` { int wd; uint32 mask, cookie, len; char name[len] }, the name padded
 * with NULs. The kernel never splits an event between two reads (inotify(7)).
 * @throws RangeError when the bytes end in the middle of an event
 */
export function decodeEvents(bytes: Uint8Array): InotifyEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const events: InotifyEvent[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const nameBytes = view.getUint32(at + 12, LITTLE);
    const nameAt = at + HEADER_BYTES;
    if (nameAt + nameBytes > bytes.byteLength) throw new RangeError('inotify event cut short');
    const padded = bytes.subarray(nameAt, nameAt + nameBytes);
    const end = padded.indexOf(0);
    events.push({
      watch: view.getInt32(at, LITTLE),
      mask: view.getUint32(at + 4, LITTLE),
      name: nameBytes === 0 ? '' : decodeName(end < 0 ? padded : padded.subarray(0, end)),
    });
    at = nameAt + nameBytes;
  }
  return events;
}
