import type { Agent } from 'undici';
import { asSluiceError, SluiceError } from '../../../../base/errors.ts';
import { withoutCredentials } from '../../../../base/text.ts';
import { MAX_READING_BYTES, type RawReading, type ReadingSource } from '../source.ts';

const NO_CONTENT = 204;
const UNREACHABLE = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'UND_ERR_CONNECT_TIMEOUT'];

/** The body of an HTTP answer; 204 is no reading, on purpose. Redirects are errors. */
export class HttpSource implements ReadingSource {
  readonly #url: string;
  /** Keeps one connection open between two readings. */
  #agent: Agent | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  async read(signal: () => AbortSignal): Promise<RawReading | undefined> {
    try {
      // Loaded by those who ask over HTTP alone: it takes several megabytes.
      const { Agent, request } = await import('undici');
      this.#agent ??= new Agent({ connections: 1 });
      const { statusCode, headers, body } = await request(this.#url, {
        signal: signal(),
        dispatcher: this.#agent,
      });
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > MAX_READING_BYTES)
          throw new SluiceError('answer_too_large', `${this.#shown} answers too much`);
        chunks.push(chunk);
      }
      if (statusCode === NO_CONTENT) return undefined;
      if (statusCode >= 300)
        throw new SluiceError('reading_failed', `${this.#shown} answered HTTP ${statusCode}`);
      const contentType = headers['content-type'];
      const content = Buffer.concat(chunks);
      return typeof contentType === 'string' ? { bytes: content, contentType } : { bytes: content };
    } catch (error) {
      throw this.#failureOf(error);
    }
  }

  async close(): Promise<void> {
    await this.#agent?.destroy();
  }

  get #shown(): string {
    return withoutCredentials(this.#url);
  }

  #failureOf(error: unknown): SluiceError {
    const details = { operation: 'ask', subject: this.#shown, cause: error };
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (UNREACHABLE.includes(code))
      return new SluiceError('host_unreachable', `nothing answers at ${this.#shown}`, details);
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
      return new SluiceError('host_unknown', `${this.#shown}: its host has no address`, details);
    if (code === 'ECONNRESET' || code.startsWith('UND_ERR_SOCKET'))
      return new SluiceError('connection_lost', `${this.#shown}: the connection broke`, details);
    return asSluiceError(error, details);
  }
}
