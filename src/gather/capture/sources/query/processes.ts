import type { Clock } from '../../../../base/clock.ts';
import type { QueryProcess } from './query.ts';

/** A query waits for so long behind others before it gets a process of its own. */
const PATIENCE_MS = 250;
/** Each takes some 50 MiB. */
const MAX_PROCESSES = 4;

type OneProcess = Pick<QueryProcess, 'ask' | 'close'>;

/**
 * The queries of all collectors: one after the other in one process, as long as they are quick. One that takes long, or
 * has no end, keeps that process to itself, and those that wait behind it get another:
 *
 *   none idle ──250 ms──▶ one more, up to four ──nobody waits any more──▶ ended, all but one
 */
export class QueryProcesses {
  readonly #clock: Pick<Clock, 'timer'>;
  readonly #open: () => OneProcess;
  readonly #idle: OneProcess[] = [];
  readonly #all = new Set<OneProcess>();
  /** Those that wait, in the order of asking. */
  readonly #waiting = new Set<(process: OneProcess) => void>();

  /** @param open makes one, which takes nothing until it is asked */
  constructor(clock: Pick<Clock, 'timer'>, open: () => OneProcess) {
    this.#clock = clock;
    this.#open = open;
  }

  /** The rows as a JSON list. Rejects with the signal's reason. */
  async ask(sql: string, signal: AbortSignal): Promise<string> {
    const process = await this.#take(signal);
    try {
      return await process.ask(sql, signal);
    } finally {
      this.#giveBack(process);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map(process => process.close()));
  }

  async #take(signal: AbortSignal): Promise<OneProcess> {
    signal.throwIfAborted();
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#all.size === 0) return this.#another();
    const { promise, resolve, reject } = Promise.withResolvers<OneProcess>();
    const onAbort = (): void => {
      this.#waiting.delete(resolve);
      reject(signal.reason);
    };
    const cancel = this.#clock.timer(PATIENCE_MS, () => {
      if (this.#all.size < MAX_PROCESSES && this.#waiting.delete(resolve)) resolve(this.#another());
    });
    this.#waiting.add(resolve);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await promise;
    } finally {
      cancel();
      signal.removeEventListener('abort', onAbort);
    }
  }

  #another(): OneProcess {
    const process = this.#open();
    this.#all.add(process);
    return process;
  }

  #giveBack(process: OneProcess): void {
    const [next] = this.#waiting;
    if (next) {
      this.#waiting.delete(next);
      next(process);
    } else if (this.#idle.length === 0) this.#idle.push(process);
    else {
      this.#all.delete(process);
      void process.close();
    }
  }
}
