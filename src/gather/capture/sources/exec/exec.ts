import { spawn } from 'node:child_process';
import { asSluiceError, SluiceError } from '../../../../base/errors.ts';
import { MAX_READING_BYTES, type RawReading, type ReadingSource } from '../source.ts';

/** EX_TEMPFAIL of sysexits.h: no reading this time, on purpose. */
const FILTERED = 75;
const MAX_ERROR_CHARS = 500;

/** What a program prints. It runs in a process group of its own, which is killed as a whole when the time is up. */
export class ExecSource implements ReadingSource {
  readonly #command: readonly string[];

  constructor(command: readonly string[]) {
    this.#command = command;
  }

  read(signal: () => AbortSignal): Promise<RawReading | undefined> {
    return run(this.#command, signal());
  }

  async close(): Promise<void> {}
}

function run(
  [program = '', ...args]: readonly string[],
  signal: AbortSignal,
): Promise<RawReading | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let complaint = '';
    let failure: unknown;
    const kill = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // ESRCH: all of it has ended.
      }
    };
    const giveUp = (reason: unknown): void => {
      failure ??= reason;
      kill();
      // A program that left the group may hold the pipe for ever.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const onAbort = (): void => giveUp(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_READING_BYTES)
        giveUp(new SluiceError('answer_too_large', `${program} prints too much`));
      else chunks.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (complaint.length < MAX_ERROR_CHARS) complaint += chunk.toString('utf8');
    });
    child.on('error', error => {
      failure ??= error;
    });
    child.on('close', (code, killedBy) => {
      signal.removeEventListener('abort', onAbort);
      // What it left running in its group goes with it.
      kill();
      if (failure !== undefined) reject(asSluiceError(failure, { operation: 'run', subject: program }));
      else if (code === 0) resolve({ bytes: Buffer.concat(chunks) });
      else if (code === FILTERED) resolve(undefined);
      else reject(failureOf(program, killedBy ?? `exit code ${code}`, complaint));
    });
  });
}

function failureOf(program: string, how: string, complaint: string): SluiceError {
  const why = complaint.trim().slice(0, MAX_ERROR_CHARS).replace(/\s+/g, ' ');
  return new SluiceError('reading_failed', `${program} ended with ${how}${why === '' ? '' : `: ${why}`}`, {
    operation: 'run',
    subject: program,
  });
}
