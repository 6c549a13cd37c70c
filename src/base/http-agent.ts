import http from 'node:http';
import https from 'node:https';
import type { LookupFunction, Socket } from 'node:net';
import { getCACertificates } from 'node:tls';
import type { buildConnector, Dispatcher } from 'undici';
import { SluiceError } from './errors.ts';
import type { HttpProxy } from './proxy.ts';

type Undici = typeof import('undici');
export type Connector = buildConnector.connector;

export interface AgentOptions {
  /** Connections to one host at the most. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  readonly proxy?: HttpProxy | undefined;
  /** undici's own, beside what is said here. */
  readonly more?: Omit<ConstructorParameters<Undici['Agent']>[0] & object, 'connect' | 'connections'>;
  readonly lookup?: LookupFunction | undefined;
  /** Certificates (PEM) that servers' may be signed by; those that Node knows where absent. */
  readonly ca?: string[] | undefined;
  /** Is given each connection once it is made. */
  readonly onSocket?: (socket: Socket, host: string) => void;
}

/**
 * A pool of connections, straight or through a proxy as curl does it: requests to `https` in a tunnel by CONNECT, to
 * `http` by their whole address. What goes wrong at the proxy is `proxy_failed`, which names it. Loads undici.
 */
export async function openAgent(options: AgentOptions): Promise<Dispatcher> {
  return agentOf(await import('undici'), options);
}

/** As `openAgent`, with undici loaded already. */
export function agentOf(undici: Undici, options: AgentOptions): Dispatcher {
  const { connections, proxy, more } = options;
  const connect = connectorOf(undici, options);
  const agent = new undici.Agent({ ...more, connections, connect });
  return proxy ? agent.compose(throughProxy(proxy)) : agent;
}

function connectorOf({ buildConnector: build }: Undici, options: AgentOptions): Connector {
  const { connectTimeoutMs: timeout, lookup, proxy, ca, onSocket } = options;
  const plain = build({ timeout, lookup, ca } as buildConnector.BuildOptions);
  const straight = proxy ? proxiedConnector(plain, proxy, timeout) : plain;
  return (target, callback) =>
    straight(target, (error, socket) => {
      if (error !== null) return callback(error, null);
      onSocket?.(socket, target.host ?? target.hostname);
      callback(null, socket);
    });
}

function proxiedConnector(connect: Connector, proxy: HttpProxy, timeoutMs: number): Connector {
  return (target, callback) => {
    if (target.protocol !== 'https:') {
      const { protocol, hostname, port } = proxy;
      const place = { protocol, hostname, host: hostname, port: String(port), servername: hostname };
      return connect({ ...target, ...place }, (error, socket) =>
        error === null ? callback(null, socket) : callback(proxyFailure(proxy, error), null),
      );
    }
    tunnel(proxy, `${target.hostname}:${target.port || 443}`, timeoutMs).then(
      httpSocket => connect({ ...target, httpSocket }, callback),
      error => callback(error, null),
    );
  };
}

/** A connection to `host:port` through the proxy. Throws proxy_failed. */
function tunnel(proxy: HttpProxy, place: string, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const asking = (proxy.protocol === 'https:' ? https : http).request({
      host: proxy.hostname,
      port: proxy.port,
      method: 'CONNECT',
      path: place,
      headers: { host: place, ...authorizationOf(proxy) },
      agent: false,
      timeout: timeoutMs,
    });
    asking.on('connect', (answer, socket) => {
      const status = answer.statusCode ?? 0;
      if (status >= 200 && status < 300) return resolve(socket as Socket);
      socket.destroy();
      reject(refusalOf(proxy, status, place));
    });
    asking.on('response', answer => {
      answer.resume();
      reject(refusalOf(proxy, answer.statusCode ?? 0, place));
    });
    asking.on('timeout', () =>
      asking.destroy(failureWith(proxy, `does not answer within ${timeoutMs / 1000} s`)),
    );
    asking.on('error', error => reject(proxyFailure(proxy, error)));
    asking.end();
  });
}

/** Requests to `http` name their whole address, and carry what the proxy wants to know. */
function throughProxy(proxy: HttpProxy): Dispatcher.DispatcherComposeInterceptor {
  return dispatch => (request, handler) => {
    const origin = String(request.origin ?? '');
    if (origin.startsWith('https:')) return dispatch(request, handler);
    const headers = { ...(request.headers as Record<string, string>), ...authorizationOf(proxy) };
    return dispatch({ ...request, path: `${origin}${request.path}`, headers }, handler);
  };
}

function authorizationOf({ authorization }: HttpProxy): Record<string, string> {
  return authorization === undefined ? {} : { 'proxy-authorization': authorization };
}

/** What a proxy's own answer means, where it can only be the proxy's. */
export function refusalOf(proxy: HttpProxy, status: number, place: string): SluiceError {
  const words =
    status === 407
      ? proxy.authorization === undefined
        ? 'wants a user and a password (407)'
        : 'refuses the user or the password (407)'
      : `answers ${status} to CONNECT ${place}`;
  return failureWith(proxy, words);
}

/**
 * What Node's own agents (`nodeAgentOptions`) threw, as the proxy's failure where it is one: with a proxy, nothing but the
 * proxy is looked up or connected to.
 */
export function asProxyFailure(proxy: HttpProxy | undefined, error: unknown): unknown {
  if (proxy === undefined || !(error instanceof Error) || error instanceof SluiceError) return error;
  const { code, syscall, statusCode } = error as NodeJS.ErrnoException & { readonly statusCode?: unknown };
  if (code === 'ERR_PROXY_TUNNEL') {
    return typeof statusCode === 'number'
      ? refusalOf(proxy, statusCode, 'the server')
      : proxyFailure(proxy, error);
  }
  return syscall === 'connect' || syscall === 'getaddrinfo' ? proxyFailure(proxy, error) : error;
}

/** What has an agent of `node:http` or `node:https` go through a proxy, in the same way. */
export function nodeAgentOptions(proxy: HttpProxy | undefined): Pick<http.AgentOptions, 'proxyEnv'> {
  return proxy ? { proxyEnv: { HTTP_PROXY: proxy.href, HTTPS_PROXY: proxy.href } } : {};
}

/** Why no connection to a proxy comes about, in words; the system's own are not shown. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ENOTFOUND: 'its name has no address',
  EAI_AGAIN: 'no name server answers',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to its network',
  ECONNRESET: 'it broke off',
  ERR_PROXY_TUNNEL: 'it broke off before the tunnel was made',
  UND_ERR_CONNECT_TIMEOUT: 'no connection came about in time',
  ETIMEDOUT: 'no connection came about in time',
};

/** The proxy is not there, or broke off. */
function proxyFailure(proxy: HttpProxy, cause: Error): SluiceError {
  if (cause instanceof SluiceError) return cause;
  const first = cause instanceof AggregateError && cause.errors[0] instanceof Error ? cause.errors[0] : cause;
  const { code = '' } = first as NodeJS.ErrnoException;
  return failureWith(proxy, `cannot be used: ${REASONS[code] ?? `the connection failed (${code})`}`, cause);
}

function failureWith(proxy: HttpProxy, words: string, cause?: unknown): SluiceError {
  return new SluiceError('proxy_failed', `the proxy ${proxy.description} ${words}`, {
    operation: 'connect',
    subject: proxy.description,
    cause,
  });
}

/**
 * Certificates (PEM) of everybody whose word counts for a TLS connection: those that Node counts by itself, and `own`.
 * Undefined without own ones: then Node's count anyway.
 */
export function trustedWith(own: string | undefined): string[] | undefined {
  return own === undefined ? undefined : [...getCACertificates('default'), own];
}
