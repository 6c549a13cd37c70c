import { SluiceError } from '../../../../base/errors.ts';
import { type ProgramEnd, type RunningProgram, runProgram } from '../../../../base/run-program.ts';
import { readingFailure } from '../failure.ts';
import { MAX_READING_BYTES, type RawReading, type ReadingSource } from '../source.ts';

/** EX_TEMPFAIL of sysexits.h: no reading this time, on purpose. */
const FILTERED = 75;

/**
 * What a program prints until it ends. All that it started is killed with it when the time is up; what it leaves in the
 * background holds up nothing.
 */
export class ExecSource implements ReadingSource {
  readonly #command: readonly string[];
  #last: RunningProgram | undefined;

  constructor(command: readonly string[]) {
    this.#command = command;
  }

  async read(signal: () => AbortSignal): Promise<RawReading | undefined> {
    const [program = ''] = this.#command;
    if (this.#last?.isAlive()) {
      throw new SluiceError('reading_failed', `${program}: its last run hangs still and cannot be killed`);
    }
    try {
      this.#last = runProgram(this.#command, { signal: signal(), maxBytes: MAX_READING_BYTES });
      return readingOf(program, await this.#last.end);
    } catch (error) {
      throw readingFailure(error, { operation: 'run', subject: program });
    }
  }

  async close(): Promise<void> {}
}

function readingOf(program: string, end: ProgramEnd): RawReading | undefined {
  const { exitCode, killedBy, output, complaint } = end;
  if (exitCode === 0) return { bytes: output };
  if (exitCode === FILTERED) return undefined;
  const how = killedBy ?? `exit code ${exitCode}`;
  throw new SluiceError('reading_failed', `${program} ended with ${how}${complaint && `: ${complaint}`}`, {
    operation: 'run',
    subject: program,
  });
}
