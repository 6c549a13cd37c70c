import type { Agent, request } from 'undici';

/** A pool of connections to one host, and what sends a request over them. */
export interface Connections {
  readonly agent: Agent;
  readonly send: typeof request;
}

/** The library is loaded with the first call: most stations ask few of the hosts that they know, or none. */
export async function openConnections(timeoutMs: number): Promise<Connections> {
  const { Agent: Opened, request: send } = await import('undici');
  return { agent: new Opened({ connections: 16, connect: { timeout: Math.min(timeoutMs, 10_000) } }), send };
}
