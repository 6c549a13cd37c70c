import { resolve } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import type { Service } from '../../../base/lifecycle.ts';
import type { Logger } from '../../../base/log.ts';
import { watchLimitOf } from '../../../base/watch-limits.ts';
import { type Libc, loadLibc } from './libc.ts';
import type {
  Arrival,
  FailingRoot,
  Fault,
  LeftFiles,
  NameRulesSetup,
  ThreadSetup,
  WatchMode,
  WatchTrouble,
} from './messages.ts';
import { WatchClient } from './watch-client.ts';

export type {
  Arrival,
  FailingRoot,
  LeftFiles,
  TroubleKind,
  Via,
  WatchMode,
  WatchTrouble,
} from './messages.ts';

/** What is watched, how, and who is called. */
export interface WatchOptions {
  /** Directories watched with all below them; need not exist yet. More by `addRoot`. */
  readonly roots: readonly string[];
  /** Pause between two reconciling sweeps (`sync.interval`). */
  readonly sweepIntervalMs: number;
  /** Where the kernel cannot say whether a file is still written: how long it must have stayed the same. */
  readonly settleMs: number;
  /** How long a file must have stayed the same after it was closed; 0 by default. */
  readonly settleAfterCloseMs?: number;
  /** Globs of temporary names and of what is ignored, and where a file's own path begins below a root. */
  readonly names?: Partial<NameRulesSetup>;
  /** Roots whose files stay: there, any change of a file's inode has it reported again. */
  readonly stayingRoots?: readonly string[];
  /** How long a file under a temporary name must have stayed the same; a minute by default. */
  readonly temporaryRestMs?: number;
  /** Times the sweeps. (Settling is timed in the watching thread, by the system's clock.) */
  readonly clock: Clock;
  readonly log: Logger;
  /** `auto` takes kernel events where they are to be had; `sweep` never does. */
  readonly mode?: 'auto' | 'sweep';
  /** How many files that stay in place are remembered; about 250 bytes each. */
  readonly maxRemembered?: number;
  /**
   * Files that have arrived, in batches. Must return soon. If it throws, the batch is reported again by a later sweep.
   */
  readonly onArrival: (arrivals: readonly Arrival[]) => void;
  /** Something for a person to know, once each. */
  readonly onTrouble: (trouble: WatchTrouble) => void;
  /** What lies there and is not taken, whenever a sweep finds that it has changed. */
  readonly onLeft?: (left: readonly LeftFiles[]) => void;
  /** Roots whose disk fails, after each sweep in which some do and once when none does any more. */
  readonly onFailing?: (roots: readonly FailingRoot[]) => void;
  /** Where to load the foreign function interface from; a test names one that is not there. */
  readonly foreignFunctionModule?: string;
}

/**
 * Notices every file that arrives under a set of directories, and none that is still being written. A file has arrived
 * when it lies there and nobody has it open for writing; it is reported once for each content it takes under each name.
 * Which content a reader finds later is the reader's to check.
 *
 * States: idle ──start()──▶ running ──stop()──▶ stopped. `stopped` is final. While running the watching thread
 * may fail; it is then replaced by one that sweeps only, which reports all that lies there again.
 */
export interface Watch extends Service {
  /** What is in effect; `inotify` still sweeps, and sweeps alone where events are no truth (network disks). */
  readonly mode: WatchMode;
  /** Resolves when all that lay under the roots has been inspected, and its arrivals reported. */
  start(): Promise<void>;
  /**
   * Watches one more root; resolves like `start`. One that is watched already is left as it is. Before `start`
   * it is only noted. Throws `usage` when it lies within another root or around one.
   */
  addRoot(path: string): Promise<void>;
  /** Forgets a root; nothing under it is reported after this resolves. An unknown one is no error. */
  removeRoot(path: string): Promise<void>;
  /** A deep sweep now: every file is inspected. Resolves when what came of it has been reported. */
  sweepNow(): Promise<void>;
  /**
   * The consumer has moved these files away or wants to hear of them again. To be called after the move. Kernel events
   * report moves as well; without them a file that is moved away and back between two sweeps is noticed only if this
   * was called.
   */
  forget(paths: readonly string[]): void;
  /** Breaks something on purpose, for tests. */
  injectFault(fault: Fault): Promise<void>;
}

/**
 * Each so many sweeps one is deep (every five minutes at 6 s): it notices a file rewritten in place under a watch that
 * went silent. New names are noticed by every sweep, and unwatched directories are always inspected in full.
 */
const DEEP_EVERY = 50;
const DEFAULT_MAX_REMEMBERED = 1_000_000;
const TEMPORARY_REST_MS = 60_000;

/** What the thread is told, with every default filled in. */
function setupOf(options: WatchOptions): Omit<ThreadSetup, 'descriptors'> {
  const { settleMs, settleAfterCloseMs = 0, temporaryRestMs = TEMPORARY_REST_MS, names = {} } = options;
  const { temporary = [], ignore = [], selections = {}, placeDepths = {} } = names;
  return {
    settleMs,
    settleAfterCloseMs,
    temporaryRestMs,
    names: { temporary, ignore, selections, placeDepths },
    stayingRoots: (options.stayingRoots ?? []).map(path => resolve(path)),
    maxRemembered: options.maxRemembered ?? DEFAULT_MAX_REMEMBERED,
  };
}

/** Builds a watch; nothing runs before `start`. */
export function createWatch(options: WatchOptions): Watch {
  return new ThreadedWatch(options);
}

class ThreadedWatch implements Watch {
  readonly name = 'watch';
  readonly #options: WatchOptions;
  readonly #roots = new Set<string>();
  #client: WatchClient | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #cancelTimer = (): void => undefined;
  #mode: WatchMode = 'sweep';
  #sweeps = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
    for (const root of options.roots) this.#claimRoot(resolve(root));
  }

  get mode(): WatchMode {
    return this.#mode;
  }

  start(): Promise<void> {
    if (this.#stopping) return Promise.reject(new SluiceError('stopping', 'the watch is stopped'));
    this.#starting ??= this.#start();
    return this.#starting;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async addRoot(path: string): Promise<void> {
    const root = resolve(path);
    if (this.#roots.has(root)) return;
    this.#claimRoot(root);
    await this.#client?.request('add-root', root);
  }

  async removeRoot(path: string): Promise<void> {
    const root = resolve(path);
    if (this.#roots.delete(root)) await this.#client?.request('remove-root', root);
  }

  async sweepNow(): Promise<void> {
    if (!this.#client) throw new SluiceError('stopping', 'the watch does not run');
    await this.#client.request('sweep', { deep: true });
  }

  forget(paths: readonly string[]): void {
    this.#client?.forget(paths.map(path => resolve(path)));
  }

  async injectFault(fault: Fault): Promise<void> {
    await this.#client?.request('fault', fault);
  }

  #claimRoot(root: string): void {
    for (const other of this.#roots) {
      if (root === other) return;
      const [outer, inner] = root.length < other.length ? [root, other] : [other, root];
      if (!`${inner}/`.startsWith(outer === '/' ? '/' : `${outer}/`)) continue;
      throw new SluiceError('usage', `cannot watch both ${outer} and ${inner}, which lies within it`, {
        hint: 'Name the outer one only.',
      });
    }
    this.#roots.add(root);
  }

  async #start(): Promise<void> {
    const libc = this.#options.mode === 'sweep' ? undefined : await this.#findLibc();
    if (this.#stopping) throw new SluiceError('stopping', 'stopped while starting');
    await this.#run(libc);
  }

  async #stop(): Promise<void> {
    this.#cancelTimer();
    await this.#client?.stop();
    this.#client = undefined;
  }

  async #findLibc(): Promise<Libc | undefined> {
    try {
      return await loadLibc(this.#options.foreignFunctionModule);
    } catch (error) {
      this.#fallBack(error);
      return undefined;
    }
  }

  /** Says once that there are no kernel events, and why. */
  #fallBack(error: unknown): void {
    const limit = watchLimitOf(error);
    const said = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    const reason = limit ? `${limit.words}; ${limit.hint}` : said;
    const message = `no file events here, sweeping every ${this.#options.sweepIntervalMs} ms instead: ${reason}`;
    this.#options.onTrouble({ kind: 'fallback', path: '', message });
  }

  /** Starts a thread, gives it the roots and waits until all is listed. */
  async #run(libc: Libc | undefined): Promise<void> {
    const client = this.#openClient(libc);
    this.#client = client;
    try {
      await Promise.all([...this.#roots].map(path => client.request('add-root', path)));
    } catch (error) {
      await client.stop();
      throw error;
    }
    this.#planSweep();
  }

  #openClient(libc: Libc | undefined): WatchClient {
    const { onTrouble, onLeft, onFailing } = this.#options;
    const open = (chosen: Libc | undefined): WatchClient => {
      const client = new WatchClient({
        libc: chosen,
        setup: setupOf(this.#options),
        onEvent: event => {
          if (event.type === 'trouble') onTrouble(event.trouble);
          else if (event.type === 'failing') onFailing?.(event.roots);
          else if (event.type === 'left') onLeft?.(event.left);
          else this.#deliver(event.arrivals);
        },
        onFailure: error => this.#threadFailed(error),
      });
      this.#mode = chosen ? 'inotify' : 'sweep';
      return client;
    };
    if (!libc) return open(undefined);
    try {
      return open(libc);
    } catch (error) {
      this.#fallBack(error);
      return open(undefined);
    }
  }

  #deliver(arrivals: readonly Arrival[]): void {
    if (this.#stopping) return;
    try {
      this.#options.onArrival(arrivals);
    } catch (error) {
      this.#options.log.error({ err: error, files: arrivals.length }, 'arrivals not taken; they come again');
      this.forget(arrivals.map(arrival => arrival.path));
    }
  }

  #planSweep(): void {
    if (this.#stopping) return;
    this.#cancelTimer = this.#options.clock.timer(this.#options.sweepIntervalMs, () => void this.#sweep());
  }

  async #sweep(): Promise<void> {
    this.#sweeps += 1;
    try {
      await this.#client?.request('sweep', { deep: this.#sweeps % DEEP_EVERY === 0 });
    } catch (error) {
      // The thread has ended: by request, or `#threadFailed` sees to it.
      this.#options.log.debug({ err: error }, 'sweep not finished');
      return;
    }
    this.#planSweep();
  }

  #threadFailed(error: Error): void {
    this.#cancelTimer();
    this.#client = undefined;
    const message = `the watching thread failed (${error.message}); sweeping from here on`;
    this.#options.log.debug({ err: error }, 'the watching thread failed');
    this.#options.onTrouble({ kind: 'thread_failed', path: '', message });
    this.#cancelTimer = this.#options.clock.timer(this.#options.sweepIntervalMs, () => {
      this.#run(undefined).catch((again: unknown) => {
        this.#options.log.error({ err: again }, 'the watching thread could not be replaced');
      });
    });
  }
}
