import { createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * What a server does that refuses a body: once the body has begun it reads no more, sends `answer` (nothing where it is
 * empty), and resets the connection with what it has not read. On a thread of its own, so that it does so while its
 * client's thread stands still. `counts` are the requests that it began to read, and those of them that it has reset.
 */
const { answer, counts } = workerData as { answer: string; counts: Int32Array };

const server = createServer(socket => {
  let head = '';
  socket.on('error', () => undefined);
  socket.on('data', function refuse(chunk) {
    head += chunk.toString('latin1');
    const end = head.indexOf('\r\n\r\n');
    if (end === -1 || head.length === end + 4) return;
    socket.off('data', refuse).pause();
    Atomics.add(counts, 0, 1);
    const reset = () => {
      socket.resetAndDestroy();
      Atomics.add(counts, 1, 1);
      Atomics.notify(counts, 1);
    };
    if (answer === '') reset();
    else socket.write(answer, reset);
  });
});
server.listen(0, '127.0.0.1', () => parentPort?.postMessage(server.address()));
