/** Datagrams to a Unix socket, which Node cannot send: what sd_notify(3) speaks. */

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
/** The longest path of a socket, with the zero at its end (unix(7)). */
const PATH_BYTES = 108;

export interface NotifySocket {
  /** Sends one datagram. Throws an Error with the system's number where nobody takes it. */
  send(message: string): void;
  close(): void;
}

/**
 * A socket to send to the one at `path`; a name that begins with `@` is an abstract one.
 * @throws Error where koffi does not load, the path is too long, or there is no socket to be had
 */
export async function openNotifySocket(path: string): Promise<NotifySocket> {
  const koffi: typeof import('koffi') = await import('koffi');
  const library = koffi.load(null);
  const socket: (domain: number, type: number, protocol: number) => number = library.func(
    'int socket(int domain, int type, int protocol)',
  );
  const sendto: (
    fd: number,
    message: Buffer,
    bytes: number,
    flags: number,
    address: Buffer,
    addressBytes: number,
  ) => number = library.func(
    'intptr_t sendto(int fd, const void *message, size_t bytes, int flags, const void *address, unsigned int addressBytes)',
  );
  const close: (fd: number) => number = library.func('int close(int fd)');
  const address = socketAddress(path);
  const descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw new Error(`no socket: errno ${koffi.errno()}`);
  let isOpen = true;
  return {
    send(message) {
      const bytes = Buffer.from(message);
      if (sendto(descriptor, bytes, bytes.length, 0, address, address.length) < 0)
        throw new Error(`${path} takes no message: errno ${koffi.errno()}`);
    },
    close() {
      if (isOpen) close(descriptor);
      isOpen = false;
    },
  };
}

/** sockaddr_un of a path. Pure. */
export function socketAddress(path: string): Buffer {
  const name = Buffer.from(path);
  if (name.length >= PATH_BYTES) throw new Error(`${path} is too long for a socket`);
  const family = Buffer.alloc(2);
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] === 1) family.writeUInt16LE(AF_UNIX);
  else family.writeUInt16BE(AF_UNIX);
  // An abstract name begins with a zero and has none at its end.
  if (name[0] === 0x40) return Buffer.concat([family, Buffer.from([0]), name.subarray(1)]);
  return Buffer.concat([family, name, Buffer.from([0])]);
}
