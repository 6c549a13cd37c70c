import type { Clock } from '../base/clock.ts';
import { asSluiceError } from '../base/errors.ts';
import { stampOfAll } from '../base/files/file-stamp.ts';
import type { Service } from '../base/lifecycle.ts';
import type { Logger } from '../base/log.ts';
import type { FaultBoard } from '../base/ongoing-faults.ts';
import { Repeating } from '../base/repeating.ts';

export interface CredentialsWatchOptions {
  /** Every file whose change may change the profiles, there or not; asked for each time. */
  readonly paths: () => readonly string[];
  /** Takes over what the files say now. Never called while an earlier call still runs. */
  readonly onChange: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly faults?: FaultBoard;
}

/** Two looks that see the same stand for a file that is written to its end. */
const LOOK_MS = 1000;

/**
 * Keeps delivery in step with the credentials files, which other programs renew:
 *
 *   idle ──start()──▶ quiet ──a look sees other stamps──▶ settling ──the next sees the same──▶ reading ──▶ quiet
 *   any ──stop()──▶ stopped
 *
 * It looks instead of having events told: the files lie in folders that may not be there yet, are replaced by links of
 * mounted secrets, and are few. A file that cannot be taken over is reported once, and the old keys go on.
 */
export class CredentialsWatch implements Service {
  readonly name = 'credentials';
  readonly #options: CredentialsWatchOptions;
  readonly #looks: Repeating;
  #read = '';
  #seen = '';

  constructor(options: CredentialsWatchOptions) {
    this.#options = options;
    const { clock } = options;
    this.#looks = new Repeating({ clock, pauseMs: () => LOOK_MS, work: () => this.#look() });
  }

  async start(): Promise<void> {
    this.#read = await this.#stamps();
    this.#seen = this.#read;
    this.#looks.start();
  }

  async stop(): Promise<void> {
    await this.#looks.stop();
  }

  async #look(): Promise<void> {
    const { onChange, log, faults } = this.#options;
    const stamps = await this.#stamps();
    const isSettled = stamps === this.#seen;
    this.#seen = stamps;
    if (!isSettled || stamps === this.#read) return;
    this.#read = stamps;
    try {
      await onChange();
      faults?.end('credentials');
    } catch (error) {
      const { code, message: reason, hint } = asSluiceError(error);
      log.error({ code, reason, hint }, 'changed credentials not taken over; the old ones go on');
      faults?.begin('credentials', error, {
        words: 'changed credentials are not taken over, the old ones go on',
        hint: 'Mend the credentials file; it is read again when it changes.',
      });
    }
  }

  #stamps(): Promise<string> {
    return stampOfAll(this.#options.paths());
  }
}
