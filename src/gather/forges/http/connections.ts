import type { Dispatcher, request } from 'undici';
import { openAgent } from '../../../base/http-agent.ts';
import { proxyOf } from '../../../base/proxy.ts';

/** A pool of connections to one host, and what sends a request over them. */
export interface Connections {
  /** To be closed by whoever opened it. */
  readonly agent: Dispatcher;
  readonly send: typeof request;
}

/**
 * Connections to one host, through the proxy that the environment names for it. The library is loaded with the first
 * call: most stations ask few of the hosts that they know, or none.
 */
export async function openConnections(apiUrl: string, timeoutMs: number): Promise<Connections> {
  const { request: send } = await import('undici');
  const connectTimeoutMs = Math.min(timeoutMs, 10_000);
  const proxy = proxyOf(new URL(apiUrl), process.env);
  return { agent: await openAgent({ connections: 16, connectTimeoutMs, proxy }), send };
}
