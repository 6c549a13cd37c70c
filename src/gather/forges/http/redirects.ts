import { SluiceError } from '../../../base/errors.ts';
import { type HttpHeaders, headerOf } from '../../../base/http-headers.ts';

const MAX_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 307, 308]);

/** Whether an answer only says where to ask instead. */
export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

/** An answer that says where to ask instead. */
export interface Redirect {
  readonly host: string;
  readonly method: 'GET' | 'POST';
  readonly from: URL;
  readonly headers: HttpHeaders;
  /** How many were followed before, for the same call. */
  readonly before: number;
}

/**
 * Where a redirect is followed to: the same host only, as a renamed repository has it; https never turns into http.
 * @throws SluiceError `repository_moved` where it leads elsewhere, is one too many, or answers anything but a GET
 */
export function redirectTarget(redirect: Redirect): URL {
  const { method, from, headers, before } = redirect;
  const location = headerOf(headers, 'location');
  const to = URL.canParse(location ?? '', from) ? new URL(location ?? '', from) : undefined;
  if (before >= MAX_REDIRECTS || method !== 'GET') throw movedError(redirect, to, 'too often');
  const upgrades = from.protocol === 'http:' && to?.protocol === 'https:' && to.host === from.host;
  if (to === undefined || location === undefined || !(to.origin === from.origin || upgrades)) {
    throw movedError(redirect, to, 'to another host, which does not get the token');
  }
  return to;
}

function movedError({ host, from }: Redirect, to: URL | undefined, why: string): SluiceError {
  return new SluiceError(
    'repository_moved',
    `${host} redirects ${from.pathname} ${why}${to ? `: ${to.origin}${to.pathname}` : ''}`,
    { operation: 'call', subject: from.pathname },
  );
}
