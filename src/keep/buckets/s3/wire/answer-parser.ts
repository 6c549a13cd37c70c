/** What comes of an answer, in this order: heads below 200 any number of times, one head, data, the end. */
export interface AnswerEvents {
  readonly onHead: (status: number, headers: Record<string, string | string[]>) => void;
  readonly onData: (chunk: Buffer) => void;
  readonly onEnd: () => void;
}

/** Answers with more before their body are none of S3's. */
const MAX_HEAD_BYTES = 16 * 1024;
/** The length of a chunk with its extensions, or a line of a trailer. */
const MAX_LINE_BYTES = 4 * 1024;

/** Where the end of the body is known from. */
type Body = 'none' | 'length' | 'chunked' | 'close';

const EMPTY: Buffer = Buffer.alloc(0);

/**
 * Reads one answer of HTTP/1.1 (RFC 9112) as it comes in, in pieces of any size. Strict: what is ambiguous ends the
 * connection, since the next answer could be read wrongly.
 *
 *   head ─▶ body ─▶ done        (a head of 1xx: head again)
 *            └─ chunked: size ─▶ data ─▶ gap ─▶ size … ─▶ trailer ─▶ done
 *
 * One object serves a connection: `expect` begins the next answer.
 */
export class AnswerParser {
  #events: AnswerEvents | undefined;
  #isHead = false;
  #state: 'head' | 'data' | 'gap' | 'size' | 'trailer' | 'done' = 'done';
  #body: Body = 'none';
  /** Of the body, or of the chunk. */
  #left = 0;
  /** What came and is no whole line, or head, yet. */
  #pending: Buffer = EMPTY;
  #mayGoOn = false;
  #restMs: number | undefined;

  /** Whether another request may follow on the connection. */
  get mayGoOn(): boolean {
    return this.#mayGoOn;
  }

  /** How long the server lets the connection rest, as it has said. */
  get restMs(): number | undefined {
    return this.#restMs;
  }

  /** Begins an answer. @param isHead to HEAD, which has no body whatever its headers say */
  expect(events: AnswerEvents, isHead: boolean): void {
    this.#events = events;
    this.#isHead = isHead;
    this.#state = 'head';
    this.#pending = EMPTY;
  }

  /**
   * Takes what came; it may be overwritten afterwards, and so may what `onData` is given.
   * @returns whether all of it belongs to the answer
   * @throws HTTPParserError
   */
  feed(chunk: Buffer): boolean {
    let rest = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = EMPTY;
    while (rest.length > 0) {
      if (this.#state === 'done') return false;
      const used = this.#step(rest);
      if (used === undefined) {
        this.#pending = Buffer.from(rest);
        break;
      }
      rest = rest.subarray(used);
    }
    return true;
  }

  /** The other side has ended the connection. @returns whether that was the answer's end */
  end(): boolean {
    if (this.#state !== 'data' || this.#body !== 'close') return false;
    this.#finish();
    return true;
  }

  /** @returns how much was used; undefined where more is needed */
  #step(rest: Buffer): number | undefined {
    if (this.#state === 'head') return this.#readHead(rest);
    if (this.#state === 'data') return this.#readData(rest);
    const end = rest.indexOf('\r\n');
    if (end < 0 && rest.length > MAX_LINE_BYTES) throw broken('a line of a chunked answer is too long');
    if (end < 0) return undefined;
    if (this.#state === 'size') this.#readSize(rest.toString('latin1', 0, end));
    else if (this.#state === 'trailer' && end === 0) this.#finish();
    else if (this.#state === 'gap') {
      if (end > 0) throw broken('a chunk is not as long as it says');
      this.#state = 'size';
    }
    return end + 2;
  }

  #readHead(rest: Buffer): number | undefined {
    const end = rest.indexOf('\r\n\r\n');
    const head = rest.toString('latin1', 0, end < 0 ? rest.length : end);
    // Taken for the end of a line by some and not by others; an answer that has only such ends would be waited for.
    if (BARE_LINE_END.test(head)) throw broken('a line of the answer does not end as HTTP has it');
    if (end < 0) {
      if (rest.length > MAX_HEAD_BYTES) throw broken('the head of the answer is too long');
      // Something else than HTTP is told by how it begins, not waited for.
      if (!'HTTP/1.'.startsWith(head.slice(0, 7))) throw broken('the answer does not begin as HTTP does');
      return undefined;
    }
    const lines = head.split('\r\n');
    const status = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/.exec(lines[0] ?? '');
    if (status === null) throw broken('the answer does not begin as HTTP does');
    const headers = readHeaders(lines);
    const code = Number(status[2]);
    if (code === 101) throw broken('bad upgrade');
    if (code >= 200) this.#beginBody(code, headers, status[1] === '1');
    this.#events?.onHead(code, headers);
    if (code >= 200 && this.#body === 'none') this.#finish();
    return end + 4;
  }

  #beginBody(status: number, headers: Record<string, string | string[]>, isNew: boolean): void {
    const connection = String(headers.connection ?? '').toLowerCase();
    const restS = /timeout=(\d{1,6})/.exec(String(headers['keep-alive'] ?? ''))?.[1];
    this.#restMs = restS === undefined ? undefined : Number(restS) * 1000;
    this.#mayGoOn = isNew ? !connection.includes('close') : connection.includes('keep-alive');
    const coding = headers['transfer-encoding'];
    const length = headers['content-length'];
    if (this.#isHead || status === 204 || status === 304) this.#body = 'none';
    else if (coding !== undefined) {
      if (length !== undefined) throw broken('the answer has two lengths');
      this.#body = /(^|[,\s])chunked\s*$/i.test(String(coding)) ? 'chunked' : 'close';
    } else if (length !== undefined) {
      if (typeof length !== 'string' || !/^\d{1,15}$/.test(length)) throw broken('the length is no number');
      this.#left = Number(length);
      this.#body = this.#left === 0 ? 'none' : 'length';
    } else this.#body = 'close';
    if (this.#body === 'close') this.#mayGoOn = false;
    this.#state = this.#body === 'chunked' ? 'size' : 'data';
  }

  #readData(rest: Buffer): number {
    if (this.#body === 'close') {
      this.#events?.onData(rest);
      return rest.length;
    }
    const used = Math.min(rest.length, this.#left);
    this.#events?.onData(used === rest.length ? rest : rest.subarray(0, used));
    this.#left -= used;
    if (this.#left > 0) return used;
    if (this.#body === 'chunked') this.#state = 'gap';
    else this.#finish();
    return used;
  }

  #readSize(line: string): void {
    const size = /^([\da-f]{1,12})\s*(?:;.*)?$/i.exec(line)?.[1];
    if (size === undefined) throw broken('the length of a chunk is no number');
    const bytes = Number.parseInt(size, 16);
    this.#left = bytes;
    this.#state = bytes === 0 ? 'trailer' : 'data';
  }

  #finish(): void {
    this.#state = 'done';
    const events = this.#events;
    this.#events = undefined;
    events?.onEnd();
  }
}

const BARE_LINE_END = /(?:^|[^\r])\n/;
const UNSAFE = /[\0\r\n]/;
const NAME = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/;

function readHeaders(lines: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index] as string;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon <= 0 || !NAME.test(name)) throw broken('a header of the answer has no name');
    // RFC 9110, 5.5: a NUL or a lone CR in a value is dangerous.
    if (UNSAFE.test(line)) throw broken('a header of the answer has a NUL or a CR in it');
    const value = asText(line.slice(colon + 1).trim());
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (name === 'content-length' && before === value) continue;
    else headers[name] = typeof before === 'string' ? [before, value] : [...before, value];
  }
  return headers;
}

/** Bytes beyond ASCII are UTF-8 nearly always. */
function asText(value: string): string {
  return /[\x80-\xff]/.test(value) ? Buffer.from(value, 'latin1').toString() : value;
}

function broken(words: string): Error {
  return Object.assign(new Error(words), { name: 'HTTPParserError', code: 'HPE_INVALID_ANSWER' });
}
