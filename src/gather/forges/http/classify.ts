import { isIP } from 'node:net';
import { asSluiceError, SluiceError } from '../../../base/errors.ts';
import { type HttpHeaders, headerOf } from '../../../base/http-headers.ts';
import { oneLine } from '../../../base/text.ts';
import type { LimitScope } from '../../../engine/call-budgets/call-budget.ts';
import { pauseAskedMs } from '../../../engine/call-budgets/credential-budget.ts';
import type { RateFacts } from './facts.ts';

/** An answer as far as classification needs it. */
export interface RefusedAnswer {
  readonly host: string;
  /** What was asked for, for messages: method and path. */
  readonly subject: string;
  readonly status: number;
  readonly headers: HttpHeaders;
  /** The host's own message, if the body was JSON and had one. */
  readonly message: string | undefined;
  readonly isJson: boolean;
  readonly credential: string | undefined;
  readonly rate: RateFacts;
  readonly nowMs: number;
}

function quote(message: string | undefined): string {
  return message === undefined || message === '' ? '' : `: ${oneLine(message)}`;
}

/** "token-1 of github.com" */
function whose(answer: Pick<RefusedAnswer, 'host' | 'credential'>): string {
  return answer.credential === undefined ? answer.host : `${answer.credential} of ${answer.host}`;
}

/** What a host says of a limit that it sets to whoever calls too fast (GitHub's secondary one). */
const TOO_FAST = /secondary rate limit|abuse detection|too many requests at once/i;
/** Whose limit an answer's words say to be reached; undefined: they say nothing of it. */
export function limitInWords(message: string): LimitScope | undefined {
  if (namesAddress(message)) return 'host';
  return TOO_FAST.test(message) ? 'pace' : undefined;
}

/** "API rate limit exceeded for 203.0.113.7", "too many requests from your IP": it counts addresses, not tokens. */
function namesAddress(message: string): boolean {
  const named = [...message.matchAll(/\b(?:for|from) (?:your |this |the )?([\w.:]+)/gi)];
  return named.some(([, word = '']) => /^ip\b/i.test(word) || isIP(word.replace(/[.:]$/, '')) !== 0);
}

/**
 * Whether a refusal is a limit, and whose: GitHub answers 403 or 429 to both, says in words that it is the secondary
 * one, and tells a token's own by `x-ratelimit-remaining: 0` (docs.github.com, "Rate limits for the REST API"). GitLab
 * and proxies answer 429.
 */
export function limitOf(answer: Pick<RefusedAnswer, 'status' | 'message' | 'rate'>): LimitScope | undefined {
  const { status, message = '', rate } = answer;
  if (status !== 403 && status !== 429) return undefined;
  const isTold = status === 429 || rate.retryAfterMs !== undefined;
  const said = limitInWords(message);
  if (said === 'pace') return said;
  if (rate.remaining === 0) return said ?? 'credential';
  return isTold ? (said ?? 'pace') : undefined;
}

/** The error for a limit reached, with the wait that the host asks for. */
export function rateLimited(
  answer: Pick<RefusedAnswer, 'host' | 'subject' | 'credential' | 'rate' | 'nowMs'>,
  scope: LimitScope,
): SluiceError {
  const { rate, nowMs, subject } = answer;
  const waitMs = pauseAskedMs({ ...rate, limitReached: scope }, nowMs);
  const until = new Date(nowMs + (waitMs ?? 0)).toISOString().slice(0, 19).replace('T', ' ');
  const what =
    scope === 'credential'
      ? `the limit of calls${rate.limit === undefined ? '' : ` (${rate.limit})`} is used up`
      : 'the host asks for slower calls (secondary limit)';
  return new SluiceError('rate_limited', `${whose(answer)}: ${what}; again from ${until} UTC on`, {
    operation: 'call',
    subject,
    retryAfterMs: waitMs,
  });
}

/** Which scopes GitHub would want, from its headers (classic tokens; fine-grained ones and apps). */
function wantedScopes(headers: HttpHeaders): string {
  const wanted =
    headerOf(headers, 'x-accepted-oauth-scopes') || headerOf(headers, 'x-accepted-github-permissions');
  const has = headerOf(headers, 'x-oauth-scopes');
  if (!wanted) return '';
  return ` (wanted: ${oneLine(wanted)}${has === undefined ? '' : `; the token has: ${oneLine(has) || 'none'}`})`;
}

/** What a status outside 2xx and 3xx means. */
export function refusal(answer: RefusedAnswer): SluiceError {
  const { host, status, subject, message, rate } = answer;
  const details = { operation: 'call', subject };
  const limit = limitOf(answer);
  if (limit !== undefined) return rateLimited(answer, limit);
  if (status >= 500) {
    return new SluiceError('host_failing', `${host} answered HTTP ${status}${quote(message)}`, {
      ...details,
      retryAfterMs: rate.retryAfterMs,
    });
  }
  if (!answer.isJson) return notJson(answer);
  switch (status) {
    case 401:
      return answer.credential === undefined
        ? new SluiceError('token_wanted', `${host} wants a token for ${subject}${quote(message)}`, {
            ...details,
            hint: `Put one under hosts["${host}"].token in sluice.yaml.`,
          })
        : new SluiceError(
            'token_refused',
            `${whose(answer)} is not accepted: wrong, revoked or expired${quote(message)}`,
            details,
          );
    case 403:
      return new SluiceError(
        'scope_missing',
        `${whose(answer)} may not do ${subject}${quote(message)}${wantedScopes(answer.headers)}`,
        details,
      );
    case 404:
    case 410:
      return new SluiceError('forge_missing', `${host} has nothing at ${subject}${quote(message)}`, details);
    default:
      return new SluiceError(
        'forge_refused',
        `${host} refuses ${subject} (HTTP ${status})${quote(message)}`,
        details,
      );
  }
}

/** The error for a 401 of one address by a host that takes the token elsewhere. */
export function refusedHere(answer: RefusedAnswer): SluiceError {
  const { host, subject, message } = answer;
  return new SluiceError(
    'scope_missing',
    `${host} refuses ${subject} to ${whose(answer)}, which it takes elsewhere${quote(message)}`,
    { operation: 'call', subject },
  );
}

/** The error for a page where JSON should be. A 404 of such a form proves nothing about what was asked for. */
export function notJson(answer: Pick<RefusedAnswer, 'host' | 'subject' | 'status' | 'headers'>): SluiceError {
  const type = headerOf(answer.headers, 'content-type')?.split(';')[0] ?? 'no content type';
  const what = /html/i.test(type) ? 'a web page' : `something other than JSON (${oneLine(type)})`;
  return new SluiceError(
    'forge_answer_invalid',
    `${answer.host} answered ${answer.subject} with ${what} (HTTP ${answer.status})`,
    { operation: 'call', subject: answer.subject },
  );
}

/** A cache on the way answers so to whom it does not know: nothing is known that could be unchanged. */
export function unaskedNotModified(host: string, subject: string): SluiceError {
  const message = `${host} answered ${subject} with "not modified" (HTTP 304), though nothing was there to compare`;
  return new SluiceError('forge_answer_invalid', message, { operation: 'call', subject });
}

/** Codes of Node and undici for an address that answers nothing, and for a connection that broke. */
const NOTHING_THERE = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'UND_ERR_CONNECT_TIMEOUT',
  'EADDRNOTAVAIL',
]);
const BROKEN = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);
const SILENT = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** What it means that no answer, or not all of it, came. */
export function connectionFailure(error: unknown, host: string, subject: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const details = { operation: 'call', subject, cause: error };
  const cause = error instanceof AggregateError ? error.errors[0] : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const name = cause instanceof Error ? cause.name : '';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new SluiceError('host_unknown', `${host} has no address`, details);
  }
  if (NOTHING_THERE.has(code)) {
    return new SluiceError('host_unreachable', `nothing answers at ${host} (${code})`, details);
  }
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO_|EPROTO)/.test(code)) {
    return new SluiceError('tls_failed', `no trusted TLS connection to ${host} (${code})`, details);
  }
  if (BROKEN.has(code) || /^HPE_/.test(code)) {
    return new SluiceError(
      'connection_lost',
      `${host} broke off in the middle of ${subject} (${code})`,
      details,
    );
  }
  if (SILENT.has(code) || name === 'TimeoutError') {
    return new SluiceError('timed_out', `${host} did not answer ${subject} in time`, details);
  }
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    const message = `${host} answered ${subject} with longer headers than are read`;
    return new SluiceError('forge_answer_invalid', message, details);
  }
  if (code.startsWith('UND_ERR_')) {
    return new SluiceError('connection_lost', `${host} could not be asked ${subject} (${code})`, details);
  }
  return asSluiceError(error, details);
}
