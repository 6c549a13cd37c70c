import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A line to a server of this machine on which every piece of data comes later, by half a round trip each way. */
export interface SlowLine {
  readonly port: number;
  /** Where connections lead that are made from now on. */
  toPort: number;
  /** From now on, also on connections that are there. */
  roundTripMs: number;
}

/** Opens a line to a port of this machine, as fast as that is until `roundTripMs` says otherwise; gone after the test. */
export async function openSlowLine(t: Pick<TestContext, 'after'>, toPort: number): Promise<SlowLine> {
  const sockets = new Set<Socket>();
  const line = { port: 0, toPort, roundTripMs: 0 };
  const pass = (from: Socket, to: Socket): void => {
    // In order, whatever the delay is meanwhile.
    let last = Promise.resolve();
    const later = (act: () => void): void => {
      const due = new Promise<void>(resolve => setTimeout(resolve, line.roundTripMs / 2));
      last = last.then(() => due).then(act);
    };
    sockets.add(from.setNoDelay(true));
    from.on('data', data => later(() => to.write(data)));
    from.on('end', () => later(() => to.end()));
    from.on('error', () => to.destroy());
    from.on('close', () => sockets.delete(from));
  };
  const server = createServer({ allowHalfOpen: true }, client => {
    const upstream = connect({ host: '127.0.0.1', port: line.toPort, allowHalfOpen: true });
    pass(client, upstream);
    pass(upstream, client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  line.port = (server.address() as AddressInfo).port;
  return line;
}
