import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from '../../src/base/random.ts';

/** What a connection through the proxy suffers. */
export type Trouble =
  | { readonly kind: 'none' }
  /** Reset towards the client once so many bytes have passed upwards; 0: at once. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Nothing passes any more, either way; both ends stay open. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** The server's end is gone and the client does not learn of it, as after a router's restart. */
  | { readonly kind: 'half-open'; readonly afterBytes: number }
  /** The answer is lost: what goes up passes, what comes down is cut off by a reset. */
  | { readonly kind: 'lost-answer'; readonly afterBytes: number }
  /** Each piece of data comes later. */
  | { readonly kind: 'latency'; readonly delayMs: number }
  | { readonly kind: 'bandwidth'; readonly bytesPerSecond: number };

const TROUBLES = ['reset', 'stall', 'half-open', 'lost-answer', 'latency', 'bandwidth'] as const;

/** Chance's choice; `share` of the connections suffers something. */
export function randomTrouble(random: Random, share: number): Trouble {
  if (random() >= share) return { kind: 'none' };
  const kind = TROUBLES[Math.floor(random() * TROUBLES.length)] ?? 'reset';
  if (kind === 'latency') return { kind, delayMs: Math.floor(random() * 150) };
  if (kind === 'bandwidth') return { kind, bytesPerSecond: Math.floor(256 * 1024 * 2 ** (random() * 5)) };
  // As many in the first request's head as after some megabytes.
  return { kind, afterBytes: random() < 0.1 ? 0 : Math.floor(100 * 2 ** (random() * 16)) };
}

export interface FaultProxy {
  readonly endpoint: string;
  /** Connections by what they suffered. */
  readonly counts: Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** Passes connections on to a server of this machine; `troubleOf` says for each what it suffers. */
export async function startFaultProxy(target: string, troubleOf: () => Trouble): Promise<FaultProxy> {
  const counts: Record<string, number> = {};
  const sockets = new Set<Socket>();
  const { hostname, port } = new URL(target);
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const server: Server = createServer(client => {
    const trouble = troubleOf();
    counts[trouble.kind] = (counts[trouble.kind] ?? 0) + 1;
    keep(client);
    const upstream = connect(Number(port), hostname);
    keep(upstream);
    pass(client, upstream, trouble);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, 'close');
    },
  };
}

function pass(client: Socket, upstream: Socket, trouble: Trouble): void {
  let passed = 0;
  let isSilent = false;
  const strike = (): boolean => {
    if (!('afterBytes' in trouble) || passed < trouble.afterBytes || isSilent) return isSilent;
    isSilent = true;
    if (trouble.kind === 'reset') client.resetAndDestroy();
    if (trouble.kind === 'reset' || trouble.kind === 'half-open') upstream.destroy();
    if (trouble.kind === 'stall') upstream.pause();
    return true;
  };
  client.on('data', (data: Buffer) => {
    passed += data.length;
    const isStruck = strike();
    if (isStruck && trouble.kind !== 'lost-answer') return;
    forward(client, upstream, data, trouble);
  });
  upstream.on('data', (data: Buffer) => {
    if (isSilent) {
      if (trouble.kind === 'lost-answer') client.resetAndDestroy();
      return;
    }
    forward(upstream, client, data, trouble);
  });
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => isSilent || client.destroy());
  if ('afterBytes' in trouble && trouble.afterBytes === 0) strike();
}

/**
 * Writes a piece on, late or slowly where that is the trouble; the source waits meanwhile, so that order and memory
 * hold.
 */
function forward(from: Socket, to: Socket, data: Buffer, trouble: Trouble): void {
  const waitMs =
    trouble.kind === 'latency'
      ? trouble.delayMs
      : trouble.kind === 'bandwidth'
        ? (data.length / trouble.bytesPerSecond) * 1000
        : 0;
  if (waitMs >= 1) {
    from.pause();
    setTimeout(() => {
      if (!to.destroyed) to.write(data);
      from.resume();
    }, waitMs);
    return;
  }
  if (!to.write(data)) {
    from.pause();
    to.once('drain', () => from.resume());
  }
}
