import { type HttpHeaders, headerOf, readRetryAfterMs } from '../../../base/http-headers.ts';
import type { CallRecord } from '../../../engine/call-budgets/call-budget.ts';

/** What an answer's headers say of the limits. */
export type RateFacts = Pick<CallRecord, 'limit' | 'remaining' | 'resetAtMs' | 'retryAfterMs'>;

/** The number that a header begins with; what follows it tells of windows (`100, 100;w=60`) or a fraction. */
function leadingNumber(text: string | undefined): number | undefined {
  const [, number] = /^\s*(\d{1,15}(?:\.\d{1,9})?)\s*(?:[,;]|$)/.exec(text ?? '') ?? [];
  return number === undefined ? undefined : Number(number);
}

/**
 * Limits as GitHub (`x-ratelimit-*`), GitLab (`ratelimit-*`) and proxies before Gitea give them. Resets are
 * seconds since the epoch on the host's clock; a number too small for that is seconds from now (RFC draft
 * ratelimit-headers). Fractions are rounded to the safe side; what is no number is not given.
 * @param nowMs this machine's time of the answer
 * @param skewMs host's clock minus this machine's
 */
export function rateFacts(headers: HttpHeaders, nowMs: number, skewMs: number): RateFacts {
  const limit = (name: string): number | undefined =>
    leadingNumber(headerOf(headers, `x-ratelimit-${name}`) ?? headerOf(headers, `ratelimit-${name}`));
  const reset = limit('reset');
  const remaining = limit('remaining');
  const resetMs = reset === undefined ? undefined : Math.ceil(reset * 1000);
  return {
    limit: limit('limit'),
    remaining: remaining === undefined ? undefined : Math.floor(remaining),
    resetAtMs: resetMs === undefined ? undefined : resetMs < 1e12 ? nowMs + resetMs : resetMs - skewMs,
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
