import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import { SluiceError } from '../../../../base/errors.ts';
import { trustedWith } from '../../../../base/http-agent.ts';
import { withoutCredentials } from '../../../../base/text.ts';
import { tlsFailureOf } from '../../../../base/tls-errors.ts';
import { readingFailure } from '../failure.ts';
import { MAX_READING_BYTES, type RawReading, type ReadingSource } from '../source.ts';
import { decodeBody } from './body.ts';
import { type DigestChallenge, digestLogin, readChallenge } from './digest.ts';

const NO_CONTENT = 204;
const TLS_HINT =
  'An authority of your own is trusted with caFile; where the server wants a certificate of this machine, give certificateFile and keyFile.';
const UNREACHABLE = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ETIMEDOUT'];

/** What is asked, and how. */
export interface HttpQuestion {
  /** May hold a user name and password. */
  readonly url: string;
  /** Sent with it, beside those that a request always has. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly username?: string | null;
  readonly password?: string | null;
  /** Paths of PEM files, read with the first question, and anew after one that failed. */
  readonly caFile?: string | null;
  readonly certificateFile?: string | null;
  readonly keyFile?: string | null;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * The body of an HTTP answer, without its content coding; 204 is no reading, on purpose. Redirects are errors. Devices
 * whose HTTP is a little off (bare line feeds, doubled lengths) are understood.
 */
export class HttpSource implements ReadingSource {
  readonly #url: URL;
  readonly #shown: string;
  readonly #headers: Record<string, string>;
  readonly #login: { readonly username: string; readonly password: string } | undefined;
  /** What the server asked for the last time, and how often it was answered. */
  #challenge: DigestChallenge | undefined;
  #answered = 0;
  /** Keeps one connection open between two readings. */
  #agent: http.Agent | undefined;
  readonly #files: Pick<HttpQuestion, 'caFile' | 'certificateFile' | 'keyFile'>;

  constructor({ url, headers, username, password, ...files }: HttpQuestion) {
    this.#files = files;
    this.#url = new URL(url);
    this.#shown = withoutCredentials(url);
    const user = username ?? decoded(this.#url.username);
    const secret = password ?? decoded(this.#url.password);
    this.#url.username = '';
    this.#url.password = '';
    this.#headers = { accept: '*/*', 'user-agent': 'sluice', ...headers };
    if (user !== '' || secret !== '') this.#login = { username: user, password: secret };
  }

  async read(signal: () => AbortSignal): Promise<RawReading | undefined> {
    const aborted = signal();
    try {
      const { status, headers, body } = await this.#askWithLogin(aborted);
      if (status === NO_CONTENT) return undefined;
      if (status >= 300)
        throw new SluiceError('reading_failed', `${this.#shown} answered HTTP ${status}${hintOf(status)}`);
      const bytes = await decodeBody(body, headers['content-encoding'] ?? '', MAX_READING_BYTES);
      return { bytes, contentType: headers['content-type'] };
    } catch (error) {
      // Its certificates may have been renewed.
      this.#agent?.destroy();
      this.#agent = undefined;
      throw aborted.aborted ? aborted.reason : this.#failureOf(error);
    }
  }

  async close(): Promise<void> {
    this.#agent?.destroy();
  }

  /** Throws reading_failed, which names a file that cannot be read. */
  #agentOf(): http.Agent {
    const { caFile, certificateFile, keyFile } = this.#files;
    const options = { keepAlive: true, maxSockets: 1 };
    if (this.#url.protocol !== 'https:') return new http.Agent(options);
    const read = (path: string | null | undefined): string | undefined => {
      try {
        return path ? readFileSync(path, 'utf8') : undefined;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const why = code === 'ENOENT' ? 'it does not exist' : String(code);
        throw new SluiceError('reading_failed', `${path} cannot be read: ${why}`, { cause: error });
      }
    };
    const ca = trustedWith(read(caFile));
    return new https.Agent({ ...options, ca, cert: read(certificateFile), key: read(keyFile) });
  }

  /** With Basic, until the server asks for a digest; then with that from the first request on. */
  async #askWithLogin(signal: AbortSignal): Promise<Answer> {
    const answer = await this.#ask(signal);
    const wanted = answer.headers['www-authenticate'];
    if (answer.status !== 401 || !this.#login || wanted === undefined) return answer;
    const challenge = readChallenge(wanted);
    if (!challenge) return answer;
    this.#challenge = challenge;
    this.#answered = 0;
    return this.#ask(signal);
  }

  #authorization(): Record<string, string> {
    if (!this.#login) return {};
    const { username, password } = this.#login;
    if (!this.#challenge) return { authorization: basicLogin(username, password) };
    this.#answered += 1;
    const authorization = digestLogin(this.#challenge, {
      method: 'GET',
      uri: this.#url.pathname + this.#url.search,
      username,
      password,
      count: this.#answered,
      clientNonce: randomBytes(16).toString('base64url'),
    });
    return { authorization };
  }

  /** A reused connection that died before any answer says nothing: it is asked once more, on a new one. */
  async #ask(signal: AbortSignal): Promise<Answer> {
    const first = this.#request();
    try {
      return await receive(first, signal);
    } catch (error) {
      const isStale = first.reusedSocket && first.res === null && isBroken(error);
      if (!isStale || signal.aborted) throw error;
      return receive(this.#request(), signal);
    }
  }

  #request(): Request {
    const { request } = this.#url.protocol === 'https:' ? https : http;
    this.#agent ??= this.#agentOf();
    return request(this.#url, {
      agent: this.#agent,
      headers: { ...this.#authorization(), ...this.#headers },
      insecureHTTPParser: true,
    }) as Request;
  }

  #failureOf(error: unknown): SluiceError {
    const details = { operation: 'ask', subject: this.#shown, cause: error };
    if (error instanceof SluiceError) {
      return error.message.startsWith(this.#shown)
        ? error
        : new SluiceError(error.code, `${this.#shown}: ${error.message}`, { ...details, hint: error.hint });
    }
    const noTls = error instanceof Error ? tlsFailureOf(error) : undefined;
    if (noTls !== undefined)
      return new SluiceError('tls_failed', `${this.#shown}: ${noTls}`, { ...details, hint: TLS_HINT });
    const { code = '', message = '' } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
    if (UNREACHABLE.includes(code))
      return new SluiceError('host_unreachable', `nothing answers at ${this.#shown}`, details);
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
      return new SluiceError('host_unknown', `${this.#shown}: its host has no address`, details);
    if (isBroken(error))
      return new SluiceError('connection_lost', `${this.#shown}: the connection broke`, details);
    const words = message.split('\n', 1)[0];
    if (code.startsWith('HPE_')) {
      const what = `${this.#shown} answers with what is no HTTP (${words})`;
      return new SluiceError('reading_failed', what, details);
    }
    if (code !== '' && typeof (error as NodeJS.ErrnoException).errno !== 'number')
      return new SluiceError('reading_failed', `${this.#shown} cannot be asked: ${words}`, details);
    return readingFailure(error, details);
  }
}

/** What node:http tells of a request; `res` is undocumented in its types alone. */
type Request = http.ClientRequest & { readonly res: http.IncomingMessage | null };

async function receive(request: Request, signal: AbortSignal): Promise<Answer> {
  const onAbort = (): void => void request.destroy(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const answered = Promise.withResolvers<http.IncomingMessage>();
    request.on('response', answered.resolve);
    request.on('error', answered.reject);
    if (signal.aborted) onAbort();
    request.end();
    const response = await answered.promise;
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_READING_BYTES) throw new SluiceError('answer_too_large', 'it answers too much');
      chunks.push(chunk);
    }
    return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
  } catch (error) {
    request.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function isBroken(error: unknown): boolean {
  const { code = '' } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  return ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code);
}

function hintOf(status: number): string {
  if (status === 401)
    return ': it wants a user name and password (username, password), or refuses those given';
  return status < 400 ? ': it redirects, and redirects are not followed' : '';
}

/** RFC 7617, in UTF-8. */
function basicLogin(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** A part of an address without its escapes; as it stands where they are none. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
