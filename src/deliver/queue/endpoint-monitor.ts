import type { Clock } from '../../base/clock.ts';
import { asSluiceError, type ErrorCode, SluiceError } from '../../base/errors.ts';
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
  RELAPSE_MS,
} from '../../engine/endpoint-health.ts';
import type { HoldReason } from '../../engine/place-hold.ts';
import type { Destination } from '../destinations.ts';
import { TroubleEpisodes } from './trouble-episodes.ts';

/** How an endpoint is doing, and since when (milliseconds since the epoch). */
export interface EndpointStatus {
  readonly endpoint: string;
  readonly state: EndpointState;
  readonly sinceMs: number;
  /** What was said last while it is not well. */
  readonly reason?: HoldReason;
}

export interface EndpointMonitorOptions {
  readonly destinations: readonly Destination[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly probeIntervalMs: number;
  /** A bucket that files of the profile wait for; undefined where none do. */
  readonly bucketAt: (profile: string) => string | undefined;
  /** An endpoint that was offline answers again. */
  readonly onBack: (endpoint: string) => void;
  /** An endpoint asks for less. */
  readonly onSlow: (endpoint: string) => void;
}

/** An endpoint that was found not to be there. */
export interface EndpointFinding {
  /** Whether it is offline since then. */
  readonly isNew: boolean;
  readonly place?: undefined;
  readonly fileHold?: undefined;
}

/** What the requests for one bucket or one object may come to alone: it has a host name of its own, or somebody between. */
const OF_ONE_REQUEST: readonly ErrorCode[] = [
  'answer_invalid',
  'not_supported',
  'tls_failed',
  'host_unknown',
];
/** So long after one bucket took a file, the failures of another one are its own. */
const LATELY_MS = 10 * 60_000;
/** A question that takes longer is not answered. */
const PATIENCE_MS = 10_000;

/** An answer did not come, or broke off. */
const WITHOUT_ANSWER: readonly ErrorCode[] = ['timed_out', 'connection_lost'];

/**
 * The health of every endpoint: each call is noted here (engine/endpoint-health.ts says what follows from it), and
 * those that are offline are probed, one call at a time each, `probeIntervalMs` apart.
 */
export class EndpointMonitor {
  readonly #options: EndpointMonitorOptions;
  readonly #health = new Map<string, EndpointHealth>();
  readonly #reasons = new Map<string, HoldReason>();
  /** Not reached by the last call. */
  readonly #silent = new Set<string>();
  /** When each of its buckets took a file last, unless it has failed since; by endpoint. */
  readonly #tookAtMs = new Map<string, Map<string, number>>();
  readonly #episodes = new TroubleEpisodes();
  readonly #cancelProbes = new Map<string, () => void>();
  /** Looks whether trouble is over. */
  readonly #cancelQuiets = new Map<string, () => void>();
  readonly #probes = new Set<Promise<void>>();
  /** Questions under way. */
  readonly #asking = new Map<string, Promise<boolean>>();
  readonly #stopped = new AbortController();

  constructor(options: EndpointMonitorOptions) {
    this.#options = options;
    for (const { endpoint } of options.destinations)
      this.#health.set(endpoint, newEndpointHealth(options.clock.nowMs()));
  }

  /** Every endpoint, once. */
  get endpoints(): string[] {
    return [...this.#health.keys()];
  }

  isOffline(endpoint: string): boolean {
    return this.#health.get(endpoint)?.state === 'offline';
  }

  stateOf(endpoint: string): EndpointState {
    return this.#health.get(endpoint)?.state ?? 'unknown';
  }

  status(): EndpointStatus[] {
    const nowMs = this.#options.clock.nowMs();
    return [...this.#health].map(([endpoint, health]) => {
      const { state, sinceMs } = health;
      const notAcceptingSinceMs = this.#episodes.notAcceptingSinceMs(endpoint, health, nowMs);
      const reason = this.#reasons.get(endpoint);
      if (notAcceptingSinceMs !== undefined && reason) {
        // Its probes are answered, so that its state changes to and fro.
        const message = `it answers, but does not accept files: ${reason.message}`;
        const shown = state === 'online' ? 'offline' : state;
        return { endpoint, state: shown, sinceMs: notAcceptingSinceMs, reason: { ...reason, message } };
      }
      const isWell = (state === 'online' || state === 'unknown') && !this.#silent.has(endpoint);
      return { endpoint, state, sinceMs, reason: isWell ? undefined : reason };
    });
  }

  /**
   * Notes how a call to the endpoint ended; `error` undefined: it did what was asked.
   * @param bucket what it was about, `profile/bucket`: one that fails while others of the endpoint take files says nothing
   * of the endpoint
   * @returns whether it is offline since this call
   */
  noteCall(endpoint: string, error?: unknown, bucket?: string): boolean {
    const wasOffline = this.isOffline(endpoint);
    const known = error === undefined ? undefined : asSluiceError(error);
    const outcome = known === undefined ? 'succeeded' : callOutcomeOf(known);
    const isReached = outcome !== 'unreachable' && !(known && WITHOUT_ANSWER.includes(known.code));
    if (outcome !== undefined) this.#silent[isReached ? 'delete' : 'add'](endpoint);
    const isOfBucket = outcome === 'failed' && bucket !== undefined && this.#othersTake(endpoint, bucket);
    if (outcome && !isOfBucket) this.#apply(endpoint, outcome, error);
    if (known?.code === 'slow_down') this.#options.onSlow(endpoint);
    return !wasOffline && this.isOffline(endpoint);
  }

  /** The endpoint has taken a file for `profile/bucket`. */
  noteSent(endpoint: string, bucket: string): void {
    const took = this.#tookAtMs.get(endpoint) ?? new Map<string, number>();
    this.#tookAtMs.set(endpoint, took.set(bucket, this.#options.clock.monotonicMs()));
    if (this.#episodes.noteSent(endpoint)) this.#options.log.info({ endpoint }, 'link accepts files again');
    this.noteCall(endpoint);
  }

  /**
   * An attempt failed as if the endpoint were not there: holds it, unless another question shows that it is. Attempts that
   * fail together share one question.
   * @returns `alone` where only this request fails; else whether the endpoint is offline since then
   */
  async suspect(endpoint: string, error: SluiceError): Promise<'alone' | EndpointFinding> {
    const mayBeAlone = OF_ONE_REQUEST.includes(error.code) && !this.isOffline(endpoint);
    if (mayBeAlone && (await this.#answers(endpoint))) return 'alone';
    return { isNew: this.noteCall(endpoint, error) };
  }

  /** Probes the endpoint now, whatever is known of it; `isSilent` has what came of it. */
  ask(endpoint: string): Promise<void> {
    return this.#probe(endpoint);
  }

  /** Whether the last call to the endpoint did not reach it, offline or not yet. */
  isSilent(endpoint: string): boolean {
    return this.#silent.has(endpoint);
  }

  /** Ends probes and timers; may be called again. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const cancel of [...this.#cancelProbes.values(), ...this.#cancelQuiets.values()]) cancel();
    this.#cancelProbes.clear();
    await Promise.all(this.#probes);
  }

  /** Whether another bucket of the endpoint took a file lately, and has not failed since. */
  #othersTake(endpoint: string, bucket: string): boolean {
    const took = this.#tookAtMs.get(endpoint);
    took?.delete(bucket);
    const sinceMs = this.#options.clock.monotonicMs() - LATELY_MS;
    return took !== undefined && [...took.values()].some(atMs => atMs >= sinceMs);
  }

  #apply(endpoint: string, outcome: CallOutcome, error: unknown): void {
    const { clock, log, onBack } = this.#options;
    const before = this.#health.get(endpoint) ?? newEndpointHealth(clock.nowMs());
    const after = healthAfterCall(before, outcome, clock.nowMs());
    this.#health.set(endpoint, after);
    const known = error === undefined ? undefined : asSluiceError(error);
    if (known) this.#reasons.set(endpoint, { code: known.code, message: known.message, hint: known.hint });
    if (before.state === after.state) return;
    const news = this.#episodes.note(endpoint, before, after, clock.nowMs());
    const fields = {
      endpoint,
      from: before.state,
      to: after.state,
      reason: known?.message,
      hint: known?.hint,
    };
    if (news === 'began') log.warn(fields, `link is ${after.state}`);
    else if (news === 'well') log.info(fields, `link is ${after.state}`);
    else if (news === 'not accepting') log.info(fields, 'link answers, but does not accept files');
    this.#cancelQuiets.get(endpoint)?.();
    if (after.state === 'online') this.#awaitQuiet(endpoint);
    if (after.state === 'offline') this.#scheduleProbe(endpoint);
    else this.#cancelProbe(endpoint);
    if (before.state === 'offline') onBack(endpoint);
  }

  /** Looks in a while whether trouble is over that no file has shown to be over. */
  #awaitQuiet(endpoint: string): void {
    const { clock, log } = this.#options;
    const cancel = clock.timer(RELAPSE_MS + 1, () => {
      const health = this.#health.get(endpoint);
      if (health && this.#episodes.noteTime(endpoint, health, clock.nowMs()))
        log.info({ endpoint }, 'link is online, and no file has failed on it for a while');
    });
    this.#cancelQuiets.set(endpoint, cancel);
  }

  #scheduleProbe(endpoint: string): void {
    const { clock, probeIntervalMs } = this.#options;
    const health = this.#health.get(endpoint);
    const dueMs = health && nextProbeAtMs(health, probeIntervalMs);
    if (dueMs === undefined || this.#stopped.signal.aborted) return;
    this.#cancelProbe(endpoint);
    // The clock may have been set back since the last probe began.
    const waitMs = Math.max(0, Math.min(dueMs - clock.nowMs(), probeIntervalMs));
    const cancel = clock.timer(waitMs, () => {
      void this.#probe(endpoint).then(() => this.#scheduleProbe(endpoint));
    });
    this.#cancelProbes.set(endpoint, cancel);
  }

  #cancelProbe(endpoint: string): void {
    this.#cancelProbes.get(endpoint)?.();
    this.#cancelProbes.delete(endpoint);
  }

  /** Whether the endpoint answers a question now. */
  #answers(endpoint: string): Promise<boolean> {
    const known = this.#asking.get(endpoint);
    if (known) return known;
    let cancel = (): void => undefined;
    const late = new Promise<boolean>(resolve => {
      cancel = this.#options.clock.timer(PATIENCE_MS, () => resolve(false));
    });
    const asking = Promise.race([this.#question(endpoint), late]).finally(() => {
      cancel();
      this.#asking.delete(endpoint);
    });
    this.#asking.set(endpoint, asking);
    return asking;
  }

  async #question(endpoint: string): Promise<boolean> {
    const destination = this.#options.destinations.find(one => one.endpoint === endpoint);
    if (!destination) return false;
    const outcome = await this.#askAnything(destination).then(
      () => 'succeeded',
      error => callOutcomeOf(asSluiceError(error)),
    );
    return outcome === 'succeeded' || outcome === 'refused';
  }

  /** Asks for the buckets, and where somebody else answers that, for one of them: a proxy may let nothing else through. */
  async #askAnything({ store, profile }: Destination): Promise<void> {
    const { signal } = this.#stopped;
    try {
      await store.listBuckets({ signal });
    } catch (error) {
      const isStranger = error instanceof SluiceError && error.code === 'answer_invalid';
      const bucket = isStranger ? this.#options.bucketAt(profile) : undefined;
      if (bucket === undefined) throw error;
      await store.headBucket(bucket, { signal });
    }
  }

  /** Asks the endpoint anything; any answer will do. */
  async #probe(endpoint: string): Promise<void> {
    const health = this.#health.get(endpoint);
    const destination = this.#options.destinations.find(one => one.endpoint === endpoint);
    if (!health || !destination || this.#stopped.signal.aborted) return;
    this.#health.set(endpoint, healthAfterProbe(health, this.#options.clock.nowMs()));
    const probe = this.#askAnything(destination).then(
      () => void this.noteCall(endpoint),
      error => void this.noteCall(endpoint, error),
    );
    this.#probes.add(probe);
    await probe.finally(() => this.#probes.delete(probe));
  }
}
