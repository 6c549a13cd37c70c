import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { socketAddress } from '../../src/base/notify-socket.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;

/** What systemd is in `sd_notify`: a socket at a path that takes datagrams. */
export interface NotifyReceiver {
  /** The next datagram; waits for it. */
  next(): Promise<string>;
  close(): void;
}

export function receiveNotifications(path: string): NotifyReceiver {
  const library = koffi.load(null);
  const socket = library.func('int socket(int domain, int type, int protocol)');
  const bind = library.func('int bind(int fd, const void *address, unsigned int bytes)');
  const recv = library.func('intptr_t recv(int fd, void *buffer, size_t bytes, int flags)');
  const close = library.func('int close(int fd)');
  const descriptor: number = socket(AF_UNIX, SOCK_DGRAM, 0);
  const address = socketAddress(path);
  if (bind(descriptor, address, address.length) !== 0) throw new Error(`cannot bind ${path}`);
  const buffer = Buffer.alloc(4096);
  return {
    async next() {
      for (;;) {
        const bytes = Number(recv(descriptor, buffer, buffer.length, MSG_DONTWAIT));
        if (bytes >= 0) return buffer.subarray(0, bytes).toString();
        await sleep(10);
      }
    },
    close: () => void close(descriptor),
  };
}
