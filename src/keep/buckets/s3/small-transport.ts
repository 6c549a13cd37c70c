import type { Agent, buildConnector, Dispatcher } from 'undici';
import { SluiceError } from '../../../base/errors.ts';
import { MAX_ERROR_BODY_BYTES } from './answer.ts';
import type { TransportOptions, WireAnswer, WireRequest } from './transport.ts';

/**
 * Requests with a small body in memory, or none, over undici's dispatcher: the least CPU per request of the
 * clients measured (docs/benchmarks.md).
 */
export class SmallTransport {
  readonly #options: TransportOptions;
  #agent: Promise<Agent> | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** Sends once and resolves with any answer, good or bad. Rejects with what undici, the socket or the signal threw. */
  async send(request: WireRequest, body?: Buffer): Promise<WireAnswer> {
    const { signal } = request;
    this.#agent ??= openAgent(this.#options);
    const agent = await this.#agent;
    if (signal?.aborted) throw cancellation();
    return new Promise((resolve, reject) => {
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
  }

  async close(): Promise<void> {
    await (await this.#agent)?.close();
  }
}

/** The library is loaded with the first request. */
async function openAgent(options: TransportOptions): Promise<Agent> {
  const undici = await import('undici');
  return new undici.Agent({
    connections: options.maxConnections,
    pipelining: 1,
    // Fixed header and body time-outs kill slow but progressing transfers; the socket's idle time-out does not.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: idleWatchingConnector(undici.buildConnector, options),
  });
}

function cancellation(): SluiceError {
  return new SluiceError('cancelled', 'stopped on request');
}

/**
 * Node counts a socket as idle only while its write queue does not shrink either, so this is a progress watchdog: a
 * slow upload of one large buffer goes on as long as the kernel takes some of it.
 */
function idleWatchingConnector(
  build: typeof buildConnector,
  options: TransportOptions,
): buildConnector.connector {
  const connect = build({
    timeout: options.connectTimeoutMs,
    lookup: options.lookup,
  });
  return (target, callback) =>
    connect(target, (error, socket) => {
      if (error !== null) return callback(error, null);
      socket.setTimeout(options.idleTimeoutMs, () =>
        socket.destroy(
          new SluiceError(
            'timed_out',
            `${target.host ?? target.hostname}: nothing moved for ${options.idleTimeoutMs} ms`,
          ),
        ),
      );
      callback(null, socket);
    });
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
