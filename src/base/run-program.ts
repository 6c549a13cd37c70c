import { type ChildProcess, spawn } from 'node:child_process';
import { SluiceError } from './errors.ts';

/** What a program that ended left. */
export interface ProgramEnd {
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  readonly killedBy: NodeJS.Signals | null;
  readonly output: Buffer;
  /** The beginning of what it wrote to its standard error, in one line. */
  readonly complaint: string;
}

/** A program that runs. */
export interface RunningProgram {
  /**
   * Settles when the program itself has ended, when the signal aborts or when it prints too much, whichever is first.
   * Rejects with the signal's reason, `answer_too_large`, or the system's error where it could not be started.
   */
  readonly end: Promise<ProgramEnd>;
  /** Whether its process is still there: one that hangs in the kernel outlives being killed. */
  readonly isAlive: () => boolean;
}

const MAX_COMPLAINT_CHARS = 500;
/** Once the program has ended, what it printed is waited for until nothing came for so long. */
const QUIET_MS = 50;
/** As long as that at most, for one that another process goes on printing into. */
const DRAIN_MS = 1_000;

/**
 * Runs a program in a process group of its own. Its end is the end of its own process: what it left running in the
 * group is killed then, and what left the group may keep the pipe and is not waited for.
 */
export function runProgram(
  [program = '', ...args]: readonly string[],
  { signal, maxBytes }: { readonly signal: AbortSignal; readonly maxBytes: number },
): RunningProgram {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const { promise, resolve, reject } = Promise.withResolvers<ProgramEnd>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  let complaint = '';
  let isQuiet = true;
  let cancelDrain = (): void => undefined;
  const letGo = (): void => {
    signal.removeEventListener('abort', onAbort);
    cancelDrain();
    killGroup(child);
    // Whoever else has the pipe may keep it for ever.
    child.stdout?.destroy();
    child.stderr?.destroy();
    child.unref();
  };
  const giveUp = (reason: unknown): void => {
    letGo();
    reject(reason);
  };
  const onAbort = (): void => giveUp(signal.reason);
  const finish = (): void => {
    letGo();
    const { exitCode, signalCode: killedBy } = child;
    resolve({
      exitCode,
      killedBy,
      output: Buffer.concat(chunks),
      complaint: complaint.trim().slice(0, MAX_COMPLAINT_CHARS).replace(/\s+/g, ' '),
    });
  };
  child.on('error', giveUp);
  child.stdout?.on('data', (chunk: Buffer) => {
    isQuiet = false;
    bytes += chunk.length;
    if (bytes > maxBytes) giveUp(new SluiceError('answer_too_large', `${program} prints too much`));
    else chunks.push(chunk);
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    if (complaint.length < MAX_COMPLAINT_CHARS) complaint += chunk.toString('utf8');
  });
  child.on('exit', () => {
    killGroup(child);
    cancelDrain = whenQuiet(() => {
      const wasQuiet = isQuiet;
      isQuiet = true;
      return wasQuiet;
    }, finish);
  });
  child.on('close', finish);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  const isAlive = (): boolean =>
    child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  return { end: promise, isAlive };
}

/** Calls `then` once `isQuiet` has said so, or after the longest time. @returns what cancels it */
function whenQuiet(isQuiet: () => boolean, then: () => void): () => void {
  let rounds = 0;
  let immediate: NodeJS.Immediate | undefined;
  const timer = setInterval(() => {
    // What lies in the pipe already is read before this turn ends: a busy machine must not cut it off.
    immediate = setImmediate(() => {
      rounds += 1;
      if (isQuiet() || rounds * QUIET_MS >= DRAIN_MS) then();
    });
  }, QUIET_MS);
  return () => {
    clearInterval(timer);
    if (immediate) clearImmediate(immediate);
  };
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: all of it has ended.
  }
}
