import type { HttpHeaders } from '../../../base/http-headers.ts';
import { AnswerError, readErrorAnswer } from './answer.ts';
import { encodeStrictly } from './route.ts';
import type { SmallTransport } from './small-transport.ts';
import { refusalIn } from './success.ts';

/** A request as the AWS SDK hands it to whatever sends it (`HttpRequest` of @smithy/types). */
interface SdkRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface SdkResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/** Largest answer of a control call that is read: a page of a thousand keys is a tenth of it. */
const MAX_DOCUMENT_BYTES = 32 * 1024 * 1024;
/** Amazon S3 API reference, CompleteMultipartUpload: "can take several minutes", white space coming meanwhile. */
const COMPLETE_TIMEOUT_MS = 15 * 60_000;

/**
 * Sends the SDK's control calls over the same connections as the hot path, with the same bounds, and looks at every
 * answer before the SDK reads it: throws AnswerError for all that is no success of an S3 server.
 */
export class SdkHandler {
  readonly metadata = { handlerProtocol: 'http/1.1' };
  readonly #transport: SmallTransport;
  readonly #nowMs: () => number;

  constructor(transport: SmallTransport, nowMs: () => number) {
    this.#transport = transport;
    this.#nowMs = nowMs;
  }

  async handle(
    request: SdkRequest,
    // The SDK's type is less than the AbortSignal that it is given here.
    options: { readonly abortSignal?: unknown } = {},
  ): Promise<{ response: SdkResponse }> {
    const port = request.port === undefined ? '' : `:${request.port}`;
    const query = queryOf(request);
    const isCompletion = request.method === 'POST' && /(^|&)uploadId=/.test(query);
    const answer = await this.#transport.send(
      {
        method: request.method,
        origin: `${request.protocol}//${request.hostname}${port}`,
        path: query === '' ? request.path : `${request.path}?${query}`,
        headers: request.headers,
        signal: options.abortSignal as AbortSignal | undefined,
        maxAnswerBytes: MAX_DOCUMENT_BYTES,
        answerTimeoutMs: isCompletion ? COMPLETE_TIMEOUT_MS : undefined,
      },
      bodyOf(request.body),
    );
    const refusal = refusalIn(answer, request.method, this.#nowMs());
    if (refusal !== undefined) throw new AnswerError(refusal);
    return { response: { statusCode: answer.status, headers: plain(answer.headers), body: answer.body } };
  }

  /** The SDK asks for these; there is nothing to set here. */
  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  destroy(): void {}
}

/** The part of a handler of the SDK's own that is wrapped below. */
interface Handler {
  handle(request: never, options?: never): Promise<{ response: SdkResponse }>;
}

/** As `SdkHandler`, for bodies that stream: the SDK's own handler sends, and unsuccessful answers are read here. */
export function readingRefusals<H extends Handler>(handler: H, nowMs: () => number): H {
  const handle = handler.handle.bind(handler);
  const reading: Handler['handle'] = async (request, options) => {
    const handled = await handle(request, options);
    const { statusCode, headers, body } = handled.response;
    if (statusCode >= 200 && statusCode < 300) return handled;
    const text = await beginningOf(body as AsyncIterable<Buffer> | undefined);
    throw new AnswerError(readErrorAnswer(statusCode, headers, text, nowMs()));
  };
  handler.handle = reading;
  return handler;
}

const MAX_REFUSAL_BYTES = 64 * 1024;

/** What comes of a refusal's words, as far as they matter; the socket's time-out ends those that do not come. */
async function beginningOf(body: AsyncIterable<Buffer> | undefined): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body ?? []) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= MAX_REFUSAL_BYTES) break;
    }
  } catch {
    // The status is known; a body that breaks off says the rest of what it can.
  }
  return Buffer.concat(chunks);
}

function queryOf({ query = {} }: SdkRequest): string {
  const pairs: string[] = [];
  for (const name of Object.keys(query).sort()) {
    const value = query[name];
    for (const one of Array.isArray(value) ? value : [value]) {
      pairs.push(`${encodeStrictly(name)}=${one === null || one === undefined ? '' : encodeStrictly(one)}`);
    }
  }
  return pairs.join('&');
}

function bodyOf(body: unknown): Buffer | undefined {
  if (body === undefined || body === null || body === '') return undefined;
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  throw new TypeError('a control call of the SDK with a body that streams');
}

/** Of several headers of a name the SDK expects one text. */
function plain(headers: HttpHeaders): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) texts[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return texts;
}
