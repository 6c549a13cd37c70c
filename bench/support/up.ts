import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

/** The program of this checkout. */
const MAIN = resolve(import.meta.dirname, '../../bin/sluice.js');
/** As much of what a station prints as its greeting needs. */
const GREETING_CHARS = 10_000;

/** A station in a process of its own. */
export interface UpStation {
  readonly pid: number;
  readonly url: string;
  /** From the start of the process to its greeting. */
  readonly readyMs: number;
  /** Null while it runs. */
  exitCode(): number | null;
  /** SIGTERM; resolves when it has ended. May be called again. */
  stop(): Promise<void>;
}

/**
 * `sluice up` as a user runs it, on a free port, up to its greeting. Throws when it ends before.
 * @param args before `up`
 * @param options.cwd a folder that is no repository, so that nothing is baked unasked
 * @param options.flags for Node itself
 * @param options.stderr a descriptor; else it is passed through
 * @param options.main `bin/sluice.js` of another checkout or build
 */
export async function startUp(
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly flags?: readonly string[];
    readonly stderr?: number;
    readonly main?: string;
  },
): Promise<UpStation> {
  const { cwd, env, flags = [], stderr = 'inherit', main = MAIN } = options;
  const startMs = performance.now();
  const child = spawn(process.execPath, [...flags, main, ...args, 'up', '--port', '0'], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', stderr],
  });
  const url = await greetingOf(child);
  const readyMs = performance.now() - startMs;
  return {
    pid: child.pid ?? 0,
    url,
    readyMs,
    exitCode: () => child.exitCode,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function greetingOf(child: ChildProcess): Promise<string> {
  return new Promise((resolveUrl, reject) => {
    let greeting = '';
    // Read to the end: what it prints later must not fill the pipe.
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      greeting = (greeting + text).slice(0, GREETING_CHARS);
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(greeting)?.[0];
      if (url !== undefined) resolveUrl(url);
    });
    child.once('exit', code => reject(new Error(`the station did not come up, it ended with ${code}`)));
  });
}
