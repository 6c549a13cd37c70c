import { type HttpHeaders, headerOf, readRetryAfterMs } from '../../../base/http-headers.ts';
import type { CallRecord } from '../../../engine/call-budgets/call-budget.ts';

/** What an answer's headers say of the limits. */
export type RateFacts = Pick<CallRecord, 'limit' | 'remaining' | 'resetAtMs' | 'retryAfterMs'>;

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text.trim()) ? Number(text) : undefined;
}

/**
 * Limits as GitHub (`x-ratelimit-*`), GitLab (`ratelimit-*`) and proxies before Gitea give them. Resets are
 * seconds since the epoch on the host's clock; a number too small for that is seconds from now (RFC draft
 * ratelimit-headers).
 * @param nowMs this machine's time of the answer
 * @param skewMs host's clock minus this machine's
 */
export function rateFacts(headers: HttpHeaders, nowMs: number, skewMs: number): RateFacts {
  const limit = (name: string): number | undefined =>
    wholeNumber(headerOf(headers, `x-ratelimit-${name}`) ?? headerOf(headers, `ratelimit-${name}`));
  const reset = limit('reset');
  return {
    limit: limit('limit'),
    remaining: limit('remaining'),
    resetAtMs: reset === undefined ? undefined : reset < 1e9 ? nowMs + reset * 1000 : reset * 1000 - skewMs,
    retryAfterMs: readRetryAfterMs(headerOf(headers, 'retry-after'), nowMs, skewMs),
  };
}

/** Below this the Date header's own coarseness and the way there explain the difference. */
const LEAST_SKEW_MS = 2000;

/**
 * Host's clock minus this machine's: the Date header (whole seconds) against the middle of the call. 0 where
 * they agree, undefined without the header.
 */
export function clockSkewMs(
  headers: HttpHeaders,
  startedAtMs: number,
  answeredAtMs: number,
): number | undefined {
  const dateMs = Date.parse(headerOf(headers, 'date') ?? '');
  if (Number.isNaN(dateMs)) return undefined;
  const skewMs = Math.round(dateMs + 500 - (startedAtMs + answeredAtMs) / 2);
  return Math.abs(skewMs) < LEAST_SKEW_MS + (answeredAtMs - startedAtMs) / 2 ? 0 : skewMs;
}
