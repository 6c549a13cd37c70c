import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { asSluiceError, type SluiceError } from '../base/errors.ts';
import { fileStamp } from '../base/files/file-stamp.ts';
import type { Service } from '../base/lifecycle.ts';
import { Serializer } from '../base/serializer.ts';
import { watchLimitOf } from '../base/watch-limits.ts';
import { changedPaths } from './changes.ts';
import { configFile, type LoadedConfig, type LoadOptions, loadConfig } from './load.ts';
import type { Config } from './schema.ts';

export interface ConfigChange {
  readonly next: Config;
  readonly previous: Config;
  /** What differs, in the typed names (`schedule.minIntervalMs`); never empty. */
  readonly changedPaths: readonly string[];
  /** What counts otherwise than it was written. */
  readonly notices: readonly string[];
}

export type ReloadOutcome =
  | { readonly outcome: 'unchanged' }
  | ({ readonly outcome: 'changed' } & ConfigChange)
  | { readonly outcome: 'refused'; readonly error: SluiceError };

export interface ConfigWatchOptions {
  /** As they were given to `loadConfig`: options and variables keep going before the file. */
  readonly load: LoadOptions;
  readonly initial: LoadedConfig;
  readonly clock: Clock;
  /** Applies a new configuration. Never called while an earlier call still runs. */
  readonly onChange: (change: ConfigChange) => void | Promise<void>;
  /**
   * Called with why a changed file was refused (the configuration in force stays: a ConfigError with every fault),
   * or that `onChange` threw.
   */
  readonly onFailure: (error: SluiceError) => void;
  /** Called whenever the file was read and holds, whether it says anything new or not. */
  readonly onTaken?: () => void;
  /** Called with why the system does not watch the file's folder: the file is only checked now and then. */
  readonly onUnwatched: (reason: string, pollMs: number) => void;
  /** How long the file must stay as it is before it is read, so that no half-written one is. */
  readonly settleMs?: number;
  /** How often the file is checked where events do not say. */
  readonly pollMs?: number;
}

const SETTLE_MS = 200;
const POLL_MS = 5000;
/** Least time between two checks for the sake of events. */
const CHECK_PAUSE_MS = 100;

/**
 * Keeps the configuration in step with its file. States:
 *
 *   idle ──start()──▶ quiet ──event or poll sees another stamp──▶ settling ──same stamp for settleMs──▶ loading ─┐
 *                       ▲                                          ▲   │ another stamp                          │
 *                       │                                          └───┘                                        │
 *                       └───────────────────────────────────────────────────────────────────────────────────────┘
 *   any ──stop()──▶ stopped
 *
 * Events come from the folder, not the file: editors and mounted secrets replace files instead of writing
 * to them. A file that is not there yet is waited for; one that vanishes is a failure, not "all defaults".
 */
export class ConfigWatch implements Service {
  readonly name = 'configuration';
  readonly #options: ConfigWatchOptions;
  readonly #path: string;
  #state: 'idle' | 'watching' | 'stopped' = 'idle';
  #current: LoadedConfig;
  #watcher: FSWatcher | undefined;
  #cancelPoll = (): void => undefined;
  #cancelSettle = (): void => undefined;
  #cancelCheck: (() => void) | undefined;
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  /** Identity of the file as last read (or found missing); undefined until the first check. */
  #readStamp: string | undefined;
  /** Stamp that is waited on to stay the same. */
  #settlingStamp: string | undefined;
  readonly #loads = new Serializer();

  constructor(options: ConfigWatchOptions) {
    this.#options = options;
    this.#current = options.initial;
    this.#path = options.initial.source ?? configFile(options.load).path;
  }

  get #pollMs(): number {
    return this.#options.pollMs ?? POLL_MS;
  }

  /** The configuration in force. */
  get current(): Config {
    return this.#current.config;
  }

  async start(): Promise<void> {
    if (this.#state !== 'idle') return;
    this.#state = 'watching';
    this.#watch();
    this.#armPoll();
    // The file may have changed between the first load and now: read once, report only a difference.
    await this.reload();
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#watcher?.close();
    this.#cancelPoll();
    this.#cancelSettle();
    this.#cancelCheck?.();
    await this.#loads.idle();
  }

  /**
   * Reads the file now (SIGHUP, an API call). Waits for loads already under way, applies what changed, and
   * answers with what happened; rejects only when `onFailure` throws. After `stop` it changes nothing.
   */
  reload(): Promise<ReloadOutcome> {
    return this.#loads.run(() => this.#load());
  }

  async #load(): Promise<ReloadOutcome> {
    if (this.#state === 'stopped') return { outcome: 'unchanged' };
    // Taken before reading: a write in between then shows as another stamp afterwards.
    this.#readStamp = await fileStamp(this.#path);
    try {
      const file = this.#current.source ?? this.#options.load.file;
      const loaded = await loadConfig({ ...this.#options.load, file });
      this.#options.onTaken?.();
      return await this.#apply(loaded);
    } catch (error) {
      const known = asSluiceError(error, { operation: 'reload configuration', subject: this.#path });
      this.#options.onFailure(known);
      return { outcome: 'refused', error: known };
    }
  }

  async #apply(loaded: LoadedConfig): Promise<ReloadOutcome> {
    const previous = this.#current.config;
    const paths = changedPaths(previous, loaded.config);
    if (paths.length === 0) {
      this.#current = { ...loaded, config: previous };
      return { outcome: 'unchanged' };
    }
    this.#current = loaded;
    const change = { next: loaded.config, previous, changedPaths: paths, notices: loaded.notices };
    try {
      await this.#options.onChange(change);
    } catch (error) {
      this.#options.onFailure(asSluiceError(error, { operation: 'apply configuration' }));
    }
    return { outcome: 'changed', ...change };
  }

  #watch(): void {
    const lost = (error: unknown): void => {
      this.#watcher?.close();
      const limit = watchLimitOf(error);
      const { message } = asSluiceError(error, { operation: 'watch configuration', subject: this.#path });
      this.#options.onUnwatched(limit ? `${limit.words}; ${limit.hint}` : message, this.#pollMs);
    };
    try {
      // Any event in the folder counts: mounted configurations change through a link of another name.
      this.#watcher = watch(dirname(this.#path), { persistent: false }, () => this.#checkSoon());
      this.#watcher.on('error', lost);
    } catch (error) {
      lost(error);
    }
  }

  /**
   * The database may lie beside the file and change a hundred times a second: events that follow closely share one
   * check.
   */
  #checkSoon(): void {
    if (this.#cancelCheck) return;
    const sinceMs = this.#options.clock.monotonicMs() - this.#checkedAtMs;
    if (sinceMs >= CHECK_PAUSE_MS) {
      void this.#check();
      return;
    }
    this.#cancelCheck = this.#options.clock.timer(CHECK_PAUSE_MS - sinceMs, () => void this.#check());
  }

  #armPoll(): void {
    this.#cancelPoll = this.#options.clock.timer(this.#pollMs, () => {
      if (this.#state !== 'watching') return;
      this.#armPoll();
      void this.#check();
    });
  }

  /** Begins to wait for the file to settle when it is not the one that was read. */
  async #check(): Promise<void> {
    this.#cancelCheck?.();
    this.#cancelCheck = undefined;
    this.#checkedAtMs = this.#options.clock.monotonicMs();
    const stamp = await fileStamp(this.#path);
    // Before the first load has looked there is nothing to compare with, and it will see this very file.
    if (this.#state !== 'watching' || this.#readStamp === undefined || stamp === this.#settlingStamp) return;
    this.#cancelSettle();
    this.#settlingStamp = undefined;
    if (stamp === this.#readStamp) return;
    this.#settlingStamp = stamp;
    this.#cancelSettle = this.#options.clock.timer(
      this.#options.settleMs ?? SETTLE_MS,
      () => void this.#reloadIfSettled(stamp),
    );
  }

  async #reloadIfSettled(stamp: string): Promise<void> {
    const now = await fileStamp(this.#path);
    if (this.#settlingStamp !== stamp || this.#state !== 'watching') return;
    this.#settlingStamp = undefined;
    if (now !== stamp) return this.#check();
    if (now === this.#readStamp) return;
    // At once, lest an event that is being checked meanwhile has the same file read again.
    this.#readStamp = now;
    await this.reload();
  }
}
