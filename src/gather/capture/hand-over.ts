import { lstatSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import { Enclosure } from '../../base/files/enclosure.ts';
import type { Logger } from '../../base/log.ts';
import type { FaultBoard } from '../../base/ongoing-faults.ts';
import { RepeatedMessages } from '../../base/repeated-messages.ts';
import type { CaptureJournal } from '../../keep/local/captures.ts';
import type { FinishedFile } from './files/collector-files.ts';

/** Pause before files that could not be handed over are tried again. */
const RETRY_MS = 1_000;
/** Why they could not be is logged at most this often, unless it is another reason. */
const LOG_EVERY_MS = 60_000;
/** Files whose rows share a transaction. */
const GROUP = 256;

export interface HandOverOptions {
  readonly journal: Pick<CaptureJournal, 'enter'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly faults?: FaultBoard | undefined;
}

/**
 * Hands finished files over to delivery: first their rows, on the disk, then one rename each to the same path below
 * `incoming`. A crash between the two leaves the file in the capture folder with a row that the next start finds
 * again, so that no file is entered twice and none is without a row.
 */
export class HandOver {
  readonly #from: Enclosure;
  readonly #to: Enclosure;
  readonly #options: HandOverOptions;
  readonly #messages: RepeatedMessages;
  #queue: FinishedFile[] = [];
  #running: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  #closed = false;

  /**
   * @param from the capture folder
   * @param to delivery's `incoming`; on the same file system
   */
  constructor(from: string, to: string, options: HandOverOptions) {
    this.#from = new Enclosure(from);
    this.#to = new Enclosure(to);
    this.#options = options;
    this.#messages = new RepeatedMessages(options.clock, LOG_EVERY_MS);
  }

  add(finished: FinishedFile): void {
    this.#queue.push(finished);
    if (!this.#cancelRetry) this.#run();
  }

  /** Resolves when all that was added is handed over, or has failed and waits for the next try. */
  async settle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** As `settle`; what is left then lies in the capture folder for the next start. May be called again. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (this.#queue.length > 0) this.#run();
    await this.settle();
  }

  #run(): void {
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
    });
  }

  async #work(): Promise<void> {
    const { journal, clock } = this.#options;
    // A turn of the event loop's room, so that files that come together share a transaction.
    await new Promise(resolve => setImmediate(resolve));
    const left: FinishedFile[] = [];
    while (this.#queue.length > 0) {
      const group = this.#queue.slice(0, GROUP);
      try {
        await journal.enter(group.flatMap(({ file }) => file ?? []));
      } catch (error) {
        this.#report(error);
        break;
      }
      this.#queue = this.#queue.slice(group.length);
      for (const one of group) {
        try {
          this.#move(one);
        } catch (error) {
          // What is in the way of one is not in the way of the others.
          left.push(one);
          this.#report(error);
        }
      }
    }
    this.#queue = [...left, ...this.#queue];
    if (this.#queue.length === 0) this.#options.faults?.end('capture folder');
    if (this.#queue.length === 0 || this.#closed) return;
    this.#cancelRetry = clock.timer(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      this.#run();
    });
  }

  #report(error: unknown): void {
    this.#options.faults?.begin('capture folder', error, {
      words: 'files of readings wait in the capture folder',
      hint: 'Nothing is lost: they are handed over to delivery as soon as that can be.',
      isTriedAgain: true,
    });
    const { code, message: reason } = asSluiceError(error);
    const suppressed = this.#messages.admit(this.#closed ? 'closed' : code);
    if (suppressed === undefined) return;
    const facts = { code, files: this.#queue.length, repeated: suppressed || undefined };
    this.#options.log.error(facts, `readings wait in the capture folder: ${reason}`);
  }

  #move({ path, companions }: FinishedFile): void {
    const [from, to] = [this.#from, this.#to];
    for (const each of [...companions, path]) {
      try {
        // Others may write to `incoming`: a link put on the way there is not followed.
        from.rename(each, to, each, false);
      } catch (error) {
        // It came twice, after the thread that wrote it came back: it has been moved.
        const isGone = from.stat(each) === undefined;
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || !isGone)
          throw asSluiceError(error, { operation: 'hand over', subject: each });
      }
    }
  }
}

/**
 * Sees that files can be renamed from one folder into the other. Both must be there. @throws SluiceError spool_invalid
 */
export function assertSameFileSystem(capture: string, incoming: string): void {
  if (lstatSync(capture).dev === lstatSync(incoming).dev) return;
  throw new SluiceError('spool_invalid', `${capture} is on another file system than ${incoming}`, {
    subject: capture,
    hint: 'Set capture.directory to a folder on the file system of deliver.directory.',
  });
}
