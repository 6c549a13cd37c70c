import type { Clock } from '../../base/clock.ts';
import { siblingModule, ThreadClient } from '../../base/thread-client.ts';
import type { CheckpointProtocol } from './checkpoint-server.ts';

/**
 * Brings what is committed from the write-ahead log into the database file on a thread of its own. Within COMMIT, where
 * SQLite does it by itself, the event loop would stand still for it: hundreds of milliseconds for 32 MiB of pages that
 * lie apart (docs/decisions/0033-checkpoints-off-the-thread.md). The thread, some 20 MiB, exists only while it is
 * needed.
 *
 *   quiet ──written()──▶ waiting ──CHECK_EVERY_MS──▶ checking ──little in the log──▶ quiet
 *                                                      └──much──▶ running ──over──▶ waiting
 */
export interface CheckpointsOptions {
  readonly path: string;
  readonly clock: Clock;
  /** Pages of the log that are not in the database file yet. */
  readonly pending: () => number;
  /**
   * From how many of them on it is worth it. Pages that change often go into the file once for many commits, and the
   * commit after it waits for a flush of the new log's head.
   */
  readonly fromPages: number;
}

const CHECK_EVERY_MS = 1000;
const IDLE_MS = 30_000;
/** It runs one statement over and over. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 };

export class Checkpoints {
  readonly #options: CheckpointsOptions;
  readonly #thread: ThreadClient<CheckpointProtocol>;
  #cancelCheck: (() => void) | undefined;
  #cancelIdle: () => void = () => undefined;
  #running = false;
  #closed = false;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#thread = new ThreadClient({
      name: 'checkpoint',
      entry: siblingModule(import.meta.url, './checkpoint-thread'),
      setup: options.path,
      resourceLimits: RESOURCE_LIMITS,
      background: true,
    });
  }

  /** Something was committed. */
  written(): void {
    if (this.#cancelCheck || this.#running || this.#closed) return;
    this.#cancelCheck = this.#options.clock.timer(CHECK_EVERY_MS, () => this.#check());
  }

  /** Ends the thread, after the checkpoint that runs. May be repeated. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelCheck?.();
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#cancelIdle();
    await this.#thread.terminate();
  }

  #check(): void {
    this.#cancelCheck = undefined;
    if (this.#pending() >= this.#options.fromPages) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    this.#cancelIdle();
    try {
      await this.#thread.request('checkpoint', undefined);
    } catch {
      // What stopped it (a full disk, say) stops commits as well, which report it; the next check starts another.
      this.#running = false;
      await this.#end();
      return;
    }
    this.#running = false;
    this.#cancelIdle = this.#options.clock.timer(IDLE_MS, () => void this.#end());
    // What came meanwhile may be much already.
    this.written();
  }

  #pending(): number {
    try {
      return this.#options.pending();
    } catch {
      // A database that cannot even be asked fails the next commit, which reports it.
      return 0;
    }
  }
}
