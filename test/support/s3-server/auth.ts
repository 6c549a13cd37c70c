import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { S3Error } from './errors.ts';

/**
 * Verifies AWS Signature Version 4 in the Authorization header. Written from Amazon's documents alone and sharing
 * nothing with src/, so that a mistake there cannot hide here.
 */
export interface ServerCredential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Buckets that it may touch; all where absent. */
  readonly buckets?: readonly string[];
}

/** What later checks need of a verified signature: chunk signatures follow on from it. */
export interface Verified {
  readonly credential: ServerCredential;
  readonly signature: string;
  readonly signingKey: Buffer;
  readonly scope: string;
  readonly timestamp: string;
  readonly payloadHash: string;
}

export interface AuthOptions {
  readonly credentials: readonly ServerCredential[];
  /** Region that the scope must name. */
  readonly region: string;
  readonly nowMs: number;
}

const MAX_SKEW_MS = 15 * 60_000;

export function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

export function sha256Hex(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function encode(text: string): string {
  return [...Buffer.from(text)]
    .map(byte => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9._~-]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  return query
    .split('&')
    .map(pair => {
      const [name = '', value = ''] = pair.split('=', 2);
      return [encode(decodeURIComponent(name)), encode(decodeURIComponent(value))];
    })
    .sort(([a = '', x = ''], [b = '', y = '']) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function denied(message: string): S3Error {
  return new S3Error(403, 'AccessDenied', message);
}

function parseAuthorization(request: IncomingMessage): {
  credential: string;
  signed: string[];
  signature: string;
} {
  const header = request.headers.authorization;
  if (header === undefined) throw denied('Anonymous access is forbidden');
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(
      header,
    );
  if (!match) throw new S3Error(400, 'AuthorizationHeaderMalformed', 'The authorization header is malformed');
  return { credential: match[1] ?? '', signed: (match[2] ?? '').split(';'), signature: match[3] ?? '' };
}

function checkTime(timestamp: string, nowMs: number): void {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp);
  if (!match) throw denied('X-Amz-Date is missing or malformed');
  const [, year, month, day, hour, minute, second] = match;
  const thenMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Math.abs(thenMs - nowMs) > MAX_SKEW_MS) {
    throw new S3Error(
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      {
        elements: { RequestTime: timestamp, ServerTime: new Date(nowMs).toISOString() },
      },
    );
  }
}

/** Headers that must be signed: host and every x-amz-*. */
function checkSignedHeaders(request: IncomingMessage, signed: readonly string[]): void {
  const unsigned = Object.keys(request.headers).filter(
    name => (name === 'host' || name.startsWith('x-amz-')) && !signed.includes(name),
  );
  if (unsigned.length > 0) {
    throw denied(`There were headers present in the request which were not signed: ${unsigned.join(', ')}`);
  }
}

export function verifySignature(request: IncomingMessage, options: AuthOptions): Verified {
  const { credential, signed, signature } = parseAuthorization(request);
  const [accessKeyId, day = '', region = '', service, terminator] = credential.split('/');
  const known = options.credentials.find(candidate => candidate.accessKeyId === accessKeyId);
  if (!known)
    throw new S3Error(
      403,
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records.',
    );
  const timestamp = String(request.headers['x-amz-date'] ?? '');
  checkTime(timestamp, options.nowMs);
  checkSignedHeaders(request, signed);
  if (service !== 's3' || terminator !== 'aws4_request' || day !== timestamp.slice(0, 8)) {
    throw new S3Error(400, 'AuthorizationHeaderMalformed', 'The credential scope is malformed');
  }
  if (region !== options.region) {
    const message = `The authorization header is malformed; the region '${region}' is wrong; expecting '${options.region}'`;
    throw new S3Error(400, 'AuthorizationHeaderMalformed', message, { elements: { Region: options.region } });
  }
  if (known.sessionToken !== undefined && request.headers['x-amz-security-token'] !== known.sessionToken) {
    throw new S3Error(403, 'InvalidToken', 'The provided token is malformed or otherwise invalid.');
  }
  const payloadHash = String(request.headers['x-amz-content-sha256'] ?? '');
  if (payloadHash === '') throw new S3Error(400, 'MissingSecurityHeader', 'x-amz-content-sha256 is missing');
  const [path = '', query = ''] = splitOnce(request.url ?? '', '?');
  const headers = signed.map(name => `${name}:${headerText(request, name)}\n`).join('');
  const canonicalPath = path
    .split('/')
    .map(segment => encode(decodeURIComponent(segment)))
    .join('/');
  const canonical = [
    request.method,
    canonicalPath,
    canonicalQuery(query),
    headers,
    signed.join(';'),
    payloadHash,
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256Hex(canonical)}`;
  const signingKey = ['s3', 'aws4_request'].reduce(
    hmac,
    hmac(hmac(`AWS4${known.secretAccessKey}`, day), region),
  );
  if (hmac(signingKey, toSign).toString('hex') !== signature) {
    throw new S3Error(
      403,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided.',
    );
  }
  return { credential: known, signature, signingKey, scope, timestamp, payloadHash };
}

function headerText(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  if (value === undefined) throw denied(`Signed header ${name} is missing`);
  return (Array.isArray(value) ? value.join(',') : value).trim().replace(/ +/g, ' ');
}

export function splitOnce(text: string, separator: string): [string, string] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + separator.length)];
}
