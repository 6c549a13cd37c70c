import { createHash } from 'node:crypto';

/** What a server asks for (RFC 7616, 3.3). */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly hasQop: boolean;
  readonly algorithm: 'MD5' | 'SHA-256';
}

/** Reads `WWW-Authenticate`; undefined where it asks for no digest that we can make. Pure. */
export function readChallenge(header: string): DigestChallenge | undefined {
  // Several schemes may stand in one header; each begins with its name.
  const challenges = header.split(/(?=\bDigest\s)/i).filter(part => /^Digest\s/i.test(part));
  const read = challenges.map(readOne).filter(one => one !== undefined);
  return read.find(({ algorithm }) => algorithm === 'SHA-256') ?? read[0];
}

function readOne(text: string): DigestChallenge | undefined {
  const values = new Map<string, string>();
  for (const [, name = '', quoted, plain] of text.matchAll(/(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g))
    values.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
  const named = (values.get('algorithm') ?? 'MD5').toUpperCase();
  const [realm, nonce, qop] = ['realm', 'nonce', 'qop'].map(name => values.get(name));
  const algorithm = (['MD5', 'SHA-256'] as const).find(one => one === named);
  const canAnswer = qop === undefined || /(^|[\s,])auth([\s,]|$)/.test(qop);
  if (realm === undefined || nonce === undefined || algorithm === undefined || !canAnswer) return undefined;
  return { realm, nonce, algorithm, opaque: values.get('opaque'), hasQop: qop !== undefined };
}

/** What a request is made with. */
export interface DigestRequest {
  readonly method: string;
  /** Path and query, as they stand in the request. */
  readonly uri: string;
  readonly username: string;
  readonly password: string;
  /** How often this nonce was used, this time included. */
  readonly count: number;
  /** Chance, new for each request. */
  readonly clientNonce: string;
}

/** The `Authorization` that answers a challenge (RFC 7616, 3.4; without `qop` as RFC 2069 had it). Pure. */
export function digestLogin(challenge: DigestChallenge, request: DigestRequest): string {
  const { realm, nonce, opaque, hasQop, algorithm } = challenge;
  const { method, uri, username, password, count, clientNonce } = request;
  const hash = (text: string): string =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const nc = count.toString(16).padStart(8, '0');
  const secret = hash(`${username}:${realm}:${password}`);
  const middle = hasQop ? `${nonce}:${nc}:${clientNonce}:auth` : nonce;
  const response = hash(`${secret}:${middle}:${hash(`${method}:${uri}`)}`);
  const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
  const parts = [
    `username=${quote(username)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    `algorithm=${algorithm}`,
    `response="${response}"`,
  ];
  if (hasQop) parts.push('qop=auth', `nc=${nc}`, `cnonce=${quote(clientNonce)}`);
  if (opaque !== undefined) parts.push(`opaque=${quote(opaque)}`);
  return `Digest ${parts.join(', ')}`;
}
