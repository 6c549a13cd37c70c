import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SluiceError } from '../base/errors.ts';

/** Where the server's certificate is (with its chain, in PEM), and its private key. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** A certificate and its key, which belong together. */
export interface ServerCertificate {
  /** PEM, the chain included. */
  readonly cert: string;
  readonly key: string;
  /** Host names and addresses that it is for, as it has them: `DNS:sluice.example.com`. */
  readonly names: readonly string[];
  readonly validFromMs: number;
  readonly validToMs: number;
  /** SHA-256 of the first certificate, in hexadecimal with colons. */
  readonly fingerprint: string;
}

const OPERATION = 'read certificate';

/**
 * Reads both files. Whether the time is right for it is not looked at: `certificateFault` says.
 * @throws SluiceError `config_invalid` where a file cannot be read, holds something else, or both are not of one pair
 */
export function readServerCertificate(files: TlsFiles): ServerCertificate {
  const cert = contentOf(files.cert, 'server.tls.cert');
  const key = contentOf(files.key, 'server.tls.key');
  const certificate = parsed(() => new X509Certificate(cert), 'server.tls.cert', files.cert, 'a certificate');
  const privateKey = keyOf(key, files.key);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw fault(
      `server.tls.key ${files.key} is not the key of the certificate in ${files.cert}`,
      'Name the key that the certificate was made with. In the file of the certificate its own comes first, those of its issuers after it.',
    );
  }
  return {
    cert,
    key,
    names: certificate.subjectAltName?.split(', ') ?? [],
    validFromMs: certificate.validFromDate.getTime(),
    validToMs: certificate.validToDate.getTime(),
    fingerprint: certificate.fingerprint256,
  };
}

const DAY_MS = 86_400_000;
/** Certificates are renewed a month before they end: one that was not by then will not be by itself. */
const RENEWED_BEFORE_MS = 14 * DAY_MS;

/** What is wrong with the time of a certificate, in words; undefined where nothing is. Pure. */
export function certificateFault(
  { validFromMs, validToMs }: Pick<ServerCertificate, 'validFromMs' | 'validToMs'>,
  nowMs: number,
): string | undefined {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  if (nowMs > validToMs) return `has expired on ${day(validToMs)}`;
  if (nowMs < validFromMs)
    return `is not valid before ${day(validFromMs)}; the clock here says ${day(nowMs)}`;
  if (validToMs - nowMs < RENEWED_BEFORE_MS) return `expires on ${day(validToMs)}, and has not been renewed`;
  return undefined;
}

function contentOf(path: string, setting: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'is not there'
        : code === 'EACCES'
          ? 'may not be read by this user'
          : `cannot be read (${code})`;
    throw fault(
      `${setting} ${path} ${why}`,
      'The station reads it at start, and again when it is renewed.',
      error,
    );
  }
}

function keyOf(text: string, path: string): KeyObject {
  if (/ENCRYPTED/.test(text)) {
    throw fault(
      `server.tls.key ${path} is encrypted with a passphrase`,
      'Store it without one, readable by the station alone: openssl pkey -in KEY -out PLAIN.',
    );
  }
  return parsed(() => createPrivateKey(text), 'server.tls.key', path, 'a private key');
}

function parsed<T>(parse: () => T, setting: string, path: string, what: string): T {
  try {
    return parse();
  } catch (error) {
    throw fault(
      `${setting} ${path} holds no ${what.replace(/^a /, '')} in PEM`,
      `It takes ${what}, from "-----BEGIN" on.`,
      error,
    );
  }
}

function fault(message: string, hint: string, cause?: unknown): SluiceError {
  return new SluiceError('config_invalid', message, { operation: OPERATION, hint, cause });
}
