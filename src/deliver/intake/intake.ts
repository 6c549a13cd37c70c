import { lstatSync } from 'node:fs';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import { RepeatedMessages } from '../../base/repeated-messages.ts';
import type { FileRecord } from '../../keep/local/journal.ts';
import type { DeliveryContext } from '../context.ts';
import { originAt } from '../origin/origin-of.ts';
import type { LeftFiles } from './watch/watch.ts';

/** The same failure to enter files is said once a minute. */
const LOG_EVERY_MS = 60_000;
/** Files being entered at once: two of the journal's largest groups. What has arrived beyond that waits as its path. */
const MAX_ENTERING = 1024;
/**
 * Paths that wait, some 100 bytes each; a batch that would go beyond is refused and comes again with a later sweep. As
 * many are counted at most that could not be entered.
 */
const MAX_WAITING = 200_000;
/** Paths whose fault was logged; beyond that some are logged again. */
const MAX_REFUSED_PATHS = 10_000;

/** Refused files, and such that could not be entered, that are looked for at once. */
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
  /** What could not be put on record, and lies there still as far as is known. */
  readonly #unentered = new Set<string>();
  readonly #entering = new Set<Promise<void>>();
  /** Paths of arrivals in batches as they came, of the first of which `#begun` are taken. */
  #waiting: (readonly string[])[] = [];
  #waitingFiles = 0;
  #begun = 0;
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

  /** Files that were reported and are not on record: they wait for their turn, or for the journal to have room. */
  countUnentered(): number {
    // Those that were taken away meanwhile are not reported again; each time some are looked at, in turn.
    for (const path of [...this.#unentered.values().take(MAX_LOOKS)]) {
      this.#unentered.delete(path);
      if (isThere(path)) this.#unentered.add(path);
    }
    return this.#unentered.size + this.#waitingFiles;
  }

  /** Throws when there are too many at once: the watch reports them again later. */
  take(arrivals: readonly { readonly path: string }[]): void {
    if (this.#waitingFiles + arrivals.length > MAX_WAITING && this.#waitingFiles > 0) {
      throw new SluiceError('slow_down', `${this.#waitingFiles} files wait to be entered already`);
    }
    this.#waiting.push(arrivals.map(({ path }) => path));
    this.#waitingFiles += arrivals.length;
    this.#enterMore();
  }

  /** Lets go of what has arrived and is not being entered yet: it lies where a start finds it. */
  dropWaiting(): void {
    this.#waiting = [];
    this.#waitingFiles = 0;
    this.#begun = 0;
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
      if (!isThere(path)) this.#refusedPaths.delete(path);
    }
  }

  /** Resolves when all that was taken is entered. */
  async settle(): Promise<void> {
    while (this.#entering.size > 0) await Promise.all(this.#entering);
  }

  #enterMore(): void {
    while (this.#entering.size < MAX_ENTERING) {
      const path = this.#nextWaiting();
      if (path === undefined) return;
      try {
        this.#enter(path);
      } catch (error) {
        this.#notEntered(path, error);
      }
    }
  }

  #nextWaiting(): string | undefined {
    const [batch] = this.#waiting;
    const path = batch?.[this.#begun];
    if (path === undefined) {
      if (!batch) return undefined;
      this.#waiting.shift();
      this.#begun = 0;
      return this.#nextWaiting();
    }
    this.#begun += 1;
    this.#waitingFiles -= 1;
    return path;
  }

  #enter(path: string): void {
    const entry = originAt(path, this.#context.settings.folders).enter(this.#context, path);
    if (entry !== undefined && 'fault' in entry) {
      this.refuse(path, entry.fault);
      if (entry.isPassing) this.#events.onNotEntered(path);
      return;
    }
    this.#refusedPaths.delete(path);
    if (!(entry instanceof Promise)) this.#unentered.delete(path);
    if (entry instanceof Promise) this.#awaitRecord(path, entry);
    else if (entry !== undefined) this.#events.onEntered(entry);
  }

  #awaitRecord(path: string, entry: Promise<FileRecord | undefined>): void {
    const entering = entry
      .then(
        record => {
          this.#unentered.delete(path);
          if (record) this.#entered(record);
        },
        error => this.#notEntered(path, error),
      )
      .finally(() => {
        this.#entering.delete(entering);
        this.#enterMore();
      });
    this.#entering.add(entering);
  }

  #entered(record: FileRecord): void {
    const { id, profile, bucket, filepath, size } = record;
    this.#context.log.debug({ profile, bucket, path: filepath, record: id, bytes: size }, 'found');
    this.#events.onEntered(record);
  }

  #notEntered(path: string, error: unknown): void {
    const { log, holds, shortage } = this.#context;
    const known = asSluiceError(error);
    const { code, message: reason } = known;
    if (code === 'folder_unsafe') {
      // Said by its hold.
      holds.folderUnsafe(path, error);
      this.#events.onNotEntered(path);
      return;
    }
    if (this.#unentered.size < MAX_WAITING) this.#unentered.add(path);
    if (code === 'machine_short') {
      shortage.met(known);
      this.#events.onNotEntered(path);
      return;
    }
    const suppressed = this.#messages.admit(code);
    const words = `could not enter ${path} into the journal, tried again soon: ${reason}`;
    if (suppressed !== undefined) log.error({ path, reason, repeated: suppressed || undefined }, words);
    holds.journalFailed(error);
    this.#events.onNotEntered(path);
  }
}

/** Also where that cannot be told just now. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}
