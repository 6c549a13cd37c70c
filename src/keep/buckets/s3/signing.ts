import { createHmac, hash } from 'node:crypto';
import type { PlainKey } from '../credentials/key.ts';

/** Payload hash of an empty body. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export interface RequestToSign {
  readonly method: string;
  /** Path as sent: every segment percent-encoded once. */
  readonly path: string;
  /** Query as sent: names and values percent-encoded, sorted by name; empty for none. */
  readonly query: string;
  /** Names in lower case, values trimmed; `host` and `x-amz-content-sha256` among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly region: string;
  readonly nowMs: number;
}

/**
 * AWS Signature Version 4 in the Authorization header, for the service s3 (Amazon S3 API reference, "Authenticating
 * Requests: Using the Authorization Header"). Own code because it is a fifth of the cost of the library's
 * (docs/decisions/0010-own-request-signing.md); tests compare the two.
 */
export class Signer {
  readonly #credentials: PlainKey;
  /** Signing keys by day and region: each takes four HMACs and holds for a day. */
  readonly #keys = new Map<string, Buffer>();
  #second = -1;
  #timestamp = '';

  constructor(credentials: PlainKey) {
    this.#credentials = credentials;
  }

  /** The request's headers with x-amz-date, authorization and, where there is one, the session token added. */
  sign(request: RequestToSign): Record<string, string> {
    const timestamp = this.#timestampAt(request.nowMs);
    const headers: Record<string, string> = { ...request.headers, 'x-amz-date': timestamp };
    const token = this.#credentials.sessionToken;
    if (token !== undefined) headers['x-amz-security-token'] = token.reveal();
    const names = Object.keys(headers).sort();
    let canonicalHeaders = '';
    for (const name of names) canonicalHeaders += `${name}:${headers[name]}\n`;
    const signedHeaders = names.join(';');
    const canonical = `${request.method}\n${request.path}\n${request.query}\n${canonicalHeaders}\n${signedHeaders}\n${headers['x-amz-content-sha256']}`;
    const day = timestamp.slice(0, 8);
    const scope = `${day}/${request.region}/s3/aws4_request`;
    const toSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
    const signature = createHmac('sha256', this.#keyFor(day, request.region)).update(toSign).digest('hex');
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${this.#credentials.accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
    return headers;
  }

  #timestampAt(nowMs: number): string {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#timestamp = new Date(second * 1000).toISOString().replace(/[-:]|\.000/g, '');
    }
    return this.#timestamp;
  }

  #keyFor(day: string, region: string): Buffer {
    const id = `${day}/${region}`;
    const known = this.#keys.get(id);
    if (known !== undefined) return known;
    let key = createHmac('sha256', `AWS4${this.#credentials.secretAccessKey.reveal()}`).update(day).digest();
    for (const part of [region, 's3', 'aws4_request']) key = createHmac('sha256', key).update(part).digest();
    // A handful of regions a day; yesterday's keys are of no use any more.
    if (this.#keys.size > 32) this.#keys.clear();
    this.#keys.set(id, key);
    return key;
  }
}
