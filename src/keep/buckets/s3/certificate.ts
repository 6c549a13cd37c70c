import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import { oneLine } from '../../../base/text.ts';

/** One certificate as a server shows it. */
export interface SeenCertificate {
  /** Whom it was issued to, and by whom: common name or organization. */
  readonly subject: string;
  readonly issuer: string;
  /** Host names and addresses that it is for. */
  readonly names: readonly string[];
  readonly validFromMs: number;
  readonly validToMs: number;
  /** SHA-256, as browsers and `openssl x509 -fingerprint` show it. */
  readonly fingerprint: string;
}

/** A look at a certificate is given up after this long. */
const LOOK_MS = 5_000;
/** What was seen stands for so long: a thousand files that fail together have one look. */
const SEEN_STANDS_MS = 60_000;

interface Look {
  readonly chain: Promise<readonly SeenCertificate[]>;
  readonly untilMs: number;
}

/** Says of a connection that failed for its certificate what is wrong with that, by a look at it. */
export class Certificates {
  readonly #clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  readonly #looks = new Map<string, Look>();

  constructor(clock: Pick<Clock, 'nowMs' | 'monotonicMs'>) {
    this.#clock = clock;
  }

  /**
   * The error with dates, names and issuer; the same error where it is about none, or the certificate is not shown again.
   * Never rejects.
   * @param origin that was called: scheme, host and port
   */
  async explain(error: SluiceError, origin: string): Promise<SluiceError> {
    const code = codeOf(error.cause);
    const url = URL.parse(origin);
    if (error.code !== 'tls_failed' || !OF_CERTIFICATES.test(code) || url?.protocol !== 'https:')
      return error;
    const chain = await this.#seen(url);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const said = wordsOfCertificate(code, chain, host, this.#clock.nowMs());
    if (said === undefined) return error;
    const { operation, subject, answer, holds, cause } = error;
    const message = oneLine(`${error.message}: ${said.words}`, 1000);
    return new SluiceError('tls_failed', message, {
      operation,
      subject,
      answer,
      holds,
      cause,
      hint: said.hint,
    });
  }

  #seen(url: URL): Promise<readonly SeenCertificate[]> {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#looks.get(url.host);
    if (known && nowMs < known.untilMs) return known.chain;
    const chain = seeCertificates(url).catch(() => []);
    this.#looks.clear();
    this.#looks.set(url.host, { chain, untilMs: nowMs + SEEN_STANDS_MS });
    return chain;
  }
}

/** OpenSSL's and Node's codes that are about a certificate (nodejs.org/api/tls.html, "X509 certificate error codes"). */
const OF_CERTIFICATES =
  /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY)_|ERR_TLS_CERT_|HOSTNAME_MISMATCH)/;

/**
 * What a server shows of itself, its own certificate first. Nothing is sent to it and nothing of it is believed: the
 * connection ends with the handshake.
 */
function seeCertificates(url: URL): Promise<SeenCertificate[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const servername = isIP(host) === 0 ? host : undefined;
    const port = Number(url.port || 443);
    const socket: TLSSocket = connect({ host, port, servername, rejectUnauthorized: false }, () => {
      const chain = chainOf(socket.getPeerCertificate(true));
      socket.destroy();
      resolve(chain);
    });
    socket.setTimeout(LOOK_MS, () => socket.destroy(new Error('no handshake in time')));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed in the handshake')));
  });
}

function chainOf(leaf: DetailedPeerCertificate): SeenCertificate[] {
  const chain: SeenCertificate[] = [];
  const seen = new Set<string>();
  for (
    let one: DetailedPeerCertificate | undefined = leaf;
    one?.fingerprint256;
    one = one.issuerCertificate
  ) {
    if (seen.has(one.fingerprint256)) break;
    seen.add(one.fingerprint256);
    chain.push({
      subject: nameIn(one.subject),
      issuer: nameIn(one.issuer),
      names: (one.subjectaltname ?? '')
        .split(', ')
        .flatMap(name => /^(?:DNS|IP Address):(.+)$/.exec(name)?.[1] ?? []),
      validFromMs: Date.parse(one.valid_from),
      validToMs: Date.parse(one.valid_to),
      fingerprint: one.fingerprint256,
    });
  }
  return chain;
}

function nameIn(holder: PeerCertificate['subject'] | undefined): string {
  const { CN, O } = (holder ?? {}) as { readonly CN?: unknown; readonly O?: unknown };
  return oneLine(String(CN ?? O ?? 'nobody'), 80);
}

const DAY_MS = 24 * 60 * 60_000;
const NAMES_SHOWN = 5;

/**
 * What is wrong with a certificate, in words, and what to do. Undefined where nothing was seen of it. Pure.
 * @param chain the server's own first
 */
export function wordsOfCertificate(
  code: string,
  chain: readonly SeenCertificate[],
  host: string,
  nowMs: number,
): { readonly words: string; readonly hint: string } | undefined {
  const [own] = chain;
  if (!own) return undefined;
  const late = chain.find(one => one.validToMs < nowMs);
  const early = chain.find(one => one.validFromMs > nowMs);
  const clock = `this machine's clock says ${dateOf(nowMs)}`;
  if (code === 'CERT_HAS_EXPIRED' && late) {
    return {
      words: `${whose(late, own)} ended on ${dateOf(late.validToMs)}, ${agoOf(nowMs - late.validToMs)}; ${clock}`,
      hint: 'Have it renewed at the server, or set the clock of this machine (NTP) if that is wrong. The files wait, and go on by themselves.',
    };
  }
  if (code === 'CERT_NOT_YET_VALID' && early) {
    return {
      words: `${whose(early, own)} is valid from ${dateOf(early.validFromMs)} on; ${clock}`,
      hint: 'Set the clock of this machine (NTP); if it is right, have the server get another certificate. The files wait, and go on by themselves.',
    };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH') {
    const names = own.names.length > 0 ? own.names : [own.subject];
    return {
      words: `not for ${host}; issued by ${own.issuer}`,
      hint: `Name the endpoint as the certificate does (${listOf(names)}), or have the server get one for ${host}. With a bucket in the host name, "addressing = path" in the profile may do.`,
    };
  }
  const facts = `${whose(own, own)}, ${own.validToMs < nowMs ? 'ended on' : 'valid until'} ${dateOf(own.validToMs)}, SHA-256 ${own.fingerprint}`;
  const isSelfSigned = code === 'DEPTH_ZERO_SELF_SIGNED_CERT';
  const top = chain.at(-1) ?? own;
  const authority = isSelfSigned ? 'this certificate' : `the certificate of ${top.issuer}`;
  return {
    words: isSelfSigned ? facts : `${facts}; the authority that is not known here is ${top.issuer}`,
    hint: `If this is your server, put ${authority} (PEM) into a file and name it in the profile (ca_bundle = FILE); otherwise somebody stands between. The files wait, and go on by themselves.`,
  };
}

function whose(one: SeenCertificate, own: SeenCertificate): string {
  if (one !== own) return `the certificate of its authority ${one.subject}, issued by ${one.issuer},`;
  const names = one.names.length > 0 ? one.names : [one.subject];
  return `for ${listOf(names)}, issued by ${one.issuer}`;
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).map(name => oneLine(name, 80));
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

function dateOf(ms: number): string {
  return Number.isFinite(ms)
    ? `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`
    : 'an unreadable date';
}

function agoOf(ms: number): string {
  const days = Math.floor(ms / DAY_MS);
  if (days >= 1) return `${days} day${days === 1 ? '' : 's'} ago`;
  return `${Math.max(1, Math.round(ms / 60_000))} minutes ago`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
