import { applyEvent } from './apply-events.ts';
import { decodeEvents } from './inotify-events.ts';
import { Inspector } from './inspector.ts';
import { type Job, Jobs } from './jobs.ts';
import { leftFiles } from './left-files.ts';
import type { Libc } from './libc.ts';
import type { Arrival, ThreadSetup, WatchEvent } from './messages.ts';
import { NameRules } from './name-rules.ts';
import { PlaceFailures } from './place-failures.ts';
import { Rechecks } from './rechecks.ts';
import { Sweeper } from './sweep.ts';
import { type DirectoryEntry, Tree } from './tree.ts';

/**
 * How long listings may run before events and requests are served again. The kernel queues 16 384 events by default.
 */
const SLICE_MS = 10;
/** Arrivals in one message to the main thread. */
const BATCH = 512;
/** Bytes taken from the kernel in one read: some 2 000 events. */
const READ_BYTES = 65_536;

export interface CoreOptions extends ThreadSetup {
  readonly libc: Libc | undefined;
  readonly monotonicMs: () => number;
  readonly nowMs: () => number;
  readonly sendEvent: (event: WatchEvent) => void;
}

/**
 * Everything the watching thread does, less its waiting: one `turn` serves all that can be served now. What is asked
 * for happens in the turns that follow; its promise resolves after all that came of it was sent.
 */
export class WatchCore {
  readonly #options: CoreOptions;
  readonly #jobs = new Jobs();
  readonly #rechecks = new Rechecks<DirectoryEntry>();
  readonly #tree: Tree;
  readonly #names: NameRules;
  readonly #failures: PlaceFailures;
  readonly #inspector: Inspector;
  readonly #sweeper: Sweeper;
  readonly #buffer = Buffer.alloc(READ_BYTES);
  #arrivals: Arrival[] = [];
  #eventsPaused = false;
  #leftText = '[]';
  #wasFailing = false;

  constructor(options: CoreOptions) {
    this.#options = options;
    const {
      libc,
      descriptors,
      monotonicMs,
      nowMs,
      settleMs,
      settleAfterCloseMs,
      temporaryRestMs,
      sendEvent,
    } = options;
    this.#names = new NameRules(options.names);
    const notifier = libc && descriptors ? { libc, inotify: descriptors.inotify } : undefined;
    this.#tree = new Tree(options.maxRemembered, watch =>
      notifier?.libc.removeWatch(notifier.inotify, watch),
    );
    this.#failures = new PlaceFailures(this.#tree);
    this.#inspector = new Inspector({
      failures: this.#failures,
      tree: this.#tree,
      rechecks: this.#rechecks,
      libc,
      settleMs,
      settleAfterCloseMs,
      temporaryRestMs,
      names: this.#names,
      monotonicMs,
      onArrival: arrival => this.#arrived(arrival),
      onTrouble: trouble => sendEvent({ type: 'trouble', trouble }),
    });
    this.#sweeper = new Sweeper({
      failures: this.#failures,
      tree: this.#tree,
      inspector: this.#inspector,
      jobs: this.#jobs,
      notifier,
      names: this.#names,
      stayingRoots: options.stayingRoots,
      nowMs,
      onTrouble: trouble => sendEvent({ type: 'trouble', trouble }),
    });
  }

  /** Resolves when all below it is listed. */
  addRoot(path: string): Promise<void> {
    this.#tree.roots.set(path, undefined);
    this.#sweeper.openRoot(path);
    return this.#whenDone(this.#untilListed());
  }

  removeRoot(path: string): void {
    this.#sweeper.closeRoot(path);
    this.#flush();
  }

  /** @param deep inspects every file instead of names alone */
  sweep(deep: boolean): Promise<void> {
    return this.#whenDone(this.#sweepAndCount(deep));
  }

  /** See `Watch.forget`. */
  forget(paths: readonly string[]): void {
    for (const path of paths) this.#forget(path);
  }

  /** For tests: whether the kernel's events are left unread. */
  pauseEvents(paused: boolean): void {
    this.#eventsPaused = paused;
  }

  /** Serves events, what falls due, and a slice of the listings, and sends what came of it. */
  turn(): void {
    this.#readEvents();
    for (const place of this.#rechecks.takeDue(this.#options.monotonicMs())) {
      this.#sweeper.inspect(place, this.#options.descriptors ? 'event' : 'sweep');
    }
    this.#jobs.run(this.#options.monotonicMs, SLICE_MS);
    this.#flush();
  }

  /** Milliseconds until there is something to do without news from outside; Infinity when there is nothing. */
  idleMs(): number {
    if (this.#jobs.pending) return 0;
    return Math.max(0, this.#rechecks.nextDueMs() - this.#options.monotonicMs());
  }

  #readEvents(): void {
    const { libc, descriptors } = this.#options;
    if (!libc || !descriptors || this.#eventsPaused) return;
    let overflowed = false;
    // Bounded: a tree that changes faster than it is read must not keep requests from being served.
    for (let reads = 0; reads < 8; reads += 1) {
      const length = libc.read(descriptors.inotify, this.#buffer);
      if (length === 0) break;
      for (const event of decodeEvents(this.#buffer.subarray(0, length))) {
        if (applyEvent(event, this.#tree, this.#inspector, this.#sweeper)) overflowed = true;
      }
    }
    if (overflowed) this.#jobs.addPatient(this.#sweeper.sweep(true));
  }

  #whenDone(job: Job): Promise<void> {
    return new Promise(resolve => {
      this.#jobs.addPatient(this.#flushed(job, resolve));
    });
  }

  *#flushed(job: Job, resolve: () => void): Job {
    yield* job;
    this.#flush();
    resolve();
  }

  *#sweepAndCount(deep: boolean): Job {
    yield* this.#sweeper.sweep(deep);
    this.#tellFailing();
    const left = leftFiles(this.#tree, this.#names);
    const text = JSON.stringify(left);
    if (text === this.#leftText) return;
    this.#leftText = text;
    this.#options.sendEvent({ type: 'left', left });
  }

  #tellFailing(): void {
    const roots = this.#failures.take();
    if (roots.length > 0 || this.#wasFailing) this.#options.sendEvent({ type: 'failing', roots });
    this.#wasFailing = roots.length > 0;
  }

  *#untilListed(): Job {
    while (this.#jobs.urgentPending) yield;
  }

  #forget(path: string): void {
    const place = this.#tree.locate(path);
    if (!place) return;
    this.#tree.forget(place.directory, place.name);
    // If the file is still there, the next sweep must find it.
    place.directory.listedMtimeMs = Number.NaN;
    place.directory.relist = true;
  }

  #arrived(arrival: Arrival): void {
    this.#arrivals.push(arrival);
    if (this.#arrivals.length >= BATCH) this.#flush();
  }

  #flush(): void {
    if (this.#arrivals.length === 0) return;
    const arrivals = this.#arrivals;
    this.#arrivals = [];
    this.#options.sendEvent({ type: 'arrivals', arrivals });
  }
}
