import type { TransportOptions } from '../transport.ts';
import { Connection, type SessionOfOrigin, type WireCall, type WireHandler } from './connection.ts';

/** A request and where it goes. */
export interface WireRequestTo extends WireCall {
  /** Scheme, host and port. */
  readonly origin: string;
}

interface Waiting {
  readonly call: WireCall;
  readonly handler: WireHandler;
}

/** Connections to one server. */
interface Place {
  readonly open: Set<Connection>;
  /** Free ones; the last one used is the next. */
  readonly free: Connection[];
  readonly waiting: Waiting[];
  readonly session: SessionOfOrigin;
  connecting: number;
}

export interface WireConnectionsOptions extends TransportOptions {
  /** A connection is given up after an answer to HEAD, behind which more came. */
  readonly onBodyAfterHead: (origin: string) => void;
  /** An error of a connection that had carried an answer before. */
  readonly onUsedError: (error: Error) => void;
}

/**
 * Connections straight to servers, each kept for the next request, `maxConnections` to one origin at the most; further
 * requests wait for one. Own code, for what a request through undici allocates and what the library takes
 * (docs/decisions/0101-requests-over-own-connections.md). Proxies are undici's.
 */
export class WireConnections {
  readonly #options: WireConnectionsOptions;
  readonly #places = new Map<string, Place>();
  #isClosed = false;
  readonly #closing: (() => void)[] = [];

  constructor(options: WireConnectionsOptions) {
    this.#options = options;
  }

  /** Sends a request when there is a connection for it; what becomes of it is told to the handler. */
  dispatch(request: WireRequestTo, handler: WireHandler): void {
    if (this.#isClosed) {
      const error = Object.assign(new Error('the connections are closed'), { code: 'CLOSED_EARLY' });
      handler.onResponseError({ abort: () => undefined }, error);
      return;
    }
    const place = this.#placeOf(request.origin);
    const waiting = { call: request, handler };
    const free = this.#takeFree(place);
    if (free) {
      if (!this.#call(free, waiting)) place.free.push(free);
      return;
    }
    place.waiting.push(waiting);
    this.#connectMore(request.origin, place);
  }

  /** Lets go of each connection once nothing is under way over it; what comes after fails. May be called again. */
  close(): Promise<void> {
    this.#isClosed = true;
    for (const { free } of this.#places.values()) for (const connection of [...free]) connection.close();
    if (this.#isIdle()) return Promise.resolve();
    return new Promise(resolve => this.#closing.push(resolve));
  }

  #isIdle(): boolean {
    return [...this.#places.values()].every(({ open }) => open.size === 0);
  }

  #placeOf(origin: string): Place {
    let place = this.#places.get(origin);
    if (!place) {
      place = { open: new Set(), free: [], waiting: [], session: { session: undefined }, connecting: 0 };
      this.#places.set(origin, place);
    }
    return place;
  }

  #takeFree({ free }: Place): Connection | undefined {
    const nowMs = performance.now();
    for (let connection = free.pop(); connection; connection = free.pop()) {
      if (!connection.isStale(nowMs)) return connection;
      connection.close();
    }
    return undefined;
  }

  /** @returns whether the connection is taken */
  #call(connection: Connection, { call, handler }: Waiting): boolean {
    try {
      return connection.call(call, handler);
    } catch (error) {
      handler.onResponseError(connection, error as Error);
      return false;
    }
  }

  #connectMore(origin: string, place: Place): void {
    while (place.connecting < place.waiting.length && place.open.size < this.#options.maxConnections) {
      place.connecting += 1;
      this.#connect(origin, place);
    }
  }

  #connect(origin: string, place: Place): void {
    let isConnecting = true;
    const connected = (): void => {
      if (isConnecting) place.connecting -= 1;
      isConnecting = false;
    };
    const connection = new Connection(
      origin,
      this.#options,
      {
        onFree: free => {
          connected();
          for (let next = place.waiting.shift(); next; next = place.waiting.shift())
            if (this.#call(free, next)) return;
          if (this.#isClosed) free.close();
          else place.free.push(free);
        },
        onClosed: closed => {
          connected();
          place.open.delete(closed);
          const index = place.free.indexOf(closed);
          if (index >= 0) place.free.splice(index, 1);
          // Whoever waits for a connection that does not come about is told why; the others' turn comes.
          const failure = closed.failedToConnect;
          const first = failure && place.waiting.shift();
          if (failure && first) first.handler.onResponseError(closed, failure);
          this.#connectMore(origin, place);
          if (this.#isClosed && this.#isIdle()) for (const resolve of this.#closing.splice(0)) resolve();
        },
        onLeftover: wasHead => {
          if (wasHead) this.#options.onBodyAfterHead(origin);
        },
        onUsedError: this.#options.onUsedError,
      },
      place.session,
    );
    place.open.add(connection);
  }
}
