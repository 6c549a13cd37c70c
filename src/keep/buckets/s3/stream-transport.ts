import http from 'node:http';
import https from 'node:https';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import { asProxyFailure, nodeAgentOptions, refusalOf } from '../../../base/http-agent.ts';
import { MAX_ERROR_BODY_BYTES } from './answer.ts';
import { answerFirst } from './answer-first.ts';
import type { TransportOptions, WireAnswer, WireRequest } from './transport.ts';

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
}

/** A request under way. */
interface Exchange {
  readonly outgoing: http.ClientRequest;
  /** Answered or failed. */
  isSettled: boolean;
  /** Resolves with that; never rejects. */
  settled: Promise<void>;
  hasBodyBegun: boolean;
}

/**
 * Requests with a large body in blocks, over node:http, which moves them as fast as curl does.
 *
 * States of a request:
 *
 *   connecting ─▶ asking (Expect: 100-continue) ─100, or 1 s─▶ sending ─last block─▶ awaiting ─answer─▶ done
 *                     └──────────── early answer ───────────────┴──▶ done, connection dropped
 */
export class StreamTransport {
  readonly #http: http.Agent;
  readonly #https: https.Agent;
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
    this.#https = answerFirst(new https.Agent(agentOptions), clock);
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
    const outgoing = this.#open(request, request.headers);
    const answered = answerOf(outgoing, this.#options.idleTimeoutMs);
    const exchange: Exchange = {
      outgoing,
      isSettled: false,
      settled: Promise.resolve(),
      hasBodyBegun: false,
    };
    const settle = (): void => {
      exchange.isSettled = true;
    };
    exchange.settled = answered.then(settle, settle);
    try {
      if (request.headers.expect !== undefined) await this.#awaitContinue(exchange);
      await writeBlocks(exchange, request);
      if (!exchange.isSettled) {
        outgoing.end();
        outgoing.setTimeout(this.#answerPatienceMs(request));
      }
      const answer = await answered;
      // An answer before the whole body: the rest of it must not be taken for the next request.
      if (!outgoing.writableEnded) outgoing.destroy();
      const { proxy } = this.#options;
      if (proxy && answer.status === 407) throw refusalOf(proxy, answer.status, request.origin);
      return answer;
    } catch (error) {
      outgoing.destroy();
      const isCutOff = exchange.hasBodyBegun && !outgoing.writableEnded && isReset(error);
      const refusal = isCutOff ? await this.#ask(request) : undefined;
      if (refusal !== undefined) return refusal;
      throw asProxyFailure(this.#options.proxy, error);
    }
  }

  /**
   * The refusal that a request meets at the beginning of its body, if it meets one; undefined for everything else. One
   * block is sent, never the whole body, so nothing can come of it.
   */
  async #ask(request: StreamedRequest): Promise<WireAnswer | undefined> {
    const { expect: _, ...headers } = request.headers;
    const outgoing = this.#open(request, headers);
    let answer: WireAnswer | undefined;
    const settled = answerOf(outgoing, this.#options.idleTimeoutMs).then(
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

  #open(request: StreamedRequest, headers: StreamedRequest['headers']): http.ClientRequest {
    const url = new URL(request.origin);
    const isTls = url.protocol === 'https:';
    const outgoing = (isTls ? https : http).request({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? undefined : Number(url.port),
      method: request.method,
      path: request.path,
      headers,
      agent: isTls ? this.#https : this.#http,
      timeout: this.#options.idleTimeoutMs,
      signal: request.signal,
    });
    return outgoing;
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
    this.#http.destroy();
    this.#https.destroy();
  }
}

/** The answer to a request, its body cut at the limit. Also the place where silence ends it. */
function answerOf(outgoing: http.ClientRequest, idleTimeoutMs: number): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject);
    // Node resets this time-out while the kernel takes bytes from the write queue: a progress watchdog.
    outgoing.on('timeout', () =>
      outgoing.destroy(
        new SluiceError('timed_out', `${outgoing.host}: nothing moved for ${idleTimeoutMs} ms`),
      ),
    );
    outgoing.on('response', response => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        if (bytes < MAX_ERROR_BODY_BYTES) chunks.push(chunk);
        bytes += chunk.length;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
  });
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
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
    previous = new Promise(resolve => {
      exchange.outgoing.write(block.bytes, error => {
        // A failed write also fails the request, whose error is the one reported.
        if (error) return;
        if (block.payloadBytes > 0) request.onProgress?.(block.payloadBytes);
        resolve();
      });
    });
  }
  await Promise.race([previous, exchange.settled]);
}
