/** Headers of a request or an answer; names in lower case, as node:http and undici have them. */
export type HttpHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The first value of a header. */
export function headerOf(headers: HttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/**
 * Milliseconds that `Retry-After` asks to wait: seconds or an HTTP date (RFC 9110, 10.2.3). Undefined where it says
 * nothing. Pure.
 * @param nowMs this machine's time of the answer
 * @param skewMs the other side's clock minus this machine's
 */
export function readRetryAfterMs(value: string | undefined, nowMs: number, skewMs = 0): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(value)) return Number(value) * 1000;
  const dateMs = Date.parse(value);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - skewMs - nowMs);
}
