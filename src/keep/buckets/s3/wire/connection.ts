import {
  connect as connectPlain,
  isIP,
  type OnReadOpts,
  type Socket,
  type TcpNetConnectOpts,
} from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { systemClock } from '../../../../base/clock.ts';
import { endOnSilence, patience } from '../silence.ts';
import type { TransportOptions } from '../transport.ts';
import { AnswerParser } from './answer-parser.ts';

/** A request, ready to be written. */
export interface WireCall {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  /** The connection ends with its answer. */
  readonly reset: boolean;
}

/** What is told of a request, as undici tells it. */
export interface WireHandler {
  onRequestStart(control: WireControl): void;
  onResponseStart(control: WireControl, status: number, headers: Record<string, string | string[]>): void;
  onResponseData(control: WireControl, chunk: Buffer): void;
  onResponseEnd(): void;
  onResponseError(control: WireControl, error: Error): void;
}

/** Ends a request, and its connection, from this side. */
export interface WireControl {
  abort(error: Error): void;
}

export interface ConnectionEvents {
  /** It waits for a request. */
  readonly onFree: (connection: Connection) => void;
  readonly onClosed: (connection: Connection) => void;
  /** Something came after an answer's end. @param wasHead the answer to a HEAD, to which a server may have sent a body */
  readonly onLeftover: (wasHead: boolean) => void;
  /** An error of a connection that had carried an answer before. */
  readonly onUsedError: (error: Error) => void;
}

/** How long a connection rests that the server says nothing of, and how much sooner than it says: as undici has it. */
const REST_MS = 4_000;
const REST_MARGIN_MS = 2_000;
const LONGEST_REST_MS = 600_000;
/** Up to here a body is copied behind its head, so that both are one write. */
const COPIED_BYTES = 64 * 1024;
/** What is read at once: heads of answers are some hundred bytes, pages of listings come in several readings. */
const READ_BYTES = 16 * 1024;

/**
 * One connection to a server, over which requests go one after the other:
 *
 *   connecting ─▶ free ─call()─▶ busy ─the answer's end─▶ free …
 *       └──────────┴──────────────┴── failure, close, rest too long ──▶ closed (final)
 */
export class Connection implements WireControl {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #parser = new AnswerParser();
  #handler: WireHandler | undefined;
  #isConnected = false;
  #isClosed = false;
  #isLast = false;
  #isRefused = false;
  #isAnswered = false;
  #wasHead = false;
  #hasServed = false;
  #restUntilMs = Number.POSITIVE_INFINITY;
  #failure: Error | undefined;

  constructor(
    origin: string,
    options: TransportOptions,
    events: ConnectionEvents,
    session?: SessionOfOrigin,
  ) {
    this.#events = events;
    const { hostname, host, protocol, port } = new URL(origin);
    const address = hostname.replace(/^\[|\]$/g, '');
    const isTls = protocol === 'https:';
    const to = {
      host: address,
      port: Number(port) || (isTls ? 443 : 80),
      lookup: options.lookup,
      // Into one buffer again and again: a new one for each reading costs more than reading.
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_BYTES),
        callback: (bytes: number, buffer: Uint8Array): boolean => {
          this.#take(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
          return true;
        },
      } satisfies OnReadOpts,
    } as TcpNetConnectOpts;
    this.#socket = isTls
      ? openTls({ ...to, ca: options.ca } as TcpNetConnectOpts, address, session)
      : connectPlain(to);
    const socket = this.#socket;
    socket.setNoDelay(true);
    const cancelConnecting = patience(systemClock, options.connectTimeoutMs, () =>
      socket.destroy(connectTimeout(host, options)),
    );
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      cancelConnecting();
      this.#isConnected = true;
      endOnSilence(socket, host, options.idleTimeoutMs);
      events.onFree(this);
    });
    socket.on('end', () => this.#ended());
    socket.resume();
    socket.on('error', (error: Error) => {
      this.#failure ??= error;
    });
    socket.on('close', () => {
      cancelConnecting();
      this.#closed();
    });
  }

  /** Whether it may have been ended by the server by now. */
  isStale(nowMs: number): boolean {
    return this.#isClosed || nowMs >= this.#restUntilMs;
  }

  /**
   * Sends a request; it must be free.
   * @returns false where the request was ended before it began, and the connection is free still
   * @throws an error with the code ERR_INVALID_CHAR for what no header can carry; nothing was sent
   */
  call(call: WireCall, handler: WireHandler): boolean {
    const { method, body, reset } = call;
    const head = headOf(call);
    this.#isRefused = false;
    handler.onRequestStart(this);
    if (this.#isRefused) return false;
    this.#handler = handler;
    this.#isLast = reset;
    this.#wasHead = method === 'HEAD';
    this.#parser.expect(this.#answerEvents, this.#wasHead);
    if (body === null || body.length === 0) this.#socket.write(head, 'latin1');
    else if (body.length <= COPIED_BYTES) {
      const whole = Buffer.allocUnsafe(head.length + body.length);
      whole.write(head, 0, 'latin1');
      whole.set(body, head.length);
      this.#socket.write(whole);
    } else {
      this.#socket.cork();
      this.#socket.write(head, 'latin1');
      this.#socket.write(body);
      this.#socket.uncork();
    }
    return true;
  }

  abort(error: Error): void {
    if (!this.#handler) {
      this.#isRefused = true;
      return;
    }
    this.#fail(error);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.close();
  }

  /** May be called again. */
  close(): void {
    this.#socket.destroy();
    this.#closed();
  }

  readonly #answerEvents = {
    onHead: (status: number, headers: Record<string, string | string[]>): void =>
      this.#handler?.onResponseStart(this, status, headers),
    onData: (chunk: Buffer): void => this.#handler?.onResponseData(this, chunk),
    onEnd: (): void => this.#answered(),
  };

  #take(chunk: Buffer): void {
    if (this.#isClosed) return;
    let isWhole: boolean;
    try {
      isWhole = this.#parser.feed(chunk);
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    if (!isWhole) {
      // A body of HEAD, or whatever else: what comes next would be read as an answer.
      this.#events.onLeftover(this.#wasHead);
      this.close();
    } else if (this.#isAnswered) this.#free();
  }

  #answered(): void {
    const handler = this.#handler;
    this.#handler = undefined;
    this.#hasServed = true;
    this.#isAnswered = true;
    handler?.onResponseEnd();
  }

  /** Not before all that came was looked at. */
  #free(): void {
    this.#isAnswered = false;
    const { mayGoOn, restMs } = this.#parser;
    // Answered before the request was sent whole: what is left of it would come before the next one.
    if (!mayGoOn || this.#isLast || this.#socket.writableLength > 0) {
      this.close();
      return;
    }
    const rest = restMs === undefined ? REST_MS : Math.min(LONGEST_REST_MS, restMs - REST_MARGIN_MS);
    this.#restUntilMs = performance.now() + rest;
    this.#events.onFree(this);
  }

  #ended(): void {
    // In the handshake of TLS Node has an error of its own for it, which comes in a moment.
    if (!this.#isConnected) return;
    if (!this.#parser.end()) this.#failure ??= closedEarly();
    this.close();
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const handler = this.#handler;
    this.#handler = undefined;
    if (handler || !this.#isConnected) {
      const error = this.#failure ?? closedEarly();
      if (this.#hasServed) this.#events.onUsedError(error);
      this.#failure = error;
      handler?.onResponseError(this, error);
    }
    this.#events.onClosed(this);
  }

  /** Why no connection came about; undefined where one has. */
  get failedToConnect(): Error | undefined {
    return this.#isConnected ? undefined : this.#failure;
  }
}

/** A session of TLS that the next connection to the same place may take up. */
export interface SessionOfOrigin {
  session: Buffer | undefined;
}

function openTls(to: TcpNetConnectOpts, address: string, kept: SessionOfOrigin | undefined): Socket {
  const socket = connectTls({
    ...to,
    servername: isIP(address) === 0 ? address : undefined,
    ALPNProtocols: ['http/1.1'],
    session: kept?.session,
  } as ConnectionOptions);
  socket.on('session', (session: Buffer) => {
    if (kept) kept.session = session;
  });
  return socket;
}

/** Methods whose requests say that they have no body. */
const WITH_LENGTH: ReadonlySet<string> = new Set(['PUT', 'POST', 'PATCH']);
const NO_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** @throws an error with the code ERR_INVALID_CHAR for what no header can carry */
function headOf({ method, path, headers, body, reset }: WireCall): string {
  let head = `${method} ${path} HTTP/1.1\r\n`;
  let hasLength = false;
  for (const name in headers) {
    const value = headers[name] as string;
    if (NO_VALUE.test(value)) throw invalidHeader(name);
    if (name.length === 14 && name.toLowerCase() === 'content-length') hasLength = true;
    head += `${name}: ${value}\r\n`;
  }
  if (!hasLength && (body !== null || WITH_LENGTH.has(method)))
    head += `content-length: ${body?.length ?? 0}\r\n`;
  return `${head}connection: ${reset ? 'close' : 'keep-alive'}\r\n\r\n`;
}

function invalidHeader(name: string): Error {
  return Object.assign(new TypeError(`header ${name} has characters that none can have`), {
    code: 'ERR_INVALID_CHAR',
  });
}

function closedEarly(): Error {
  return Object.assign(new Error('the other side closed the connection'), { code: 'CLOSED_EARLY' });
}

function connectTimeout(host: string, { connectTimeoutMs }: TransportOptions): Error {
  return Object.assign(new Error(`${host}: no connection within ${connectTimeoutMs} ms`), {
    code: 'CONNECT_TIMED_OUT',
  });
}
