import { isIP } from 'node:net';

/** Where and how requests for one bucket go. */
export interface Route {
  /** Scheme, host and port without the bucket, and the path below which the API lies; no slash at its end. */
  readonly endpoint: string;
  readonly addressing: 'path' | 'virtual';
  readonly region: string;
}

export interface Target {
  readonly origin: string;
  /** Value of the Host header. */
  readonly host: string;
  /** Path percent-encoded once, as it is signed and sent. */
  readonly path: string;
}

/** Bucket names that can stand as one DNS label under a TLS wildcard certificate. */
const DNS_LABEL = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

/** Percent-encodes everything but the unreserved characters of RFC 3986, as SigV4 wants it. */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Whether the bucket goes into the host name on this route. */
export function isVirtual(route: Route, bucket: string): boolean {
  if (route.addressing !== 'virtual' || !DNS_LABEL.test(bucket)) return false;
  return isIP(new URL(route.endpoint).hostname.replace(/^\[|\]$/g, '')) === 0;
}

/** Address of an object on a route. */
export function targetOf(route: Route, bucket: string, key: string): Target {
  const encodedKey = key.split('/').map(encodeStrictly).join('/');
  if (!isVirtual(route, bucket)) {
    const { origin, host, prefix } = partsOf(route.endpoint);
    return { origin, host, path: `${prefix}/${bucket}/${encodedKey}` };
  }
  const { protocol, host: own, prefix } = partsOf(route.endpoint);
  const host = `${bucket}.${own}`;
  return { origin: `${protocol}//${host}`, host, path: `${prefix}/${encodedKey}` };
}

/** An endpoint taken apart, without what a URL costs: this is done for every request. Pure. */
function partsOf(endpoint: string): {
  readonly protocol: string;
  readonly host: string;
  readonly origin: string;
  readonly prefix: string;
} {
  const hostAt = endpoint.indexOf('//') + 2;
  const pathAt = endpoint.indexOf('/', hostAt);
  const origin = pathAt < 0 ? endpoint : endpoint.slice(0, pathAt);
  return {
    protocol: endpoint.slice(0, hostAt - 2),
    host: origin.slice(hostAt),
    origin,
    prefix: pathAt < 0 ? '' : endpoint.slice(pathAt),
  };
}

/**
 * The route that a redirect asks for, or undefined where it is not to be followed: to another scheme, or to a host
 * that is neither the same, nor below it, nor its sibling, nor Amazon's own. A signature and a file are not carried
 * to wherever a header points.
 * @param to URL of a Location header, or host name of an error's Endpoint
 */
export function routeAfterRedirect(route: Route, bucket: string, to: string): Route | undefined {
  const current = new URL(route.endpoint);
  const next = URL.parse(/^https?:\/\//.test(to) ? to : `${current.protocol}//${to}`);
  if (next === null || next.protocol !== current.protocol) return undefined;
  const isVirtualHost = next.hostname.startsWith(`${bucket}.`);
  const hostname = isVirtualHost ? next.hostname.slice(bucket.length + 1) : next.hostname;
  if (!mayFollow(current.hostname, hostname)) return undefined;
  const origin = `${next.protocol}//${hostname}${next.port === '' ? '' : `:${next.port}`}`;
  // At the same address the API lies where it lay; of another nothing is known but that.
  const endpoint = origin === current.origin ? `${origin}${partsOf(route.endpoint).prefix}` : origin;
  const addressing = isVirtualHost ? 'virtual' : 'path';
  if (endpoint === route.endpoint && addressing === route.addressing) return undefined;
  return { ...route, endpoint, addressing };
}

function mayFollow(from: string, to: string): boolean {
  if (from === to) return true;
  if (isIP(from) !== 0) return false;
  for (const domain of ['.amazonaws.com', '.amazonaws.com.cn']) {
    if (from.endsWith(domain) && to.endsWith(domain)) return true;
  }
  const parent = from.slice(from.indexOf('.') + 1);
  return to.endsWith(`.${from}`) || (parent.includes('.') && to.endsWith(`.${parent}`));
}
