import http from 'node:http';
import https from 'node:https';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import { asProxyFailure, nodeAgentOptions, refusalOf } from '../../../base/http-agent.ts';
import type { Pace } from '../bucket.ts';
import { MAX_ERROR_BODY_BYTES } from './answer.ts';
import { answerFirst } from './answer-first.ts';
import { patience, silenceCheck } from './silence.ts';
import {
  answerTooSlow,
  mayBeStale,
  type TransportOptions,
  type WireAnswer,
  type WireRequest,
} from './transport.ts';

/**
 * How long a server may leave Expect: 100-continue unanswered before the body is sent all the same (curl waits as
 * long).
 */
const CONTINUE_WAIT_MS = 1000;

/**
 * How long the answer to the question after a reset may take. versitygw reads some kilobytes before it looks at a
 * request at all, and then waits a second for more before it refuses.
 */
const REFUSAL_WAIT_MS = 3000;

/** Most that Linux holds of one connection's unsent bytes by default (tcp_wmem). */
const KERNEL_BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * Blocks of a body on the wire; `payloadBytes` of each are the object's own. A block is not touched again until the
 * next is asked for twice.
 */
export type BodyBlocks = AsyncIterable<{ readonly bytes: Buffer; readonly payloadBytes: number }>;

export interface StreamedRequest extends WireRequest {
  /** Begins the body; called once for each time that it is sent. */
  readonly blocks: () => BodyBlocks;
  readonly onProgress?: (bytes: number) => void;
  /** What bounds how fast the body goes. */
  readonly pace?: Pace | undefined;
}

/** A request under way. */
interface Exchange {
  readonly outgoing: http.ClientRequest;
  readonly answered: Promise<WireAnswer>;
  /** Whether the head of an answer has come. */
  readonly hasAnswer: () => boolean;
  /** Answered or failed. */
  isSettled: boolean;
  /** Resolves with that; never rejects. */
  settled: Promise<void>;
  hasBodyBegun: boolean;
  /** Bounds the answer from now on; the last call counts. */
  readonly setDeadline: (ms: number) => void;
}

/**
 * Requests with a large body in blocks, over node:http, which moves them as fast as curl does.
 *
 * States of a request:
 *
 *   connecting ─▶ asking (Expect: 100-continue) ─100, or 1 s─▶ sending ─last block─▶ awaiting ─answer─▶ done
 *                     └──────────── early answer ───────────────┴──▶ done, connection dropped
 *
 * `connecting` ends within connectTimeoutMs; `sending` may take any time while bytes move; `awaiting` is bounded, and so
 * is an answer from its first byte on.
 */
export class StreamTransport {
  readonly #http: http.Agent;
  readonly #https: https.Agent;
  /** For connections that are used once. */
  readonly #freshHttp: http.Agent;
  readonly #freshHttps: https.Agent;
  readonly #options: TransportOptions;
  readonly #clock: Pick<Clock, 'timer'>;

  constructor(options: TransportOptions, clock: Pick<Clock, 'timer'>) {
    // The agent's time-out counts for idle sockets: dropped before a server's usual 5 s would drop them under a
    // request.
    const agentOptions = {
      keepAlive: true,
      timeout: 4000,
      maxSockets: options.maxConnections,
      lookup: options.lookup,
      ...nodeAgentOptions(options.proxy),
    };
    this.#http = answerFirst(new http.Agent(agentOptions), clock);
    const { ca } = options;
    this.#https = answerFirst(new https.Agent({ ...agentOptions, ca }), clock);
    const once = { lookup: options.lookup, ...nodeAgentOptions(options.proxy) };
    this.#freshHttp = answerFirst(new http.Agent(once), clock);
    this.#freshHttps = answerFirst(new https.Agent({ ...once, ca }), clock);
    this.#options = options;
    this.#clock = clock;
  }

  /**
   * Sends once and resolves with any answer, good or bad. Rejects with what the socket, the blocks or the signal threw.
   *
   * An answer that has arrived counts before the failed write of the body that it refuses (`answerFirst`). Where the
   * reset overtook it, the same question follows with only the first block of the body; a refusal of that was the
   * answer.
   */
  async send(request: StreamedRequest): Promise<WireAnswer> {
    const answer = await this.#send(request);
    const { proxy } = this.#options;
    if (proxy && answer.status === 407) throw refusalOf(proxy, answer.status, request.origin);
    return answer;
  }

  async #send(request: StreamedRequest): Promise<WireAnswer> {
    const first = this.#begin(request, false);
    try {
      return await this.#finish(request, first);
    } catch (error) {
      const isStale = first.outgoing.reusedSocket && !first.hasAnswer() && mayBeStale(error);
      if (!isStale || request.signal?.aborted) return this.#askWhy(request, first, error);
      const second = this.#begin(request, true);
      return await this.#finish(request, second).catch(again => this.#askWhy(request, second, again));
    }
  }

  #begin(request: StreamedRequest, isFresh: boolean): Exchange {
    const outgoing = this.#open(request, request.headers, isFresh);
    const { answered, setDeadline, hasAnswer } = this.#answerOf(outgoing, request);
    const exchange: Exchange = {
      outgoing,
      answered,
      isSettled: false,
      settled: Promise.resolve(),
      hasBodyBegun: false,
      hasAnswer,
      setDeadline,
    };
    const settle = (): void => {
      exchange.isSettled = true;
    };
    exchange.settled = answered.then(settle, settle);
    return exchange;
  }

  async #finish(request: StreamedRequest, exchange: Exchange): Promise<WireAnswer> {
    const { outgoing, answered } = exchange;
    try {
      if (request.headers.expect !== undefined) await this.#awaitContinue(exchange);
      await writeBlocks(exchange, request);
      if (!exchange.isSettled) {
        outgoing.end();
        const patienceMs = this.#answerPatienceMs(request);
        outgoing.setTimeout(patienceMs);
        if (!exchange.hasAnswer()) exchange.setDeadline(patienceMs + this.#options.answerTimeoutMs);
      }
      const answer = await answered;
      // An answer before the whole body: the rest of it must not be taken for the next request.
      if (!outgoing.writableEnded) outgoing.destroy();
      return answer;
    } catch (error) {
      outgoing.destroy();
      throw error;
    }
  }

  /** The refusal behind a connection that was cut off in the body, where there is one; throws the error where not. */
  async #askWhy(
    request: StreamedRequest,
    { outgoing, hasBodyBegun }: Exchange,
    error: unknown,
  ): Promise<WireAnswer> {
    const isCutOff = hasBodyBegun && !outgoing.writableEnded && isReset(error);
    const refusal = isCutOff ? await this.#ask(request) : undefined;
    if (refusal !== undefined) return refusal;
    throw asProxyFailure(this.#options.proxy, error);
  }

  /**
   * The refusal that a request meets at the beginning of its body, if it meets one; undefined for everything else. One
   * block is sent, never the whole body, so nothing can come of it.
   */
  async #ask(request: StreamedRequest): Promise<WireAnswer | undefined> {
    const { expect: _, ...headers } = request.headers;
    const outgoing = this.#open(request, headers, false);
    let answer: WireAnswer | undefined;
    const settled = this.#answerOf(outgoing, request).answered.then(
      given => {
        answer = given;
      },
      () => undefined,
    );
    for await (const { bytes } of request.blocks()) {
      outgoing.write(bytes);
      break;
    }
    await this.#within(settled, REFUSAL_WAIT_MS);
    outgoing.destroy();
    return answer !== undefined && answer.status >= 300 ? answer : undefined;
  }

  /**
   * How long the answer may take: the time-out, and the time that a slow link needs for what the kernel has taken but
   * not sent.
   */
  #answerPatienceMs(request: StreamedRequest): number {
    const { idleTimeoutMs, minBytesPerSecond } = this.#options;
    const heldBytes = Math.min(Number(request.headers['content-length'] ?? 0), KERNEL_BUFFER_BYTES);
    return Math.ceil(idleTimeoutMs + (heldBytes / minBytesPerSecond) * 1000);
  }

  #open(request: StreamedRequest, headers: StreamedRequest['headers'], isFresh: boolean): http.ClientRequest {
    const url = new URL(request.origin);
    const isTls = url.protocol === 'https:';
    const [plain, secure] = isFresh ? [this.#freshHttp, this.#freshHttps] : [this.#http, this.#https];
    const outgoing = (isTls ? https : http).request({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? undefined : Number(url.port),
      method: request.method,
      path: request.path,
      headers,
      agent: isTls ? secure : plain,
      timeout: this.#options.idleTimeoutMs,
      signal: request.signal,
    });
    this.#watchConnecting(outgoing, url);
    return outgoing;
  }

  /** A connection that does not come about, TLS included, ends sooner than silence on one that has. */
  #watchConnecting(outgoing: http.ClientRequest, url: URL): void {
    const { connectTimeoutMs } = this.#options;
    outgoing.once('socket', socket => {
      if (outgoing.reusedSocket) return;
      const cancelTimer = patience(this.#clock, connectTimeoutMs, () =>
        outgoing.destroy(
          new SluiceError(
            'host_unreachable',
            `${url.host}: no connection came about in ${connectTimeoutMs} ms`,
          ),
        ),
      );
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', cancelTimer);
      socket.once('close', cancelTimer);
    });
  }

  /** The answer to a request, its body cut at the limit. Also the place where silence, or an answer without end, ends it. */
  #answerOf(
    outgoing: http.ClientRequest,
    request: WireRequest,
  ): { answered: Promise<WireAnswer>; setDeadline: (ms: number) => void; hasAnswer: () => boolean } {
    const { idleTimeoutMs } = this.#options;
    const answerTimeoutMs = request.answerTimeoutMs ?? this.#options.answerTimeoutMs;
    const maxBytes = request.maxAnswerBytes ?? MAX_ERROR_BODY_BYTES;
    let cancelDeadline: (() => void) | undefined;
    let hasAnswer = false;
    const setDeadline = (ms: number): void => {
      cancelDeadline?.();
      cancelDeadline = patience(this.#clock, ms, () => outgoing.destroy(answerTooSlow(request.origin, ms)));
    };
    const answered = new Promise<WireAnswer>((resolve, reject) => {
      outgoing.on('error', reject);
      // Node resets this time-out while the kernel takes bytes from the write queue: a progress watchdog.
      outgoing.on(
        'timeout',
        silenceCheck(
          () => outgoing.socket,
          outgoing.host,
          idleTimeoutMs,
          error => outgoing.destroy(error),
        ),
      );
      // A switch to another protocol, which was not asked for: without a listener the request would never end.
      outgoing.on('upgrade', (response, socket) => {
        socket.destroy();
        resolve({ status: response.statusCode ?? 101, headers: response.headers, body: Buffer.alloc(0) });
      });
      outgoing.on('response', response => {
        hasAnswer = true;
        setDeadline(answerTimeoutMs);
        const chunks: Buffer[] = [];
        let bytes = 0;
        const finish = (): void =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          });
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes < maxBytes) return;
          finish();
          outgoing.destroy();
        });
        response.on('error', reject);
        response.on('end', finish);
        response.on('close', () => reject(connectionClosed()));
      });
      // Whatever happened: after this nothing comes any more.
      outgoing.on('close', () => {
        if (!hasAnswer) reject(connectionClosed());
      });
    });
    const ended = (): void => cancelDeadline?.();
    answered.then(ended, ended);
    return { answered, setDeadline, hasAnswer: () => hasAnswer };
  }

  async #awaitContinue(exchange: Exchange): Promise<void> {
    const { outgoing } = exchange;
    const asked = new Promise<void>(resolve => outgoing.once('continue', resolve));
    outgoing.flushHeaders();
    await this.#within(Promise.race([asked, exchange.settled]), CONTINUE_WAIT_MS);
  }

  /** Waits for something, but no longer than `ms`. */
  async #within(work: Promise<void>, ms: number): Promise<void> {
    let cancelTimer = (): void => undefined;
    const patience = new Promise<void>(resolve => {
      cancelTimer = this.#clock.timer(ms, resolve);
    });
    await Promise.race([work, patience]);
    cancelTimer();
  }

  close(): void {
    for (const agent of [this.#http, this.#https, this.#freshHttp, this.#freshHttps]) agent.destroy();
  }
}

function connectionClosed(): Error {
  return Object.assign(new Error('closed'), { code: 'ECONNRESET' });
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

/** Writes what of a block may go, slice by slice, until the last slice may. @returns that one */
async function writePaced(
  exchange: Exchange,
  { pace, signal }: StreamedRequest,
  bytes: Buffer,
): Promise<Buffer> {
  let rest = bytes;
  for (
    let slice = pace?.sliceBytes ?? Number.POSITIVE_INFINITY;
    slice < rest.length && !exchange.isSettled;
  ) {
    await pace?.take(slice, signal);
    exchange.outgoing.write(rest.subarray(0, slice));
    rest = rest.subarray(slice);
    slice = pace?.sliceBytes ?? Number.POSITIVE_INFINITY;
  }
  await pace?.take(rest.length, signal);
  return rest;
}

/**
 * Writes the blocks one after another, reading the next while the kernel takes the last; stops when an answer is there.
 */
async function writeBlocks(exchange: Exchange, request: StreamedRequest): Promise<void> {
  let previous: Promise<void> = Promise.resolve();
  for await (const block of request.blocks()) {
    await Promise.race([previous, exchange.settled]);
    // Whatever has arrived is read before anything more is written.
    await nextTurn();
    if (exchange.isSettled) return;
    exchange.hasBodyBegun = true;
    const rest = await writePaced(exchange, request, block.bytes);
    previous = new Promise(resolve => {
      exchange.outgoing.write(rest, error => {
        // A failed write also fails the request, whose error is the one reported.
        if (error) return;
        if (block.payloadBytes > 0) request.onProgress?.(block.payloadBytes);
        resolve();
      });
    });
  }
  await Promise.race([previous, exchange.settled]);
}
