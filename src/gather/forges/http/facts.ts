import type { CallRecord } from '../../../engine/call-budgets/call-budget.ts';

/** Header lookup of one answer; names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** What an answer's headers say of the limits. */
export type RateFacts = Pick<CallRecord, 'limit' | 'remaining' | 'resetAtMs' | 'retryAfterMs'>;

export function header(headers: AnswerHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text.trim()) ? Number(text) : undefined;
}

/**
 * Limits as GitHub (`x-ratelimit-*`), GitLab (`ratelimit-*`) and proxies before Gitea tell them. Resets are
 * seconds since the epoch on the host's clock; a number too small for that is seconds from now (RFC draft
 * ratelimit-headers).
 * @param nowMs this machine's time of the answer
 * @param skewMs host's clock minus this machine's
 */
export function rateFacts(headers: AnswerHeaders, nowMs: number, skewMs: number): RateFacts {
  const told = (name: string): number | undefined =>
    wholeNumber(header(headers, `x-ratelimit-${name}`) ?? header(headers, `ratelimit-${name}`));
  const reset = told('reset');
  return {
    limit: told('limit'),
    remaining: told('remaining'),
    resetAtMs: reset === undefined ? undefined : reset < 1e9 ? nowMs + reset * 1000 : reset * 1000 - skewMs,
    retryAfterMs: retryAfterMs(header(headers, 'retry-after'), nowMs, skewMs),
  };
}

/** `Retry-After`: seconds or an HTTP date (RFC 9110, 10.2.3). */
export function retryAfterMs(text: string | undefined, nowMs: number, skewMs: number): number | undefined {
  if (text === undefined) return undefined;
  const seconds = wholeNumber(text);
  if (seconds !== undefined) return seconds * 1000;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - skewMs - nowMs);
}

/** Below this the Date header's own coarseness and the way there explain the difference. */
const LEAST_SKEW_MS = 2000;

/**
 * Host's clock minus this machine's: the Date header (whole seconds) against the middle of the call. 0 where
 * they agree, undefined without the header.
 */
export function clockSkewMs(
  headers: AnswerHeaders,
  startedAtMs: number,
  answeredAtMs: number,
): number | undefined {
  const dateMs = Date.parse(header(headers, 'date') ?? '');
  if (Number.isNaN(dateMs)) return undefined;
  const skewMs = Math.round(dateMs + 500 - (startedAtMs + answeredAtMs) / 2);
  return Math.abs(skewMs) < LEAST_SKEW_MS + (answeredAtMs - startedAtMs) / 2 ? 0 : skewMs;
}

/** The address of the next page (RFC 8288, `rel="next"`). */
export function nextPage(headers: AnswerHeaders): string | undefined {
  const link = header(headers, 'link');
  return link === undefined ? undefined : /<([^<>]*)>\s*;[^,<]*\brel="?next"?/.exec(link)?.[1];
}
