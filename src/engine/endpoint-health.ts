import type { SluiceError } from '../base/errors.ts';
import { probePauseMs } from './place-hold.ts';

/**
 * Whether an endpoint is there and well, as a pure state machine over what calls to it come to:
 *
 *   unknown ──succeeded, refused──▶ online ◀──succeeded── unhealthy ◀──failed, several in a row── online, unknown
 *      │                             │ ▲                      │
 *      └──────────unreachable────────┴─┼──────────────────────┘
 *                                      ▼
 *                                   offline ──succeeded, refused──▶ online (waiting work goes at once)
 *
 * `offline`: nothing answers (DNS, refused, unreachable); only probes are sent, one at a time.
 * `unhealthy`: something answers, but fails time after time; work goes on under its own retry rule.
 */
export type EndpointState = 'unknown' | 'online' | 'offline' | 'unhealthy';

export interface EndpointHealth {
  readonly state: EndpointState;
  /** When it came into that state. */
  readonly sinceMs: number;
  /** Failed calls in a row, while something answers. */
  readonly failures: number;
  /** When the last probe began; undefined: none since it is offline. */
  readonly probedAtMs?: number;
  /** Probes since it is offline; undefined: none. */
  readonly probes?: number;
}

/**
 * What a call came to, as far as it says something of the endpoint. `refused`: it answered and would not do it, for
 * a reason that lies with the caller. `failed`: it was to do it and did not. `unreachable`: nothing answered.
 */
export type CallOutcome = 'succeeded' | 'refused' | 'failed' | 'unreachable';

/** Failed calls in a row that make an endpoint unhealthy. */
const UNHEALTHY_AFTER = 3;

/** The health of an endpoint that has not been called yet. */
export function newEndpointHealth(nowMs: number): EndpointHealth {
  return { state: 'unknown', sinceMs: nowMs, failures: 0 };
}

/** What an error says of the endpoint; undefined: nothing (it was raised on this side). */
export function callOutcomeOf(
  error: Pick<SluiceError, 'code' | 'answer'> & Partial<Pick<SluiceError, 'holds'>>,
): CallOutcome | undefined {
  if (error.answer === 'hold' && error.holds === 'endpoint') return 'unreachable';
  // Whoever says that a key or a bucket may not be used now is there.
  if (error.holds === 'profile' || error.holds === 'bucket') return 'refused';
  switch (error.code) {
    case 'host_unknown':
    case 'host_unreachable':
      return 'unreachable';
    case 'connection_lost':
    case 'timed_out':
    case 'slow_down':
    case 'bucket_unavailable':
    case 'answer_invalid':
    case 'host_failing':
    case 'forge_answer_invalid':
      return 'failed';
    case 'bucket_missing':
    case 'bucket_auth_failed':
    case 'access_denied':
    case 'request_refused':
    case 'not_supported':
    case 'region_wrong':
    case 'clock_skew':
    case 'checksum_mismatch':
    case 'upload_missing':
    case 'object_missing':
    case 'object_exists':
    case 'object_too_large':
    case 'token_refused':
    case 'scope_missing':
    case 'rate_limited':
    case 'forge_missing':
    case 'forge_refused':
      return 'refused';
    default:
      return undefined;
  }
}

/** The health after a call. */
export function healthAfterCall(health: EndpointHealth, outcome: CallOutcome, nowMs: number): EndpointHealth {
  const enter = (state: EndpointState, failures: number): EndpointHealth =>
    state === health.state
      ? { ...health, failures }
      : { state, sinceMs: nowMs, failures, probes: probesKept(health, state, nowMs) };
  switch (outcome) {
    case 'succeeded':
      return enter('online', 0);
    case 'refused':
      // A refusal shows that it is there, not that it is well.
      return enter(health.state === 'unhealthy' ? 'unhealthy' : 'online', health.failures);
    case 'unreachable':
      return enter('offline', 0);
    case 'failed': {
      const failures = health.failures + 1;
      if (failures >= UNHEALTHY_AFTER) return enter('unhealthy', failures);
      // A time-out of what was offline is no sign that it is back.
      return enter(health.state, failures);
    }
  }
}

/** An endpoint that is offline again so soon was not back: its probe is answered, and what is sent to it is not. */
export const RELAPSE_MS = 60_000;

/** Whether it came into its state so lately that this may not last. */
export function isYoung({ sinceMs }: EndpointHealth, nowMs: number): boolean {
  return nowMs - sinceMs < RELAPSE_MS;
}

/**
 * Probes count on over a return that did not last, so that the pauses between them grow, and what waits does not go at
 * every one of them.
 */
function probesKept(health: EndpointHealth, next: EndpointState, nowMs: number): number | undefined {
  if (health.state === 'offline') return health.probes;
  return next === 'offline' && isYoung(health, nowMs) ? health.probes : undefined;
}

/** The health once a probe has begun, which puts the next one off. */
export function healthAfterProbe(health: EndpointHealth, nowMs: number): EndpointHealth {
  return { ...health, probedAtMs: nowMs, probes: (health.probes ?? 0) + 1 };
}

/** When the next probe may begin; undefined when the endpoint needs none. @param everyMs the longest pause */
export function nextProbeAtMs(health: EndpointHealth, everyMs: number): number | undefined {
  if (health.state !== 'offline') return undefined;
  return (health.probedAtMs ?? health.sinceMs) + probePauseMs(health.probes ?? 0, everyMs);
}
