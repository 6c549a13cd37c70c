import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import { SluiceError } from '../../../base/errors.ts';
import { openAgent, refusalOf } from '../../../base/http-agent.ts';
import { MAX_ERROR_BODY_BYTES } from './answer.ts';
import type { TransportOptions, WireAnswer, WireRequest } from './transport.ts';

/**
 * Requests with a small body in memory, or none, over undici's dispatcher: the least CPU per request of the
 * clients measured (docs/benchmarks.md).
 */
export class SmallTransport {
  readonly #options: TransportOptions;
  #agent: Promise<Dispatcher> | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** Sends once and resolves with any answer, good or bad. Rejects with what undici, the socket or the signal threw. */
  async send(request: WireRequest, body?: Buffer): Promise<WireAnswer> {
    const { signal } = request;
    this.#agent ??= openPool(this.#options);
    const agent = await this.#agent;
    if (signal?.aborted) throw cancellation();
    const answer = await new Promise<WireAnswer>((resolve, reject) => {
      const exchange = new Exchange(resolve, reject, signal);
      agent.dispatch(
        {
          origin: request.origin,
          path: request.path,
          method: request.method as Dispatcher.HttpMethod,
          headers: request.headers,
          body: body ?? null,
        },
        exchange,
      );
    });
    const { proxy } = this.#options;
    if (proxy && answer.status === 407) throw refusalOf(proxy, answer.status, request.origin);
    return answer;
  }

  async close(): Promise<void> {
    await (await this.#agent)?.close();
  }
}

/** The library is loaded with the first request. */
function openPool(options: TransportOptions): Promise<Dispatcher> {
  const { maxConnections: connections, connectTimeoutMs, idleTimeoutMs, lookup, proxy } = options;
  return openAgent({
    connections,
    connectTimeoutMs,
    lookup,
    proxy,
    // Fixed header and body time-outs kill slow but progressing transfers; the socket's idle time-out does not.
    more: { pipelining: 1, headersTimeout: 0, bodyTimeout: 0 },
    onSocket: (socket, host) => watchIdle(socket, host, idleTimeoutMs),
  });
}

function cancellation(): SluiceError {
  return new SluiceError('cancelled', 'stopped on request');
}

/**
 * Node counts a socket as idle only while its write queue does not shrink either, so this is a progress watchdog: a
 * slow upload of one large buffer goes on as long as the kernel takes some of it.
 */
function watchIdle(socket: Socket, host: string, idleTimeoutMs: number): void {
  socket.setTimeout(idleTimeoutMs, () =>
    socket.destroy(new SluiceError('timed_out', `${host}: nothing moved for ${idleTimeoutMs} ms`)),
  );
}

/** One request and its answer; settles once. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: WireAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: WireAnswer['headers'] = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  readonly #onAbort = (): void => {
    this.#finish();
    this.#controller?.abort(cancellation());
    this.#reject(cancellation());
  };

  constructor(resolve: (answer: WireAnswer) => void, reject: (error: unknown) => void, signal?: AbortSignal) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  #finish(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Aborted while it waited for a connection: nothing has been sent.
    if (this.#signal?.aborted) controller.abort(cancellation());
    this.#controller = controller;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: WireAnswer['headers']): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#bytes < MAX_ERROR_BODY_BYTES) this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  onResponseEnd(): void {
    this.#finish();
    const body = this.#chunks.length === 0 ? EMPTY : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#finish();
    this.#reject(error);
  }
}

const EMPTY = Buffer.alloc(0);
