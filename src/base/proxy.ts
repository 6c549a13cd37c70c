import { hash } from 'node:crypto';
import { isIP } from 'node:net';

/** A proxy that requests go through. Neither JSON nor the inspector shows its password. */
export class HttpProxy {
  /** `http://proxy:3128 (HTTPS_PROXY)`, for people: without user and password. */
  readonly description: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port: number;
  readonly #url: URL;

  /** @param url http or https @param setting names where it was set */
  constructor(url: URL, setting: string) {
    const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
    this.description = `${url.protocol}//${url.hostname}:${port} (${setting})`;
    this.protocol = url.protocol;
    this.hostname = url.hostname.replace(/^\[|\]$/g, '');
    this.port = port;
    this.#url = url;
  }

  /** With user and password, for libraries. */
  get href(): string {
    return this.#url.href;
  }

  /** Proxy-Authorization, where the address holds a user or password. */
  get authorization(): string | undefined {
    const { username, password } = this.#url;
    const pair = `${decoded(username)}:${decoded(password)}`;
    return pair === ':' ? undefined : `Basic ${Buffer.from(pair).toString('base64')}`;
  }

  /** Equal for proxies that are the same, passwords included. */
  toJSON(): unknown {
    return [this.description, hash('sha256', this.href)];
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for an address by the environment, as git and curl have it (curl's manual, "Environment"): `https_proxy` or
 * `http_proxy` by the address's scheme, else `all_proxy`, the lower-case name first; `no_proxy` excepts hosts. undefined:
 * straight to the host. Pure.
 * @throws Error in words, for what is set and cannot be a proxy
 */
export function proxyOf(address: URL, environment: Environment): HttpProxy | undefined {
  const names = address.protocol === 'https:' ? ['https_proxy', 'HTTPS_PROXY'] : ['http_proxy', 'HTTP_PROXY'];
  const name = [...names, 'all_proxy', 'ALL_PROXY'].find(each => (environment[each] ?? '').trim() !== '');
  if (name === undefined) return undefined;
  if (isExcepted(address, environment.no_proxy ?? environment.NO_PROXY ?? '')) return undefined;
  return proxyAt(environment[name] ?? '', name);
}

/**
 * A proxy by its address; without scheme it is `http`. Pure.
 * @param setting names where it was set, for messages
 * @throws Error in words that do not repeat the address
 */
export function proxyAt(address: string, setting: string): HttpProxy {
  const trimmed = address.trim();
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`);
  if (url === null || url.hostname === '') throw new Error(`${setting} is no address of a proxy`);
  const { protocol } = url;
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new Error(
      `${setting} names a ${protocol.slice(0, -1)} proxy; only http and https proxies are used`,
    );
  }
  return new HttpProxy(url, setting);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Whether a list like `localhost,.example.com,10.0.0.0/8,host:8080` excepts an address. A name covers the hosts below it,
 * with a dot in front or not; an entry with a port counts for that port only; `*` is everything. Pure.
 */
export function isExcepted(address: URL, list: string): boolean {
  const host = address.hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  const port = address.port === '' ? (address.protocol === 'https:' ? '443' : '80') : address.port;
  return list.split(/[\s,]+/).some(entry => entry !== '' && matchesEntry(entry.toLowerCase(), host, port));
}

function matchesEntry(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  // An address of six without brackets has no port.
  const parts = /^(?:\[(?<address>[^\]]+)\]|(?<name>[^:]*))(?::(?<port>\d+))?$/.exec(entry)?.groups;
  if (parts?.port !== undefined && parts.port !== port) return false;
  const name = parts ? (parts.address ?? parts.name ?? '') : entry;
  if (isIP(host) !== 0) return matchesNetwork(name, host);
  const suffix = name.replace(/^\*?\./, '').replace(/\.$/, '');
  return suffix !== '' && (host === suffix || host.endsWith(`.${suffix}`));
}

/** Whether an address of the Internet Protocol is this one, or lies in this network (`10.0.0.0/8`). */
function matchesNetwork(entry: string, host: string): boolean {
  const [network = '', length] = entry.split('/');
  if (isIP(network) === 0 || isIP(network) !== isIP(host)) return false;
  const bits = length === undefined ? (isIP(host) === 4 ? 32 : 128) : Number(length);
  const left = bitsOf(network);
  const right = bitsOf(host);
  return Number.isInteger(bits) && left.length >= bits && left.slice(0, bits) === right.slice(0, bits);
}

/** All bits of an address as text. */
function bitsOf(address: string): string {
  if (isIP(address) === 4) {
    return address
      .split('.')
      .map(part => Number(part).toString(2).padStart(8, '0'))
      .join('');
  }
  // URL brings every way of writing one to the same; `::` stands for as many zeros as are missing.
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [front = '', back] = short.split('::');
  const words = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [head, tail] = [words(front), words(back ?? '')];
  const zeros = back === undefined ? 0 : 8 - head.length - tail.length;
  return [...head, ...Array.from({ length: zeros }, () => '0'), ...tail]
    .map(word => Number.parseInt(word, 16).toString(2).padStart(16, '0'))
    .join('');
}
