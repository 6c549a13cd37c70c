import type { Clock } from '../../base/clock.ts';
import { asSluiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import {
  type CallOutcome,
  callOutcomeOf,
  type EndpointHealth,
  type EndpointState,
  healthAfterCall,
  healthAfterProbe,
  newEndpointHealth,
  nextProbeAtMs,
} from '../../engine/endpoint-health.ts';

export interface EndpointStatus {
  readonly endpoint: string;
  readonly state: EndpointState;
  readonly sinceMs: number;
}

export interface EndpointHealthChecksOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly probeEveryMs: number;
  /** Asks the endpoint anything; resolves or throws as the call did. */
  readonly probe: (endpoint: string, signal: AbortSignal) => Promise<void>;
  readonly onBack: (endpoint: string) => void;
}

/** The state of every endpoint's link, and the probes of those that are offline: one at a time each, `probeEveryMs` apart (V10). */
export class EndpointHealthChecks {
  readonly #options: EndpointHealthChecksOptions;
  readonly #links = new Map<string, EndpointHealth>();
  readonly #timers = new Map<string, () => void>();
  readonly #stopped = new AbortController();
  readonly #probes = new Set<Promise<void>>();

  constructor(options: EndpointHealthChecksOptions) {
    this.#options = options;
  }

  add(endpoint: string): void {
    if (!this.#links.has(endpoint)) this.#links.set(endpoint, newEndpointHealth(this.#options.clock.nowMs()));
  }

  isOffline(endpoint: string): boolean {
    return this.#links.get(endpoint)?.state === 'offline';
  }

  stateOf(endpoint: string): EndpointState {
    return this.#links.get(endpoint)?.state ?? 'unknown';
  }

  all(): EndpointStatus[] {
    return [...this.#links].map(([endpoint, { state, sinceMs }]) => ({ endpoint, state, sinceMs }));
  }

  /** What a call showed; `undefined` for success. */
  saw(endpoint: string, error?: unknown): void {
    const outcome = error === undefined ? 'succeeded' : callOutcomeOf(asSluiceError(error));
    if (outcome) this.#observe(endpoint, outcome, error);
  }

  /** Probes an offline endpoint now. @returns whether it answers */
  async probeNow(endpoint: string): Promise<boolean> {
    await this.#probe(endpoint);
    return !this.isOffline(endpoint);
  }

  /** Ends probes and timers; may be called again. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    await Promise.all(this.#probes);
  }

  #observe(endpoint: string, outcome: CallOutcome, error: unknown): void {
    const { clock, log, onBack } = this.#options;
    const before = this.#links.get(endpoint) ?? newEndpointHealth(clock.nowMs());
    const after = healthAfterCall(before, outcome, clock.nowMs());
    this.#links.set(endpoint, after);
    if (before.state === after.state) return;
    const reason = error === undefined ? undefined : asSluiceError(error).message;
    const level = after.state === 'online' ? 'info' : 'warn';
    log[level]({ endpoint, from: before.state, to: after.state, reason }, `link is ${after.state}`);
    if (after.state === 'offline') this.#schedule(endpoint);
    else this.#unschedule(endpoint);
    if (before.state === 'offline') onBack(endpoint);
  }

  #schedule(endpoint: string): void {
    const link = this.#links.get(endpoint);
    const dueMs = link && nextProbeAtMs(link, this.#options.probeEveryMs);
    if (dueMs === undefined || this.#stopped.signal.aborted) return;
    this.#unschedule(endpoint);
    const waitMs = Math.max(0, dueMs - this.#options.clock.nowMs());
    this.#timers.set(
      endpoint,
      this.#options.clock.timer(
        waitMs,
        () => void this.#probe(endpoint).then(() => this.#schedule(endpoint)),
      ),
    );
  }

  #unschedule(endpoint: string): void {
    this.#timers.get(endpoint)?.();
    this.#timers.delete(endpoint);
  }

  async #probe(endpoint: string): Promise<void> {
    const link = this.#links.get(endpoint);
    if (!link || this.#stopped.signal.aborted) return;
    this.#links.set(endpoint, healthAfterProbe(link, this.#options.clock.nowMs()));
    const probe = this.#options.probe(endpoint, this.#stopped.signal).then(
      () => this.saw(endpoint),
      error => this.saw(endpoint, error),
    );
    this.#probes.add(probe);
    await probe.finally(() => this.#probes.delete(probe));
  }
}
