import type { Clock } from '../../base/clock.ts';
import type { SluiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { RepeatedMessages } from '../../base/repeated-messages.ts';
import type { HoldReason, Place } from '../../engine/place-hold.ts';
import type { FileRecord } from '../../keep/local/journal.ts';

/** What it is as a place. */
const THIS_MACHINE: Place = { kind: 'disk', name: 'this machine' };
/** It is over when it was not met for so long. */
const QUIET_MS = 60_000;
/** Files that are counted at the most. */
const MAX_COUNTED = 10_000;

export interface MachineShortageOptions {
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  readonly log: Logger;
  /** Less is to go at once to this endpoint. */
  readonly onShort: (endpoint: string) => void;
}

/** This machine as a place that has too little left. */
export interface ShortPlace {
  readonly place: Place;
  readonly sinceMs: number;
  readonly reason: HoldReason;
  readonly files: number;
}

/**
 * What this machine, or this process by its limits, has too little of to do as much at once: open files, memory. No place
 * is held for it, since what is done less of goes on; it is shown as one while files meet it.
 */
export class MachineShortage {
  readonly #options: MachineShortageOptions;
  readonly #messages: RepeatedMessages;
  /** Files that met it and have not arrived since. */
  readonly #files = new Set<number>();
  #sinceMs = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #error: SluiceError | undefined;

  constructor(options: MachineShortageOptions) {
    this.#options = options;
    this.#messages = new RepeatedMessages(options.clock, QUIET_MS);
  }

  /** An attempt met it: less is to go at once to that endpoint. */
  metSending({ id }: Pick<FileRecord, 'id'>, endpoint: string, error: SluiceError): void {
    this.met(error);
    if (this.#files.size < MAX_COUNTED) this.#files.add(id);
    this.#options.onShort(endpoint);
  }

  /** Something else met it. */
  met(error: SluiceError): void {
    const { clock, log } = this.#options;
    if (!this.#isOn()) {
      this.#files.clear();
      this.#sinceMs = clock.nowMs();
    }
    this.#lastMs = clock.monotonicMs();
    this.#error = error;
    const { code, message: reason, hint } = error;
    const suppressed = this.#messages.admit(code);
    if (suppressed !== undefined) {
      const facts = { code, reason, hint, repeated: suppressed || undefined };
      log.warn(facts, `${THIS_MACHINE.name} has too little left; less is sent at once`);
    }
  }

  /** A file arrived. */
  arrived({ id }: Pick<FileRecord, 'id'>): void {
    this.#files.delete(id);
  }

  /** It as a place, with the files that wait for it; undefined while none does. @param unentered files that are not on record yet */
  status(unentered: number): ShortPlace | undefined {
    const files = this.#files.size + unentered;
    if (!this.#error || !this.#isOn() || files === 0) return undefined;
    const { code, message, hint } = this.#error;
    return { place: THIS_MACHINE, sinceMs: this.#sinceMs, reason: { code, message, hint }, files };
  }

  #isOn(): boolean {
    return this.#options.clock.monotonicMs() - this.#lastMs < QUIET_MS;
  }
}
