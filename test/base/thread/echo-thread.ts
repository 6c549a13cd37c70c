import { setTimeout as wait } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { SluiceError } from '../../../src/base/errors.ts';
import { currentLease } from '../../../src/base/lease.ts';
import { serveThread } from '../../../src/base/thread-server.ts';
import type { EchoProtocol } from './echo-protocol.ts';

const going = Promise.withResolvers<void>();

/** A thread that does with a request what a test wants of it. */
await serveThread<EchoProtocol, { readonly greeting: string }>(({ greeting }, sendEvent) => ({
  handlers: {
    greet: name => `${greeting} ${name}`,
    whoAmI: () => threadId,
    async count(to, { onProgress }) {
      for (let number = 1; number <= to; number += 1) {
        onProgress(number);
        await wait(1);
      }
      sendEvent(`counted to ${to}`);
      return to;
    },
    untilAborted: (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        sendEvent('waiting');
      }),
    fail(message) {
      throw new SluiceError('disk_full', message, { hint: 'Make room.', subject: '/x' });
    },
    length: bytes => bytes.byteLength,
    makeBytes(length, { onProgress }) {
      const bytes = new Uint8Array(length);
      onProgress(bytes, [bytes.buffer]);
      return bytes.byteLength;
    },
    crash(how) {
      if (how === 'exit') process.exit(3);
      setImmediate(() => {
        throw new Error('crash asked for');
      });
      return new Promise(() => undefined);
    },
    fill: () => {
      const filling: number[][] = [];
      for (;;) filling.push(new Array<number>(100_000).fill(filling.length));
    },
    spin: () => {
      for (;;);
    },
    async isHeld(_, { onProgress }) {
      onProgress('begun');
      await going.promise;
      return currentLease()?.isOver === false;
    },
    goOn: () => going.resolve(),
    unclonable: () => () => undefined,
  },
  async close() {
    await wait(5);
    sendEvent('closed');
  },
}));
