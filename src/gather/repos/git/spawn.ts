import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { asSluiceError, type ErrorDetails, SluiceError } from '../../../base/errors.ts';
import { splitLines } from '../../../base/lines.ts';

/** How a git process is run. Nothing is inherited that could change what git does. */
export interface GitOptions {
  readonly gitDir?: string;
  /** Kills the process when it aborts; the error is then `cancelled`. */
  readonly signal?: AbortSignal;
  /** The one transport that git may use; `none` also stops lazy fetches of a partial clone. */
  readonly protocol?: 'none' | 'file' | 'git' | 'http' | 'https' | 'ssh';
  /** Kills the process when it is silent this long. */
  readonly idleTimeoutMs?: number;
  readonly onStderrLine?: (line: string) => void;
  readonly env?: Readonly<Record<string, string>>;
  /** What errors say the work was done on. */
  readonly subject?: string;
}

export interface GitProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Resolves when git has ended well; rejects with a `SluiceError`. */
  readonly done: Promise<void>;
}

const STDERR_LINES_KEPT = 20;
const DEFAULT_MAX_BYTES = 16 * 2 ** 20;

/** Starts git. Its output must be read to the end (or destroyed) for `done` to settle. */
export function spawnGit(args: readonly string[], options: GitOptions = {}): GitProcess {
  const child = spawn('git', [...fixedArguments(options), ...args], {
    env: environment(options),
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.signal ? { signal: options.signal, killSignal: 'SIGKILL' } : {}),
  });
  const stderr: string[] = [];
  const stderrRead = (async () => {
    for await (const line of splitLines(child.stderr)) {
      options.onStderrLine?.(line);
      if (stderr.push(line) > STDERR_LINES_KEPT) stderr.shift();
    }
  })();
  // A process that ends early closes its input; its exit status says why.
  child.stdin.on('error', () => undefined);
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, killedBy) => resolve(killedBy ? -1 : (code ?? -1)));
  });
  const done = (async () => {
    const details = { operation: `git ${args[0] ?? ''}`, subject: options.subject ?? options.gitDir };
    try {
      const [code] = await Promise.all([exited, stderrRead]);
      options.signal?.throwIfAborted();
      if (code !== 0) throw classify(stderr, code, details);
    } catch (error) {
      if (options.signal?.aborted) throw new SluiceError('cancelled', 'stopped on request', details);
      throw asSluiceError(error, details);
    }
  })();
  // Whoever started it may still be busy with the output when it fails.
  done.catch(() => undefined);
  return { stdin: child.stdin, stdout: child.stdout, done };
}

/** Runs git to its end and answers with what it wrote. Throws `git_failed` for more than `maxBytes`. */
export async function runGit(
  args: readonly string[],
  options: GitOptions & { readonly input?: string | Buffer; readonly maxBytes?: number } = {},
): Promise<Buffer> {
  const git = spawnGit(args, options);
  git.stdin.end(options.input ?? '');
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of git.stdout as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > (options.maxBytes ?? DEFAULT_MAX_BYTES)) {
        throw new SluiceError('git_failed', `git ${args[0]} wrote more than ${options.maxBytes} bytes`);
      }
      chunks.push(chunk);
    }
  } finally {
    git.stdout.destroy();
    await git.done;
  }
  return Buffer.concat(chunks);
}

function fixedArguments(options: GitOptions): string[] {
  const gitDir = options.gitDir === undefined ? [] : [`--git-dir=${options.gitDir}`];
  return [...gitDir, '-c', 'core.hooksPath=/dev/null', '-c', 'credential.helper='];
}

function environment(options: GitOptions): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    LC_ALL: 'C',
    GIT_ALLOW_PROTOCOL: options.protocol ?? 'none',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_FLUSH: '0',
    ...options.env,
  };
}

function classify(stderr: readonly string[], code: number, details: ErrorDetails): SluiceError {
  const text = stderr.findLast(line => line !== '') ?? `exit status ${code}`;
  const corrupt = stderr.some(line => /bad object|missing|could not read|corrupt|unable to read/i.test(line));
  return new SluiceError(corrupt ? 'repository_corrupt' : 'git_failed', `git: ${text}`, details);
}
