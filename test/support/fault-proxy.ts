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
  | { readonly kind: 'bandwidth'; readonly bytesPerSecond: number }
  /** What comes down comes a byte a second. */
  | { readonly kind: 'trickle' };

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
  /** Where new connections lead to from now on. */
  lead(target: string): void;
  /** Resets every connection that is open. */
  resetAll(): void;
  /** Every connection that is open dies unseen: the next byte that the client sends on it is answered by a reset. */
  retireAll(): void;
  /** No connection is accepted any more, as where no program listens. May be called again. */
  refuse(): Promise<void>;
  /** Ends `refuse`. */
  accept(): Promise<void>;
  stop(): Promise<void>;
}

export interface FaultProxyOptions {
  /** Told the proxy's own port of a connection to the server that ended before its last answer was passed on whole. */
  readonly onCut?: (port: number) => void;
}

/** Passes connections on to a server of this machine; `troubleOf` says for each what it suffers. */
export async function startFaultProxy(
  target: string,
  troubleOf: () => Trouble,
  { onCut = () => undefined }: FaultProxyOptions = {},
): Promise<FaultProxy> {
  const counts: Record<string, number> = {};
  const sockets = new Set<Socket>();
  const passing = new Set<Passing>();
  let towards = new URL(target);
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const server: Server = createServer(client => {
    const trouble = troubleOf();
    counts[trouble.kind] = (counts[trouble.kind] ?? 0) + 1;
    keep(client);
    const upstream = connect(Number(towards.port), towards.hostname);
    keep(upstream);
    const one = pass(client, upstream, trouble, onCut);
    passing.add(one);
    client.on('close', () => passing.delete(one));
  });
  const listen = async (at: number): Promise<void> => {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    // Whatever is said passes through as it is, TLS too.
    endpoint: `${new URL(target).protocol}//127.0.0.1:${port}`,
    counts,
    lead(target) {
      towards = new URL(target);
    },
    resetAll() {
      for (const one of passing) one.reset();
    },
    retireAll() {
      for (const one of passing) one.retire();
    },
    async refuse() {
      server.close();
      for (const one of passing) one.reset();
    },
    async accept() {
      if (!server.listening) await listen(port);
    },
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, 'close');
    },
  };
}

/** An answer may lie unread with the client for so long. */
const UNREAD_MS = 500;

interface Passing {
  reset(): void;
  retire(): void;
}

function pass(client: Socket, upstream: Socket, trouble: Trouble, onCut: (port: number) => void): Passing {
  let passed = 0;
  let isSilent = false;
  let isRetired = false;
  /** Something went up, and nothing has come down since. */
  let isAsked = false;
  /** Pieces of answers that are held back. */
  let heldBack = 0;
  let answeredMs = Number.NEGATIVE_INFINITY;
  let port: number | undefined;
  upstream.on('connect', () => {
    port = upstream.localPort;
  });
  const strike = (): boolean => {
    if (!('afterBytes' in trouble) || passed < trouble.afterBytes || isSilent) return isSilent;
    isSilent = true;
    if (trouble.kind === 'reset') client.resetAndDestroy();
    if (trouble.kind === 'reset' || trouble.kind === 'half-open') upstream.destroy();
    if (trouble.kind === 'stall') upstream.pause();
    return true;
  };
  client.on('data', (data: Buffer) => {
    if (isRetired) return void client.resetAndDestroy();
    passed += data.length;
    const isStruck = strike();
    if (isStruck && trouble.kind !== 'lost-answer') return;
    isAsked = true;
    forward(client, upstream, data, trouble);
  });
  upstream.on('data', (data: Buffer) => {
    if (isSilent || isRetired) {
      if (trouble.kind === 'lost-answer') client.resetAndDestroy();
      return;
    }
    heldBack += 1;
    const onPassed = (): void => {
      heldBack -= 1;
      isAsked = false;
      answeredMs = performance.now();
    };
    if (trouble.kind === 'trickle') trickle(upstream, client, data, onPassed);
    else forward(upstream, client, data, trouble, onPassed);
  });
  client.on('close', () => {
    if (port !== undefined && (isAsked || heldBack > 0)) onCut(port);
    upstream.destroy();
  });
  upstream.on('close', () => isSilent || isRetired || client.destroy());
  if ('afterBytes' in trouble && trouble.afterBytes === 0) strike();
  return {
    reset() {
      // A reset takes along what the client has not read yet.
      if (port !== undefined && performance.now() - answeredMs < UNREAD_MS) onCut(port);
      client.resetAndDestroy();
    },
    retire() {
      // In the middle of a request it would be a reset.
      if (isAsked || heldBack > 0) return;
      isRetired = true;
      upstream.destroy();
    },
  };
}

/**
 * Writes a piece on, late or slowly where that is the trouble; the source waits meanwhile, so that order and memory
 * hold.
 * @param onPassed called once all of it is on its way
 */
function forward(
  from: Socket,
  to: Socket,
  data: Buffer,
  trouble: Trouble,
  onPassed: () => void = () => undefined,
): void {
  const waitMs =
    trouble.kind === 'latency'
      ? trouble.delayMs
      : trouble.kind === 'bandwidth'
        ? (data.length / trouble.bytesPerSecond) * 1000
        : 0;
  if (waitMs >= 1) {
    from.pause();
    setTimeout(() => {
      if (!to.destroyed) {
        to.write(data);
        onPassed();
      }
      from.resume();
    }, waitMs);
    return;
  }
  onPassed();
  if (!to.write(data)) {
    from.pause();
    to.once('drain', () => from.resume());
  }
}

/** Writes a piece on byte by byte. @param onPassed called with the last one */
function trickle(from: Socket, to: Socket, data: Buffer, onPassed: () => void): void {
  let sent = 0;
  from.pause();
  const timer = setInterval(() => {
    if (to.destroyed) return clearInterval(timer);
    to.write(data.subarray(sent, sent + 1));
    sent += 1;
    if (sent < data.length) return;
    clearInterval(timer);
    onPassed();
    from.resume();
  }, 1000);
  to.on('close', () => clearInterval(timer));
}
