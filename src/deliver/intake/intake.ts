import { lstatSync } from 'node:fs';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import { RepeatedMessages } from '../../base/repeated-messages.ts';
import type { FileRecord } from '../../keep/local/journal.ts';
import type { DeliveryContext } from '../context.ts';
import { originAt } from '../origin/origin-of.ts';
import type { LeftFiles } from './watch/watch.ts';

/** The same failure to enter files is said once a minute. */
const LOG_EVERY_MS = 60_000;
/** Files being entered at once; a batch that would go beyond is refused and comes again with a later sweep. */
const MAX_ENTERING = 20_000;
/** Paths whose fault was logged; beyond that some are logged again. */
const MAX_REFUSED_PATHS = 10_000;

/** Refused files that are looked for at once. */
const MAX_LOOKS = 200;

/** Files that lie where they would be taken from, and are not, for one reason. */
export interface DeliveryLeft extends Omit<LeftFiles, 'kind'> {
  /** `refused`: they cannot be delivered as they are, for a name or a place. */
  readonly kind: LeftFiles['kind'] | 'refused';
}

/** What the intake calls as files are entered. */
export interface IntakeEvents {
  /** The record of a file that may be due. */
  readonly onEntered: (record: FileRecord) => void;
  /** A file could not be entered, or not yet: it is to be reported again. */
  readonly onNotEntered: (path: string) => void;
}

/** Turns files that the watch reports, in `incoming` and in the folders, into records. */
export class Intake {
  readonly #messages: RepeatedMessages;
  readonly #context: DeliveryContext;
  readonly #events: IntakeEvents;
  /** What is refused as it lies, and why. */
  readonly #refusedPaths = new Map<string, string>();
  readonly #entering = new Set<Promise<void>>();
  #refused = 0;

  constructor(context: DeliveryContext, events: IntakeEvents) {
    this.#context = context;
    this.#messages = new RepeatedMessages(context.clock, LOG_EVERY_MS);
    this.#events = events;
  }

  /** Files in the spool that cannot be delivered as they are, seen since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Throws when there are too many at once: the watch reports them again later. */
  take(arrivals: readonly { readonly path: string }[]): void {
    if (this.#entering.size + arrivals.length > MAX_ENTERING && this.#entering.size > 0) {
      throw new SluiceError('slow_down', `${this.#entering.size} files are being entered already`);
    }
    for (const { path } of arrivals) this.#enter(path);
  }

  /** Says once that a file cannot be delivered as it is. */
  refuse(path: string, fault: string): void {
    if (this.#refusedPaths.has(path)) return;
    if (this.#refusedPaths.size >= MAX_REFUSED_PATHS) this.#refusedPaths.clear();
    this.#refusedPaths.set(path, fault);
    if (this.#context.spool.holds(path)) this.#refused += 1;
    this.#context.log.warn({ path }, `${path} ${fault}`);
  }

  /** What is refused as it lies. */
  left(): DeliveryLeft[] {
    const [first] = this.#refusedPaths;
    return first
      ? [{ kind: 'refused', files: this.#refusedPaths.size, example: `${first[0]} ${first[1]}` }]
      : [];
  }

  /** Looks whether some of what is refused is there still. */
  forgetGone(): void {
    let looks = 0;
    for (const path of this.#refusedPaths.keys()) {
      if (looks >= MAX_LOOKS) return;
      looks += 1;
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) this.#refusedPaths.delete(path);
    }
  }

  /** Resolves when all that was taken is entered. */
  async settle(): Promise<void> {
    while (this.#entering.size > 0) await Promise.all(this.#entering);
  }

  #enter(path: string): void {
    const entry = originAt(path, this.#context.settings.folders).enter(this.#context, path);
    if (entry !== undefined && 'fault' in entry) {
      this.refuse(path, entry.fault);
      if (entry.isPassing) this.#events.onNotEntered(path);
      return;
    }
    this.#refusedPaths.delete(path);
    if (entry instanceof Promise) this.#awaitRecord(path, entry);
    else if (entry !== undefined) this.#events.onEntered(entry);
  }

  #awaitRecord(path: string, entry: Promise<FileRecord | undefined>): void {
    const { log, holds } = this.#context;
    const entering = entry.then(
      record => {
        this.#entering.delete(entering);
        if (!record) return;
        const { id, profile, bucket, filepath, size } = record;
        log.debug({ profile, bucket, path: filepath, record: id, bytes: size }, 'found');
        this.#events.onEntered(record);
      },
      error => {
        this.#entering.delete(entering);
        const { code, message: reason } = asSluiceError(error);
        const suppressed = this.#messages.admit(code);
        const words = `could not enter ${path} into the journal, tried again soon: ${reason}`;
        if (suppressed !== undefined) log.error({ path, reason, repeated: suppressed || undefined }, words);
        holds.journalFailed(error);
        this.#events.onNotEntered(path);
      },
    );
    this.#entering.add(entering);
  }
}
