import type { SluiceError } from '../base/errors.ts';

/**
 * Connectivity of one endpoint (delivery.md, V10), as a pure state machine:
 *
 *   unknown ──any answer──▶ online ◀──success── unhealthy ◀──troubles in a row── online, unknown
 *      │                      │ ▲                   │
 *      └──────nothing there───┴─┼───────────────────┘
 *                               ▼
 *                            offline ──any answer──▶ online (waiting work goes at once)
 *
 * `offline`: nothing answers (DNS, refused, unreachable); only probes are sent, one at a time.
 * `unhealthy`: something answers, but fails time after time; work goes on under its own retry rule.
 */
export type EndpointState = 'unknown' | 'online' | 'offline' | 'unhealthy';

export interface EndpointHealth {
  readonly state: EndpointState;
  /** When it came into that state. */
  readonly sinceMs: number;
  /** Troubles in a row, while something answers. */
  readonly troubles: number;
  /** When the last probe began; undefined: none since it is offline. */
  readonly probedAtMs?: number;
}

/** What a call to an endpoint showed of it: it did what was asked, refused it, failed to, or was not there. */
export type EndpointSign = 'success' | 'answer' | 'trouble' | 'nothing';

/** Troubles in a row that make a link unhealthy. */
const UNHEALTHY_AFTER = 3;

export function unknownEndpoint(nowMs: number): EndpointHealth {
  return { state: 'unknown', sinceMs: nowMs, troubles: 0 };
}

/** What an error says of the link; undefined: nothing (it was raised on this side). */
export function endpointSignOf(error: Pick<SluiceError, 'code' | 'retry'>): EndpointSign | undefined {
  switch (error.code) {
    case 'host_unknown':
    case 'host_unreachable':
      return 'nothing';
    case 'connection_lost':
    case 'timed_out':
    case 'slow_down':
    case 'bucket_unavailable':
    case 'answer_invalid':
    case 'host_failing':
    case 'forge_answer_invalid':
      return 'trouble';
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
      return 'answer';
    default:
      return undefined;
  }
}

/** The link after a sighting. */
export function observe(link: EndpointHealth, sighting: EndpointSign, nowMs: number): EndpointHealth {
  const enter = (state: EndpointState, troubles: number): EndpointHealth =>
    state === link.state ? { ...link, troubles } : { state, sinceMs: nowMs, troubles };
  switch (sighting) {
    case 'success':
      return enter('online', 0);
    case 'answer':
      // A refusal shows that it is there, not that it is well.
      return enter(link.state === 'unhealthy' ? 'unhealthy' : 'online', link.troubles);
    case 'nothing':
      return enter('offline', 0);
    case 'trouble': {
      const troubles = link.troubles + 1;
      if (troubles >= UNHEALTHY_AFTER) return enter('unhealthy', troubles);
      // A time-out of what was offline is no sign that it is back.
      return enter(link.state, troubles);
    }
  }
}

/** When the next probe may be sent; undefined when the link needs none. */
export function probeDueMs(link: EndpointHealth, everyMs: number): number | undefined {
  if (link.state !== 'offline') return undefined;
  return (link.probedAtMs ?? link.sinceMs) + everyMs;
}

export function probed(link: EndpointHealth, nowMs: number): EndpointHealth {
  return { ...link, probedAtMs: nowMs };
}
