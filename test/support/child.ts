import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { killAtExit } from './left-behind.ts';

export interface Child {
  readonly process: ChildProcess;
  /** Resolves with the first line that begins so; rejects when the process ends without one. */
  line(prefix: string): Promise<string>;
  /** Resolves with everything printed once the process has ended, and with its exit code. */
  readonly ended: Promise<{ readonly lines: readonly string[]; readonly code: number | null }>;
}

/** Runs a script of test/support with this Node; it is killed after the test if it still runs. */
export function startChild(t: TestContext, script: string, args: readonly string[]): Child {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  killAtExit(child);
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', line => lines.push(line));
  const ended = Promise.all([once(child, 'close'), once(reader, 'close')]).then(() => ({
    lines,
    code: child.exitCode,
  }));
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const line = (prefix: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = lines.find(one => one.startsWith(prefix));
        if (found !== undefined) resolve(found);
      };
      reader.on('line', look);
      look();
      ended.then(() => reject(new Error(`${script} ended without a line "${prefix}…"`)));
    });
  return { process: child, line, ended };
}
