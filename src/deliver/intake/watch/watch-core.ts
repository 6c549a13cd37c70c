import { applyEvent } from './apply-events.ts';
import { decodeEvents } from './inotify-events.ts';
import { Inspector } from './inspector.ts';
import { Jobs } from './jobs.ts';
import type { Libc } from './libc.ts';
import type { Answer, Arrival, Request, ThreadSetup } from './messages.ts';
import { Rechecks } from './rechecks.ts';
import { Sweeper } from './sweep.ts';
import { type Place, Tree } from './tree.ts';

/** How long listings may run before events and requests are served again. The kernel queues 16 384 events by default. */
const SLICE_MS = 10;
/** Arrivals in one message to the main thread. */
const BATCH = 512;
/** Bytes taken from the kernel in one read: some 2 000 events. */
const READ_BYTES = 65_536;

export interface CoreOptions extends ThreadSetup {
  readonly libc: Libc | undefined;
  readonly monotonicMs: () => number;
  readonly nowMs: () => number;
  readonly send: (answer: Answer) => void;
}

/** Everything the watching thread does, less its waiting: one `turn` serves all that can be served now. */
export class WatchCore {
  readonly #options: CoreOptions;
  readonly #jobs = new Jobs();
  readonly #rechecks = new Rechecks<Place>();
  readonly #tree: Tree;
  readonly #inspector: Inspector;
  readonly #sweeper: Sweeper;
  readonly #buffer = Buffer.alloc(READ_BYTES);
  #arrivals: Arrival[] = [];
  #eventsPaused = false;

  constructor(options: CoreOptions) {
    this.#options = options;
    const { libc, descriptors, monotonicMs, nowMs, settleMs, send } = options;
    const notifier = libc && descriptors ? { libc, inotify: descriptors.inotify } : undefined;
    this.#tree = new Tree(options.maxRemembered, watch =>
      notifier?.libc.removeWatch(notifier.inotify, watch),
    );
    this.#inspector = new Inspector({
      tree: this.#tree,
      rechecks: this.#rechecks,
      libc,
      settleMs,
      monotonicMs,
      onArrival: arrival => this.#arrived(arrival),
      onTrouble: trouble => send({ type: 'trouble', trouble }),
    });
    this.#sweeper = new Sweeper({
      tree: this.#tree,
      inspector: this.#inspector,
      jobs: this.#jobs,
      notifier,
      nowMs,
      onTrouble: trouble => send({ type: 'trouble', trouble }),
    });
  }

  /** Takes a request from the main thread; what it asks for happens in the turns that follow. */
  request(request: Request): void {
    switch (request.type) {
      case 'add-root':
        this.#tree.roots.set(request.path, undefined);
        this.#sweeper.openRoot(request.path);
        this.#jobs.addPatient(this.#answerWhenListed(request.id));
        return;
      case 'remove-root':
        this.#sweeper.closeRoot(request.path);
        this.#done(request.id);
        return;
      case 'sweep':
        this.#jobs.addPatient(this.#sweep(request.deep, request.id));
        return;
      case 'forget':
        for (const path of request.paths) this.#forget(path);
        return;
      case 'fault':
        if (request.fault === 'crash') throw new Error('crash asked for');
        this.#eventsPaused = request.fault === 'pause-events';
        this.#done(request.id);
        return;
      case 'stop':
        return;
    }
  }

  /** Serves events, what falls due, and a slice of the listings, and sends what was found. */
  turn(): void {
    this.#readEvents();
    for (const place of this.#rechecks.takeDue(this.#options.monotonicMs())) {
      this.#sweeper.look(place, this.#options.descriptors ? 'event' : 'sweep');
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

  *#sweep(deep: boolean, id: number): Generator<void, void, void> {
    yield* this.#sweeper.sweep(deep);
    this.#done(id);
  }

  *#answerWhenListed(id: number): Generator<void, void, void> {
    while (this.#jobs.urgentPending) yield;
    this.#done(id);
  }

  #forget(path: string): void {
    const place = this.#tree.locate(path);
    if (!place) return;
    this.#tree.forget(place.directory, place.name);
    // If the file is still there, the next sweep must find it.
    place.directory.listedMtimeMs = Number.NaN;
  }

  #arrived(arrival: Arrival): void {
    this.#arrivals.push(arrival);
    if (this.#arrivals.length >= BATCH) this.#flush();
  }

  #done(id: number): void {
    this.#flush();
    this.#options.send({ type: 'done', id });
  }

  #flush(): void {
    if (this.#arrivals.length === 0) return;
    const arrivals = this.#arrivals;
    this.#arrivals = [];
    this.#options.send({ type: 'arrivals', arrivals });
  }
}
