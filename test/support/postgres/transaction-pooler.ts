import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { PostgresPlace } from './server.ts';

/** Messages of the protocol (postgresql.org/docs/current/protocol-message-formats.html). */
const PROTOCOL_3 = 196_608;
const READY = 'Z'.charCodeAt(0);
const AUTHENTICATION = 'R'.charCodeAt(0);
const TERMINATE = 'X'.charCodeAt(0);
const IN_NO_TRANSACTION = 'I'.charCodeAt(0);

/**
 * A pooler that shares connections by transaction, as PgBouncer's `pool_mode = transaction` does: a client has a
 * connection to the server from its first message until the server is in no transaction any more.
 * @returns its port on 127.0.0.1; it takes anybody in
 */
export async function startTransactionPooler(t: TestContext, place: PostgresPlace): Promise<number> {
  const idle: Socket[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
    return socket;
  };
  const server = createServer(client => void serve(keep(client), () => take(idle, place, keep), idle));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

/** The connection that was used last, or a new one that has logged in. */
async function take(idle: Socket[], place: PostgresPlace, keep: (socket: Socket) => Socket): Promise<Socket> {
  const known = idle.pop();
  if (known) return known;
  const socket = keep(connect(join(place.socketFolder, `.s.PGSQL.${place.port}`)));
  const parameters = Buffer.from('user\0sluice\0database\0postgres\0\0');
  socket.write(message(undefined, number(PROTOCOL_3), parameters));
  for await (const each of messagesOf(socket)) if (each[0] === READY) break;
  return socket;
}

async function serve(client: Socket, takeServer: () => Promise<Socket>, idle: Socket[]): Promise<void> {
  client.once('data', async () => {
    client.write(
      Buffer.concat([
        message(AUTHENTICATION, number(0)),
        message('K'.charCodeAt(0), number(randomInt(2 ** 31 - 1)), number(1)),
        message(READY, Buffer.from([IN_NO_TRANSACTION])),
      ]),
    );
    let turn = Promise.resolve();
    let server: Socket | undefined;
    client.on('data', said => {
      if (said[0] === TERMINATE) return;
      turn = turn.then(async () => {
        server ??= await takeServer();
        const own = server;
        own.write(said);
        for await (const each of messagesOf(own)) {
          client.write(each);
          if (each[0] !== READY) continue;
          if (each[5] === IN_NO_TRANSACTION) {
            server = undefined;
            idle.push(own);
          }
          break;
        }
      });
    });
  });
}

/** Whole messages as they come; whoever stops asking leaves the rest to the next who asks. */
async function* messagesOf(socket: Socket): AsyncGenerator<Buffer> {
  for (;;) {
    const head: Buffer | null = socket.read(5);
    if (head) {
      const length = head.readInt32BE(1) - 4;
      let body: Buffer | null = length === 0 ? Buffer.alloc(0) : socket.read(length);
      while (body === null) {
        await once(socket, 'readable');
        body = socket.read(length);
      }
      yield Buffer.concat([head, body]);
    } else await once(socket, 'readable');
  }
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function message(type: number | undefined, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = type === undefined ? [] : [Buffer.from([type])];
  return Buffer.concat([...head, number(body.length + 4), body]);
}
