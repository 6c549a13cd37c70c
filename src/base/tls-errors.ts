/** What keeps a TLS connection from being made, told by the errors of Node and OpenSSL. Pure. */
import { oneLine } from './text.ts';

/** Verification of certificates (OpenSSL's X509_V_ERR_…; nodejs.org/api/tls.html, "X509 certificate error codes"). */
const CERTIFICATE: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: "its certificate is not valid yet, or this machine's clock is behind",
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself and not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'the authority of its certificate is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the authority of its certificate is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the authority of its certificate is not known here',
  CERT_REVOKED: 'its certificate was revoked',
  CERT_UNTRUSTED: 'its certificate is not trusted here',
  HOSTNAME_MISMATCH: 'its certificate is for another host',
};

/**
 * Codes of OpenSSL's verification and of Node's TLS layer. Their members are many; what matters is that none of them
 * says anything of an object.
 */
const TLS_CODE =
  /^(CERT_|CRL_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)_|ERROR_IN_CERT_|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE)|PATH_LENGTH_)/;

/** Why no TLS connection was made, in words; undefined for errors of other kinds. */
export function tlsFailureOf(error: Error): string | undefined {
  const code = 'code' in error ? String(error.code) : '';
  const isOfTls = TLS_CODE.test(code) || code === 'EPROTO' || isBrokenHandshake(error);
  return isOfTls ? wordsOfTls(error, code) : undefined;
}

/** Node's words for a connection that was closed before TLS had come about; its code is that of any reset. */
function isBrokenHandshake(error: Error): boolean {
  return /before secure TLS connection/i.test(error.message);
}

function wordsOfTls(error: Error, code: string): string {
  const certificate = CERTIFICATE[code];
  if (certificate !== undefined) return `no TLS connection: ${certificate}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `no TLS connection: its certificate is for ${namesOf(error)}`;
  // An alert of the far side: `ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR`, `ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE`.
  const alert = /ALERT_([A-Z0-9_]+)$/.exec(code)?.[1] ?? /\balert ([a-z ]+)/.exec(error.message)?.[1];
  if (alert !== undefined) {
    return `no TLS connection: the server broke it off (${alert.toLowerCase().replaceAll('_', ' ').trim()})`;
  }
  if (
    /WRONG_VERSION|PACKET_LENGTH|HTTP_REQUEST|UNKNOWN_PROTOCOL|RECORD_TOO_SMALL/.test(code) ||
    code === 'EPROTO'
  ) {
    return 'no TLS connection: something else than TLS answers on this port';
  }
  if (TLS_CODE.test(code) && /CERT|CA$|CHAIN/.test(code))
    return 'no TLS connection: its certificate cannot be trusted';
  if (isBrokenHandshake(error)) return 'no TLS connection: the server closed the connection in the handshake';
  return 'no TLS connection: the handshake failed';
}

/** Names that a certificate is for, as Node found them. */
function namesOf(error: Error): string {
  const { cert } = error as {
    readonly cert?: { readonly subjectaltname?: string; readonly subject?: { readonly CN?: unknown } };
  };
  const names = cert?.subjectaltname?.replaceAll(/(DNS|IP Address):/g, '') ?? cert?.subject?.CN;
  return names === undefined ? 'another host' : `another host: ${oneLine(String(names), 120)}`;
}
