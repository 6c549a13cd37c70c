import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import { agentOf, refusalOf } from '../../../base/http-agent.ts';
import { MAX_ERROR_BODY_BYTES } from './answer.ts';
import { endOnSilence, patience } from './silence.ts';
import {
  answerTooSlow,
  isRepeatable,
  mayBeStale,
  type TransportOptions,
  type WireAnswer,
  type WireRequest,
} from './transport.ts';
import type { WireControl, WireHandler } from './wire/connection.ts';
import { WireConnections, type WireRequestTo } from './wire/connections.ts';

type Timers = Pick<Clock, 'timer'>;
type Undici = typeof import('undici');

/**
 * Requests with a small body in memory, or none, over connections of our own (wire/connections.ts); through a proxy, over
 * undici's.
 *
 * States of a request:
 *
 *   waiting for a connection ─▶ sending ─▶ awaiting ─first byte─▶ answering ─▶ done
 *        (connectTimeoutMs)     (idleTimeoutMs without progress)  (answerTimeoutMs)
 *
 * and `sending` to `done` within what both of them and the body's size at the slowest speed add up to.
 */
export class SmallTransport {
  readonly #options: TransportOptions;
  readonly #clock: Timers;
  #agents: Promise<Agents> | undefined;
  /** Origins that send a body after HEAD, which no connection survives; one is given up after each HEAD there. */
  readonly #closesAfterHead = new Set<string>();

  constructor(options: TransportOptions, clock: Timers) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Sends once and resolves with any answer, good or bad. Rejects with what undici, the socket or the signal threw. */
  async send(request: WireRequest, body?: Buffer): Promise<WireAnswer> {
    const answer = await this.#send(request, body);
    const { proxy } = this.#options;
    if (proxy && answer.status === 407) throw refusalOf(proxy, answer.status, request.origin);
    return answer;
  }

  async #send(request: WireRequest, body?: Buffer): Promise<WireAnswer> {
    this.#agents ??= openAgents(this.#options, origin => this.#closesAfterHead.add(origin));
    const { pool, fresh, wereUsed } = await this.#agents;
    const exchange = new Exchange(request, body, this.#options, this.#clock);
    try {
      return await exchange.run(pool, request.method === 'HEAD' && this.#closesAfterHead.has(request.origin));
    } catch (error) {
      const isStale = mayBeStale(error) && !exchange.hasAnswer && wereUsed.has(error as Error);
      if (!isStale || !isRepeatable(request) || request.signal?.aborted) throw error;
      if (isLeftover(error)) this.#closesAfterHead.add(request.origin);
      return new Exchange(request, body, this.#options, this.#clock).run(fresh(), true);
    }
  }

  async close(): Promise<void> {
    await (await this.#agents)?.close();
  }
}

/** Connections of our own, or undici's to a proxy. */
interface Sender {
  dispatch(request: WireRequestTo, handler: WireHandler): unknown;
  close(): Promise<void>;
}

interface Agents {
  readonly pool: Sender;
  /** Connections that are used once. */
  readonly fresh: () => Sender;
  /** Errors of connections that had carried an answer before. */
  readonly wereUsed: { has(error: Error): boolean };
  close(): Promise<void>;
}

async function openAgents(
  options: TransportOptions,
  onBodyAfterHead: (origin: string) => void,
): Promise<Agents> {
  const used = new WeakSet<Error>();
  // The library is loaded for a proxy alone.
  const undici = options.proxy && (await import('undici'));
  const open = (): Sender =>
    undici
      ? (openAgent(undici, options, used) as unknown as Sender)
      : new WireConnections({ ...options, onBodyAfterHead, onUsedError: error => used.add(error) });
  const pool = open();
  let fresh: Sender | undefined;
  return {
    pool,
    fresh: () => {
      fresh ??= open();
      return fresh;
    },
    wereUsed: { has: error => used.has(error) || wasRead(error) },
    close: async () => {
      await Promise.all([pool.close(), fresh?.close()]);
    },
  };
}

/** undici's own error for a connection that was closed says how much had come over it. */
function wasRead(error: Error): boolean {
  const { socket } = error as { readonly socket?: { readonly bytesRead?: number } };
  return (socket?.bytesRead ?? 0) > 0;
}

/** Bytes that are no answer came over a connection that was used before. */
function isLeftover(error: unknown): boolean {
  return (error as Error).name === 'HTTPParserError';
}

function openAgent(undici: Undici, options: TransportOptions, used: WeakSet<Error>): Dispatcher {
  const { maxConnections: connections, connectTimeoutMs, idleTimeoutMs, lookup, proxy, ca } = options;
  return agentOf(undici, {
    connections,
    connectTimeoutMs,
    lookup,
    proxy,
    ca,
    // Fixed header and body time-outs kill slow but progressing transfers; the socket's idle time-out and each request's
    // own deadline do not.
    more: { pipelining: 1, headersTimeout: 0, bodyTimeout: 0 },
    onSocket: (socket, host) => watch(socket, host, idleTimeoutMs, used),
  });
}

function cancellation(): SluiceError {
  return new SluiceError('cancelled', 'stopped on request');
}

/** A progress watchdog, which also knows what came over a connection before it failed. */
function watch(socket: Socket, host: string, idleTimeoutMs: number, used: WeakSet<Error>): void {
  // Before undici's own listener: whoever gets the error may ask what came over the connection before it.
  socket.on('error', failure => {
    if (socket.bytesRead > 0) used.add(failure);
  });
  endOnSilence(socket, host, idleTimeoutMs);
}

/** One request and its answer; settles once. */
class Exchange implements WireHandler {
  readonly #request: WireRequest;
  readonly #body: Buffer | undefined;
  readonly #options: TransportOptions;
  readonly #clock: Timers;
  readonly #maxBytes: number;
  readonly #answerTimeoutMs: number;
  #resolve: (answer: WireAnswer) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #controller: WireControl | undefined;
  #cancelDeadline: (() => void) | undefined;
  #isSettled = false;
  #status = 0;
  #headers: WireAnswer['headers'] = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** The head of an answer has come. */
  hasAnswer = false;

  constructor(request: WireRequest, body: Buffer | undefined, options: TransportOptions, clock: Timers) {
    this.#request = request;
    this.#body = body;
    this.#options = options;
    this.#clock = clock;
    this.#maxBytes = request.maxAnswerBytes ?? MAX_ERROR_BODY_BYTES;
    this.#answerTimeoutMs = request.answerTimeoutMs ?? options.answerTimeoutMs;
  }

  run(agent: Sender, isLast: boolean): Promise<WireAnswer> {
    const { origin, path, method, headers, signal } = this.#request;
    if (signal?.aborted) return Promise.reject(cancellation());
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      signal?.addEventListener('abort', this.#onAbort, { once: true });
      agent.dispatch(
        {
          origin,
          path,
          method,
          headers,
          body: this.#body ?? null,
          // Left to itself, undici closes the connection after each HEAD.
          reset: isLast,
        },
        this,
      );
    });
  }

  readonly #onAbort = (): void => this.#fail(cancellation());

  #finish(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#cancelDeadline?.();
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
    return true;
  }

  /** Ends the request from this side. */
  #fail(error: SluiceError): void {
    if (!this.#finish()) return;
    this.#controller?.abort(error);
    this.#reject(error);
  }

  #setDeadline(ms: number): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = patience(this.#clock, ms, () =>
      this.#fail(answerTooSlow(this.#request.origin, ms)),
    );
  }

  #settle(): void {
    if (!this.#finish()) return;
    const body = this.#chunks.length === 0 ? EMPTY : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onRequestStart(controller: WireControl): void {
    // Aborted while it waited for a connection: nothing has been sent.
    if (this.#isSettled) {
      controller.abort(cancellation());
      return;
    }
    this.#controller = controller;
    const { idleTimeoutMs, minBytesPerSecond } = this.#options;
    const sendingMs = Math.ceil(((this.#body?.length ?? 0) / minBytesPerSecond) * 1000);
    this.#setDeadline(idleTimeoutMs + sendingMs + this.#answerTimeoutMs);
  }

  onResponseStart(_: WireControl, status: number, headers: WireAnswer['headers']): void {
    // Early hints and the like are no answer yet.
    if (status < 200) return;
    this.hasAnswer = true;
    this.#status = status;
    this.#headers = headers;
    const hasBody = this.#request.method !== 'HEAD' && headers['content-length'] !== '0';
    if (hasBody) this.#setDeadline(this.#answerTimeoutMs);
  }

  onResponseData(controller: WireControl, chunk: Buffer): void {
    // It is read into again.
    this.#chunks.push(Buffer.from(chunk));
    this.#bytes += chunk.length;
    if (this.#bytes < this.#maxBytes || this.#isSettled) return;
    this.#settle();
    controller.abort(cancellation());
  }

  onResponseEnd(): void {
    this.#settle();
  }

  onResponseError(_: WireControl, error: Error): void {
    if (this.#finish()) this.#reject(error);
  }
}

const EMPTY = Buffer.alloc(0);
