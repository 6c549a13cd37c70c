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
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../sink.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [endpoint] = (await once(createInterface(child.stdout), 'line')) as [string];
  return {
    pid: child.pid ?? 0,
    server: { endpoint, region: 'us-east-1', accessKeyId: 'ANYBODY', secretAccessKey: 'nothing-is-checked' },
    async stop() {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
