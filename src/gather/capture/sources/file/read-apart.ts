import { SluiceError } from '../../../../base/errors.ts';
import { type RunningProgram, runProgram } from '../../../../base/run-program.ts';
import { MAX_READING_BYTES } from '../source.ts';

/**
 * Reads a file by a program of its own, which may hang in place of this process: a thread that does keeps its place in
 * the pool that everything here shares, and the process from ending.
 */
export class ReadApart {
  readonly #path: string;
  #last: RunningProgram | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * @throws SluiceError reading_failed in the words of the system, answer_too_large, timed_out while the last one hangs;
   * the signal's reason
   */
  async read(signal: AbortSignal): Promise<Buffer> {
    const path = this.#path;
    if (this.#last?.isAlive()) throw new SluiceError('timed_out', `${path}: the last read hangs still`);
    const command = ['head', '-c', String(MAX_READING_BYTES + 1), path];
    this.#last = runProgram(command, { signal, maxBytes: MAX_READING_BYTES });
    const { exitCode, killedBy, output, complaint } = await this.#last.end.catch(error => {
      if (!(error instanceof SluiceError) || error.code !== 'answer_too_large') throw error;
      const limit = `${Math.floor(MAX_READING_BYTES / 2 ** 20)} MiB`;
      const what = `${path}: it is larger than a reading may be (${limit}), or has no end`;
      throw new SluiceError('answer_too_large', what, { cause: error });
    });
    if (exitCode === 0) return output;
    const words = complaint.split(': ').at(-1) || killedBy || `exit code ${exitCode}`;
    throw new SluiceError('reading_failed', `${path}: cannot read it: ${words.toLowerCase()}`, {
      operation: 'read',
      subject: path,
    });
  }
}
