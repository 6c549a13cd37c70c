import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { SluiceError } from '../../../base/errors.ts';
import { currentLease } from '../../../base/lease.ts';
import { splitLines } from '../../../base/lines.ts';
import { classifyGitFailure, cleanLine, type GitFailure, isRoutine } from './classify.ts';
import { GIT_OPTIONS, type GitProtocol, gitEnvironment } from './environment.ts';
import { memoryBytesOf, mostMemoryBytes } from './process-figures.ts';

/**
 * States of a git process:
 *
 *   running ──exits by itself──▶ exited 0 ──▶ done resolves
 *      │                    └──▶ exited ≠ 0 ─▶ done rejects, classified
 *      └─abort, silence, or too much output─▶ stopping (SIGTERM) ──2 s──▶ SIGKILL ──▶ done rejects with that reason
 *
 * None is started under a claim whose lease is over: another may be at work in the same place by then.
 *
 * Every process has its own group, so that index-pack, git-remote-https and ssh end with it. When the
 * promise settles, no process of the group is left.
 */
export interface GitOptions {
  /** The repository; without it git runs outside of any. */
  readonly gitDir?: string;
  /** Stops the process; `done` then rejects with `cancelled`. */
  readonly signal?: AbortSignal;
  /** The one scheme that it may use to reach others; `none` by default. */
  readonly protocol?: GitProtocol;
  /**
   * Stops the process when it neither reads nor writes for so long; `LOCAL_SILENCE_MS` by default. A slow reader of
   * `stdout` does not count as silence. What writes into an `output` of its own is not listened to unless this is given.
   */
  readonly idleTimeoutMs?: number;
  /** Stops the process after so long, whatever it does; no limit by default for `spawnGit`, `LONGEST_MS` for `runGit`. */
  readonly timeoutMs?: number;
  /**
   * Stops the process when it takes more memory together with all that it started: git gathers a listing of refs before
   * it writes a byte of it, and holds a commit whole, however large either is. `mostMemoryBytes()` by default, which
   * no other limit goes beyond; no limit where the system does not tell.
   */
  readonly maxMemoryBytes?: number | undefined;
  /** Called with every line of standard error, cleaned of control characters and credentials; progress too. */
  readonly onStderrLine?: (line: string) => void;
  /** Added to the hardened environment, and stronger than it. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the work is about, for error messages: a URL or path without credentials. */
  readonly subject?: string;
  /** Where standard output goes instead of into `stdout`, which is empty then. */
  readonly output?: GitOutput | undefined;
}

/** What a process writes into. */
export interface GitOutput {
  /** For its `stdio`: a descriptor, another process's input, or nothing. */
  readonly target: number | Writable | 'ignore';
  /** Called when the process has been started, or failed to: our own copy can be closed. */
  started(): void;
}

/** A git that runs. */
export interface GitProcess {
  /** Undefined when it was not, or could not be, started. */
  readonly pid: number | undefined;
  /** Must be ended, also when nothing is written. Never emits `error`: what git did not read shows in `done`. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  /**
   * Settles when the whole process group is gone and `stdout` was read or dropped: resolves on exit status 0.
   * Rejects with a SluiceError otherwise. Await it after reading `stdout`, which just ends when git fails.
   */
  readonly done: Promise<void>;
}

/** No git command on this machine is silent for so long unless something is wrong with it. */
export const LOCAL_SILENCE_MS = 10 * 60_000;
/** Nor takes one so long that only answers a question. */
const LONGEST_MS = 60 * 60_000;
/** Grace between SIGTERM and SIGKILL: git removes its lock files in that time. */
const KILL_AFTER_MS = 2000;
/** After the leader's exit, how long a stray child may hold our pipes before it is killed. */
const PIPES_AFTER_MS = 1000;
/** Lines of standard error that a message is made from. */
const KEPT_LINES = 20;
const DEFAULT_MAX_BYTES = 64 * 2 ** 20;
/** Progress of a day is a quarter of this; what the far side has to say goes into it, too. */
const MAX_STDERR_BYTES = 64 * 2 ** 20;

type Child = ChildProcessByStdio<Writable, Readable | null, Readable>;

/**
 * Starts git, hardened. Arguments that come from outside belong behind `--` or `--end-of-options`.
 * Nothing that is secret may stand in `args`: other users of the machine read them; use `env`.
 */
export function spawnGit(args: readonly string[], options: GitOptions = {}): GitProcess {
  return startGit(args, options).process;
}

/**
 * Runs git to its end and returns what it wrote to standard output.
 * @throws SluiceError as classified; `answer_too_large` when it writes more than `maxBytes` (64 MiB by default)
 */
export async function runGit(
  args: readonly string[],
  options: GitOptions & { readonly input?: GitInput; readonly maxBytes?: number } = {},
): Promise<Buffer> {
  const { process: git, stop } = startGit(args, { timeoutMs: LONGEST_MS, ...options });
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  giveInput(git, options.input ?? '');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of git.stdout as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
    else stop(new SluiceError('answer_too_large', `git ${args[0]} wrote more than ${maxBytes} bytes`));
  }
  await git.done;
  return Buffer.concat(chunks, bytes);
}

/** What a git is given to read: at once, or in pieces as it takes them. */
export type GitInput = Buffer | string | Iterable<string>;

/** Gives a git all that it is to read. */
export function giveInput({ stdin }: Pick<GitProcess, 'stdin'>, input: GitInput): void {
  if (typeof input === 'string' || Buffer.isBuffer(input)) stdin.end(input);
  else Readable.from(input).pipe(stdin);
}

interface StartedGit {
  readonly process: GitProcess;
  readonly stop: (reason: SluiceError) => void;
}

function startGit(args: readonly string[], options: GitOptions): StartedGit {
  const { signal, gitDir, subject } = options;
  const subcommand = args.find((argument, index) => /^[a-z]/.test(argument) && args[index - 1] !== '-c');
  const operation = `git ${subcommand ?? ''}`.trim();
  const inRepository = gitDir === undefined ? [] : [`--git-dir=${gitDir}`];
  const refusal = whyNot(signal, operation, subject);
  if (refusal) {
    options.output?.started();
    return unstarted(refusal);
  }
  const child = spawn('git', [...GIT_OPTIONS, ...inRepository, ...args], {
    // With a directory of our own choice no repository around the station's directory is discovered.
    cwd: '/',
    detached: true,
    env: gitEnvironment(process.env, options.protocol ?? 'none', options.env),
    stdio: ['pipe', options.output?.target ?? 'pipe', 'pipe'],
  }) as Child;
  options.output?.started();
  const stdout = child.stdout ?? Readable.from([]);
  const group = new ProcessGroup(child);
  child.stdin.on('error', () => undefined); // EPIPE: git ended without reading; `done` says why.
  const onAbort = (): void => group.stop(cancelled(signal?.reason, operation, subject));
  signal?.addEventListener('abort', onAbort, { once: true });
  const stderr = new StderrTail(options.onStderrLine);
  const reading = stderr.read(child.stderr);
  const { timeoutMs, idleTimeoutMs = options.output ? undefined : LOCAL_SILENCE_MS } = options;
  const stopWatching = watchForSilence(child, idleTimeoutMs, () =>
    group.stop(silent(idleTimeoutMs ?? 0, operation, subject)),
  );
  const stopWeighing = watchExcess(child, options.maxMemoryBytes, excess => {
    group.stop(
      new SluiceError('answer_too_large', `${subject ?? operation} has git ${excess}`, {
        operation,
        subject,
        hint: 'No repository needs so much; where this one does, give this machine more memory.',
      }),
    );
  });
  const stopClock = afterMs(timeoutMs, () => group.stop(endless(timeoutMs ?? 0, operation, subject)));
  const settle = async (): Promise<void> => {
    const exit = await group.ended;
    stopWatching();
    stopClock();
    stopWeighing();
    signal?.removeEventListener('abort', onAbort);
    await reading;
    if (group.stopReason) throw group.stopReason;
    if (stderr.failure !== undefined) throw stderr.failure;
    if (exit.error === undefined && exit.status === 0) return;
    const failure: GitFailure = {
      operation,
      subject,
      ...exit,
      lines: stderr.lines,
      protocol: options.protocol,
      isDiskFull: gitDir !== undefined && (await hasNoRoom(gitDir)),
    };
    throw classifyGitFailure(failure);
  };
  const done = settle();
  // Whoever reads stdout gets to `done` later; until then a rejection is not unhandled.
  done.catch(() => undefined);
  return {
    process: { pid: child.pid, stdin: child.stdin, stdout, done },
    stop: reason => group.stop(reason),
  };
}

/** Why none may be started now. */
function whyNot(
  signal: AbortSignal | undefined,
  operation: string,
  subject: string | undefined,
): SluiceError | undefined {
  if (signal?.aborted) return cancelled(signal.reason, operation, subject);
  return currentLease()?.isOver
    ? new SluiceError('lease_lost', 'the claim could not be prolonged in time', { operation, subject })
    : undefined;
}

/** As one that is stopped before it has done anything. */
function unstarted(reason: SluiceError): StartedGit {
  const stdin = new Writable().destroy();
  const done = Promise.reject(reason);
  done.catch(() => undefined);
  return { process: { pid: undefined, stdin, stdout: Readable.from([]), done }, stop: () => undefined };
}

/** git writes in pieces of up to 128 KiB: where one failed, so much or less is left. */
const NO_ROOM_BYTES = 256 * 2 ** 10;

/** Whether a file system is out of bytes or of inodes. */
async function hasNoRoom(path: string): Promise<boolean> {
  try {
    const { bavail, bsize, files, ffree } = await statfs(path);
    return bavail * bsize < NO_ROOM_BYTES || (files > 0 && ffree === 0);
  } catch {
    // It is gone: that is another failure, which git's own words tell.
    return false;
  }
}

/** The process and its children, stopped and awaited as one. */
class ProcessGroup {
  readonly ended: Promise<Pick<GitFailure, 'status' | 'signal' | 'error'>>;
  stopReason: SluiceError | undefined;
  readonly #child: Child;
  #killTimer: NodeJS.Timeout | undefined;

  constructor(child: Child) {
    this.#child = child;
    this.ended = new Promise(resolve => {
      child.once('error', error => {
        // Only a process that could not be started has no pid; then no exit follows.
        if (child.pid === undefined) resolve({ status: null, signal: null, error });
      });
      child.once('exit', status => this.#afterExit(status !== 0));
      child.once('close', (status, signal) => {
        clearTimeout(this.#killTimer);
        resolve({ status, signal, error: undefined });
      });
    });
  }

  stop(reason: SluiceError): void {
    if (this.stopReason || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.stopReason = reason;
    this.#signal('SIGTERM');
    this.#killTimer = setTimeout(() => this.#signal('SIGKILL'), KILL_AFTER_MS);
    // Nobody need read the rest: an unread pipe would keep "close" from coming.
    this.#child.stdin.destroy();
  }

  #afterExit(failed: boolean): void {
    clearTimeout(this.#killTimer);
    if (this.stopReason || failed) {
      this.#signal('SIGKILL');
      if (this.stopReason) this.#child.stdout?.resume();
      return;
    }
    this.#killTimer = setTimeout(() => this.#signal('SIGKILL'), PIPES_AFTER_MS);
  }

  #signal(name: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch (error) {
      // ESRCH: the group is empty already, which is what was wanted.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Standard error as it comes in: handed to the listener, its last lines kept for the message. */
class StderrTail {
  readonly lines: string[] = [];
  /** What the listener threw; it becomes the process's own failure. */
  failure: unknown;
  readonly #listener: ((line: string) => void) | undefined;

  constructor(listener: ((line: string) => void) | undefined) {
    this.#listener = listener;
  }

  async read(stream: Readable): Promise<void> {
    for await (const raw of splitLines(stream, 4096)) {
      const line = cleanLine(raw);
      if (line === '') continue;
      try {
        this.#listener?.(line);
      } catch (error) {
        this.failure ??= error;
      }
      if (isRoutine(line)) continue;
      this.lines.push(line);
      if (this.lines.length > KEPT_LINES) this.lines.shift();
    }
  }
}

/** Calls back when no byte moved in either direction for `idleTimeoutMs`; checked four times in that span. */
function watchForSilence(child: Child, idleTimeoutMs: number | undefined, onSilence: () => void): () => void {
  if (idleTimeoutMs === undefined) return () => undefined;
  const moved = (): number =>
    ((child.stdout as Socket | null)?.bytesRead ?? 0) +
    (child.stdin as Socket).bytesWritten +
    (child.stderr as Socket).bytesRead;
  let last = moved();
  let quietSince = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const { stdout } = child;
    const readerIsSlow = stdout !== null && stdout.readableLength >= stdout.readableHighWaterMark;
    if (moved() !== last || readerIsSlow) {
      last = moved();
      quietSince = now;
    } else if (now - quietSince >= idleTimeoutMs) onSilence();
  }, idleTimeoutMs / 4);
  return () => clearInterval(timer);
}

const WEIGH_MS = 200;

/** Calls back, with what it does, when a process takes too much memory, all that it started counted, or prints messages without an end. */
function watchExcess(
  child: Child,
  wantedMaxBytes: number | undefined,
  onExcess: (excess: string) => void,
): () => void {
  const { pid } = child;
  if (pid === undefined) return () => undefined;
  const maxBytes = Math.min(wantedMaxBytes ?? Number.POSITIVE_INFINITY, mostMemoryBytes());
  const timer = setInterval(async () => {
    if ((child.stderr as Socket).bytesRead > MAX_STDERR_BYTES) onExcess('print messages without an end');
    else if ((await memoryBytesOf(pid)) > maxBytes)
      onExcess(`take more than ${Math.round(maxBytes / 2 ** 20)} MiB of memory`);
  }, WEIGH_MS);
  return () => clearInterval(timer);
}

function afterMs(ms: number | undefined, action: () => void): () => void {
  const timer = ms === undefined ? undefined : setTimeout(action, ms);
  return () => clearTimeout(timer);
}

function cancelled(reason: unknown, operation: string, subject: string | undefined): SluiceError {
  if (reason instanceof SluiceError) return reason;
  return new SluiceError('cancelled', `${operation} was stopped on request`, {
    operation,
    subject,
    cause: reason,
  });
}

/** What is said of a git, or of whom it speaks with, that was silent. */
export function silent(idleTimeoutMs: number, operation: string, subject: string | undefined): SluiceError {
  const where = subject === undefined ? '' : ` ${subject}`;
  const message = `nothing was heard${where ? ` from${where}` : ''} for ${Math.round(idleTimeoutMs / 100) / 10} s`;
  return new SluiceError('timed_out', message, { operation, subject });
}

function endless(timeoutMs: number, operation: string, subject: string | undefined): SluiceError {
  const what = subject === undefined ? operation : `${operation} on ${subject}`;
  const message = `${what} was not done after ${Math.round(timeoutMs / 100) / 10} s`;
  return new SluiceError('timed_out', message, { operation, subject });
}
