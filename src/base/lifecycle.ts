import type { Clock } from './clock.ts';
import { SluiceError } from './errors.ts';

/**
 * States of a lifecycle:
 *
 *   idle ──start()──▶ starting ──all services up──▶ running ──stop()──▶ stopping ──▶ stopped
 *                        │ a service fails                                ▲
 *                        └────────── the services that are up ────────────┘
 *
 * `stopped` is final: a station that is wanted again is built again.
 */
export type LifecycleState = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped';

/** Something with a beginning and an end. Both calls may be repeated; the later ones do nothing. */
export interface Service {
  readonly name: string;
  /** Resolves when the service is ready for use; throws when it cannot be, leaving nothing of it behind. */
  start(): Promise<void>;
  /**
   * Takes no more work, finishes or hands back what runs, releases everything. Never throws for work that
   * failed. May come while `start` still runs, which it then cuts short where it can, or after it failed.
   */
  stop(): Promise<void>;
}

/** A service that can only be made once the services before it have started: `make` is called by the first `start`. */
export function lazyService(name: string, make: () => Service): Service {
  let service: Service | undefined;
  return {
    name,
    start: () => {
      service ??= make();
      return service.start();
    },
    stop: async () => service?.stop(),
  };
}

export interface LifecycleOptions {
  readonly clock: Clock;
  /** How long one service may take to stop before the next one is stopped. */
  readonly stopTimeoutMs: number;
  /** Called for a service that did not stop in time or threw while stopping. */
  readonly onStopFailure: (service: string, error: unknown) => void;
}

/** Starts services in the order given and stops them in the reverse order. */
export class Lifecycle {
  #state: LifecycleState = 'idle';
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  readonly #up: Service[] = [];
  readonly #services: readonly Service[];
  readonly #options: LifecycleOptions;

  constructor(services: readonly Service[], options: LifecycleOptions) {
    this.#services = services;
    this.#options = options;
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /**
   * Starts every service; repeated calls wait for the same outcome. When a service fails, those already up are
   * stopped again and its error is thrown; a `stop` that comes first makes it throw `stopping`.
   */
  start(): Promise<void> {
    this.#starting ??= this.#stopping
      ? Promise.reject(new SluiceError('stopping', 'already stopped'))
      : this.#startAll();
    return this.#starting;
  }

  /** Stops every service that is up, last one first. Never rejects; repeated calls wait for the same end. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #startAll(): Promise<void> {
    this.#state = 'starting';
    try {
      for (const service of this.#services) {
        this.#up.push(service);
        await service.start();
        if (!this.#stopping) continue;
        // stop() came to this service while it was starting; it came up all the same, so it is stopped again.
        await this.#stopOne(service);
        throw new SluiceError('stopping', 'stopped while starting');
      }
      this.#state = 'running';
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async #stopAll(): Promise<void> {
    this.#state = 'stopping';
    for (let service = this.#up.pop(); service; service = this.#up.pop()) await this.#stopOne(service);
    this.#state = 'stopped';
  }

  async #stopOne(service: Service): Promise<void> {
    const { clock, stopTimeoutMs, onStopFailure } = this.#options;
    let cancelTimer = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      cancelTimer = clock.timer(stopTimeoutMs, () =>
        reject(new SluiceError('timed_out', `${service.name} did not stop within ${stopTimeoutMs} ms`)),
      );
    });
    try {
      await Promise.race([service.stop(), late]);
    } catch (error) {
      onStopFailure(service.name, error);
    } finally {
      cancelTimer();
    }
  }
}

/** As Promise.all, but every one of them has ended before the first failure is thrown: nothing goes on behind it. */
export async function allEnded<T extends readonly unknown[]>(
  promises: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  await Promise.allSettled(promises);
  return (await Promise.all(promises)) as unknown as T;
}
