import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { StationOptions } from './station.ts';

/** `bench/sink.ts` in a process of its own. */
export async function startSink(): Promise<{
  readonly pid: number;
  readonly server: StationOptions['server'];
  stop(): Promise<void>;
}> {
  const { endpoint, pid, stop } = await startListener('sink.ts');
  const key = { accessKeyId: 'ANYBODY', secretAccessKey: 'nothing-is-checked' };
  return { pid, server: { endpoint, region: 'us-east-1', ...key }, stop };
}

/** `bench/delay-proxy.ts` in a process of its own, in front of a server. */
export function startDelayProxy(endpoint: string, roundTripMs: number): Promise<Listener> {
  return startListener('delay-proxy.ts', endpoint, String(roundTripMs));
}

interface Listener {
  readonly pid: number;
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** A script of `bench/` that prints its endpoint, and ends with its standard input. */
async function startListener(script: string, ...args: readonly string[]): Promise<Listener> {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '..', script), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [endpoint] = (await once(createInterface(child.stdout), 'line')) as [string];
  return {
    pid: child.pid ?? 0,
    endpoint,
    async stop() {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
