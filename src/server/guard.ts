import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { SluiceError } from '../base/errors.ts';

/** Paths that answer without a token: they say nothing of what is kept. */
const OPEN_PATHS = new Set(['/ping', '/healthz', '/readyz', '/api/v1/session']);
/** Webhooks carry a signature instead. */
const SIGNED_PATHS = /^\/webhooks\/[a-z]+$/;
/** No pages, though they are not below the API: they are for those who have the token. */
const GUARDED_PATHS = new Set(['/metrics', '/events']);
const SESSION_COOKIE = 'sluice_session';
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** Headers that keep a browser from doing more with the pages than they need. */
export const securityHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  context.header(
    'Content-Security-Policy',
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
      "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  );
  context.header('X-Content-Type-Options', 'nosniff');
  context.header('Referrer-Policy', 'no-referrer');
  context.header('Cross-Origin-Resource-Policy', 'same-origin');
};

/**
 * Refuses requests whose Host is not the station (DNS rebinding: a page elsewhere resolves its own name to its
 * address) and requests that another site's page sends (their Origin is another).
 * @param names host names without port that it has besides the loopback ones
 */
export function ownHostOnly(names: readonly string[]): MiddlewareHandler {
  const ownNames = new Set([...LOOPBACK_NAMES, ...names.map(name => inUrl(name.toLowerCase()))]);
  return async (context, next) => {
    const host = context.req.header('host') ?? '';
    // A request may name its host in the target as well, which then counts (RFC 9112, 3.2.2).
    const target = URL.parse(context.req.url)?.host ?? host;
    for (const name of [host, target]) {
      if (ownNames.has(hostName(name))) continue;
      throw new SluiceError('host_refused', `this station does not answer to the name "${name}"`);
    }
    const origin = context.req.header('origin');
    if (origin !== undefined && origin !== 'null' && URL.parse(origin)?.host !== host.toLowerCase()) {
      throw new SluiceError('host_refused', `requests from pages of ${origin} are not taken`);
    }
    if (origin === 'null' && context.req.method !== 'GET') {
      throw new SluiceError('host_refused', 'requests from pages without an origin are not taken');
    }
    await next();
  };
}

/** An IPv6 address as a Host header has it, in brackets. */
function inUrl(name: string): string {
  return isIPv6(name) ? `[${name}]` : name;
}

function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, '');
}

/** What a token allows: everything, or to look only. */
type Rights = 'all' | 'read';

/** Methods that change nothing. */
const READING_METHODS = ['GET', 'HEAD'];

/**
 * Asks for a token, as `Authorization: Bearer …` or as the session cookie that the dashboard gets for it. With the one
 * that reads only, whatever would change something is refused (`read_only`). Sessions end with the process: their keys
 * are made at start.
 */
export function tokenGuard(
  token: string,
  readToken?: string,
): {
  readonly middleware: MiddlewareHandler;
  readonly openSession: (context: Context, given: string) => void;
} {
  const key = randomBytes(32);
  const digest = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const entry = (secret: string, rights: Rights) => {
    const session = randomBytes(32).toString('base64url');
    return { rights, session, ofToken: digest(secret), ofSession: digest(session) };
  };
  const entries = [entry(token, 'all'), ...(readToken === undefined ? [] : [entry(readToken, 'read')])];
  /** All are compared, whichever fits: the time says nothing. */
  const find = (given: string | undefined, which: 'ofToken' | 'ofSession') => {
    if (given === undefined) return undefined;
    const digested = digest(given);
    return entries.filter(each => timingSafeEqual(digested, each[which]))[0];
  };

  return {
    middleware: async (context, next) => {
      const { method, path } = context.req;
      const isReading = READING_METHODS.includes(method);
      const isPage = isReading && !path.startsWith('/api/') && !GUARDED_PATHS.has(path);
      if (!isPage && !OPEN_PATHS.has(path) && !SIGNED_PATHS.test(path)) {
        const bearer = /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
        const known = find(bearer, 'ofToken') ?? find(getCookie(context, SESSION_COOKIE), 'ofSession');
        if (!known) throw new SluiceError('unauthorized', 'this needs the token of the station');
        if (known.rights === 'read' && !isReading)
          throw new SluiceError(
            'read_only',
            `the token that was sent reads only; ${method} ${path} changes something`,
          );
      }
      await next();
    },
    openSession: (context, given) => {
      const known = find(given, 'ofToken');
      if (!known) throw new SluiceError('unauthorized', 'that is not the token');
      const secure = isBehindTls(context);
      setCookie(context, SESSION_COOKIE, known.session, {
        httpOnly: true,
        sameSite: 'Strict',
        path: '/',
        secure,
      });
    },
  };
}

/**
 * Whether the browser came by HTTPS, which ends here or at a proxy before us: its page's origin says so, or the proxy does.
 * Whoever claims it falsely gets a cookie that only they do not send.
 */
function isBehindTls({ req }: Context): boolean {
  if (req.url.startsWith('https:')) return true;
  return req.header('origin')?.startsWith('https:') === true || req.header('x-forwarded-proto') === 'https';
}
