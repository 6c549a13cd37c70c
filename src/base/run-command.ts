import { spawn } from 'node:child_process';
import { oneLine } from './text.ts';

/** Of the station's environment a command sees this much: its secrets are none of the command's business. */
const PASSED_VARIABLES = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];
/** Of standard error, for the message. */
const MAX_STDERR_CHARS = 500;

export interface CommandInput {
  /** Given as JSON on standard input. */
  readonly input: unknown;
  /** `SLUICE_*`; those that are undefined or null are left out. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** How a command ended. */
export type CommandEnd =
  | { readonly isGood: true }
  /** In words: `ended with 1: no such host`. `isMissing`: there is no such program, or it cannot be run. */
  | { readonly isGood: false; readonly why: string; readonly isMissing: boolean };

/**
 * Runs a command of the configuration: no shell, facts in `SLUICE_*` variables and as JSON on standard input, nothing else
 * of the station's environment than what a program needs. Exit status 0 is good. It and all that it started are killed
 * after `timeoutMs`, or when the signal aborts. Throws the signal's reason alone.
 */
export async function runCommand(
  [program = '', ...args]: readonly string[],
  { input, variables, timeoutMs, signal }: CommandInput,
): Promise<CommandEnd> {
  signal.throwIfAborted();
  const child = spawn(program, args, {
    // A group of its own, so that all of it can be ended.
    detached: true,
    cwd: '/',
    env: environmentOf(variables),
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_CHARS);
  });
  // It need not read its input.
  child.stdin.on('error', () => undefined).end(`${JSON.stringify(input)}\n`);
  const stop = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const kill = (): void => killGroup(child.pid);
  stop.addEventListener('abort', kill, { once: true });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  try {
    const status = await promise;
    if (status === 0) return { isGood: true };
    signal.throwIfAborted();
    const how = stop.aborted
      ? `did not end within ${timeoutMs / 1000} s`
      : `ended with ${status ?? 'a signal'}`;
    const said = oneLine(stderr, MAX_STDERR_CHARS);
    return { isGood: false, why: `${program} ${how}${said === '' ? '' : `: ${said}`}`, isMissing: false };
  } catch (error) {
    signal.throwIfAborted();
    const why = `${program} cannot be run: ${error instanceof Error ? error.message : error}`;
    return { isGood: false, why, isMissing: true };
  } finally {
    stop.removeEventListener('abort', kill);
  }
}

function environmentOf(variables: CommandInput['variables']): NodeJS.ProcessEnv {
  const passed = PASSED_VARIABLES.map(name => [name, process.env[name]] as const);
  return Object.fromEntries(
    [...passed, ...Object.entries(variables)]
      .filter(([, value]) => value !== undefined && value !== null)
      // No variable can hold it.
      .map(([name, value]) => [name, String(value).replaceAll('\0', '')]),
  );
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: it has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
