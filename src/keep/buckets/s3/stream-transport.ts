import http from 'node:http';
import https from 'node:https';
import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import { MAX_ERROR_BODY_BYTES } from './answer.ts';
import type { TransportOptions, WireAnswer, WireRequest } from './transport.ts';

/** How long a server may leave Expect: 100-continue unanswered before the body is sent all the same (curl waits as long). */
const CONTINUE_WAIT_MS = 1000;

/** Blocks of a body on the wire; `payloadBytes` of each are the object's own. A block is not touched again until the next is asked for twice. */
export type BodyBlocks = AsyncIterable<{ readonly bytes: Buffer; readonly payloadBytes: number }>;

export interface StreamedRequest extends WireRequest {
  readonly blocks: BodyBlocks;
  readonly onProgress?: (bytes: number) => void;
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
    // The agent's time-out counts for idle sockets: dropped before a server's usual 5 s would drop them under a request.
    const agentOptions = {
      keepAlive: true,
      timeout: 4000,
      maxSockets: options.maxConnections,
      ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
    };
    this.#http = new http.Agent(agentOptions);
    this.#https = new https.Agent(agentOptions);
    this.#options = options;
    this.#clock = clock;
  }

  /** Sends once and resolves with any answer, good or bad. Rejects with what the socket, the blocks or the signal threw. */
  async send(request: StreamedRequest): Promise<WireAnswer> {
    const outgoing = this.#open(request);
    const answered = answerOf(outgoing, this.#options.idleTimeoutMs);
    let hasAnswer = false;
    const early = answered.then(
      () => {
        hasAnswer = true;
      },
      () => {
        hasAnswer = true;
      },
    );
    try {
      if (request.headers.expect !== undefined) await this.#awaitContinue(outgoing, early);
      await writeBlocks(outgoing, request, early, () => hasAnswer);
      if (!hasAnswer) outgoing.end();
      const answer = await answered;
      // An answer before the whole body: the rest of it must not be taken for the next request.
      if (!outgoing.writableEnded) outgoing.destroy();
      return answer;
    } catch (error) {
      outgoing.destroy();
      throw error;
    }
  }

  #open(request: StreamedRequest): http.ClientRequest {
    const url = new URL(request.origin);
    const isTls = url.protocol === 'https:';
    const outgoing = (isTls ? https : http).request({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? undefined : Number(url.port),
      method: request.method,
      path: request.path,
      headers: request.headers,
      agent: isTls ? this.#https : this.#http,
      timeout: this.#options.idleTimeoutMs,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    return outgoing;
  }

  async #awaitContinue(outgoing: http.ClientRequest, early: Promise<void>): Promise<void> {
    let cancelTimer = (): void => undefined;
    const patience = new Promise<void>(resolve => {
      cancelTimer = this.#clock.timer(CONTINUE_WAIT_MS, resolve);
    });
    const asked = new Promise<void>(resolve => outgoing.once('continue', resolve));
    outgoing.flushHeaders();
    await Promise.race([asked, patience, early]);
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

/** Writes the blocks one after another, reading the next while the kernel takes the last; stops when an answer is there. */
async function writeBlocks(
  outgoing: http.ClientRequest,
  request: StreamedRequest,
  early: Promise<void>,
  hasAnswer: () => boolean,
): Promise<void> {
  let previous: Promise<void> = Promise.resolve();
  for await (const block of request.blocks) {
    await Promise.race([previous, early]);
    if (hasAnswer()) return;
    previous = new Promise(resolve => {
      // A failed write also fails the request, whose error is the one reported.
      outgoing.write(block.bytes, () => {
        if (block.payloadBytes > 0) request.onProgress?.(block.payloadBytes);
        resolve();
      });
    });
  }
  await Promise.race([previous, early]);
}
