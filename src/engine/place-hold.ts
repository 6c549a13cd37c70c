import type { ErrorCode, HeldPlace, SluiceError } from '../base/errors.ts';
import { patienceAsked } from './retry.ts';

/**
 * A place that cannot be used just now, as a pure state machine. A place that is free has no hold:
 *
 *   free ──a failure speaks of the place──▶ held ──probe began──▶ probing
 *     ▲                                      ▲ │                   │ │
 *     │                                      │ └──(again)──────────┘ │ still wrong, or nothing learned
 *     │                                      └───────────────────────┘
 *     └──────────────the probe shows that it is right again──────────┘
 *
 * Whatever needs the place waits meanwhile; one probe goes at a time.
 */
export interface PlaceHold {
  readonly place: Place;
  readonly reason: HoldReason;
  /** When it came to be held. */
  readonly sinceMs: number;
  /** When the last probe began; undefined: none since it is held. */
  readonly probedAtMs?: number;
  /** Probes since it is held. */
  readonly probes: number;
  readonly isProbing: boolean;
  /** No probe before that, since the far side said so. */
  readonly notBeforeMs: number;
}

/** What is held: the address of an endpoint, the name of a profile, `profile/bucket`, or a path. */
export interface Place {
  readonly kind: HeldPlace;
  readonly name: string;
}

/** What is wrong and what to do about it. */
export type HoldReason = Pick<SluiceError, 'message' | 'hint'> & { readonly code: ErrorCode };

/** One text a place. */
export function placeKey({ kind, name }: Place): string {
  return `${kind} ${name}`;
}

/** The hold of a place that was free, or held already: since when it is stays, the reason is the newest. */
export function holdPlace(
  before: PlaceHold | undefined,
  place: Place,
  error: HoldReason & Partial<Pick<SluiceError, 'retryAfterMs'>>,
  nowMs: number,
): PlaceHold {
  const { code, message, hint } = error;
  const askedMs = patienceAsked(error);
  return {
    place,
    reason: { code, message, hint },
    sinceMs: before?.sinceMs ?? nowMs,
    probedAtMs: before?.probedAtMs,
    probes: before?.probes ?? 0,
    isProbing: before?.isProbing ?? false,
    // Nothing where nobody asked: now may be in the future by a clock that is set back.
    notBeforeMs: Math.max(before?.notBeforeMs ?? 0, askedMs > 0 ? nowMs + askedMs : 0),
  };
}

/** A probe has begun. */
export function withProbe(hold: PlaceHold, nowMs: number): PlaceHold {
  return { ...hold, isProbing: true, probedAtMs: nowMs, probes: hold.probes + 1 };
}

/** The probe ended and did not show that the place is right again. */
export function withoutProbe(hold: PlaceHold): PlaceHold {
  return { ...hold, isProbing: false };
}

/** When the next probe may begin; undefined while one is under way. */
export function nextProbeOf(hold: PlaceHold, everyMs: number): number | undefined {
  if (hold.isProbing) return undefined;
  return Math.max((hold.probedAtMs ?? hold.sinceMs) + probePauseMs(hold.probes, everyMs), hold.notBeforeMs);
}

/** Much trouble is over in seconds: the first probe comes soon, each further one after twice as long. */
const FIRST_PROBE_MS = 1000;

/** The pause before the next probe. @param everyMs the longest one */
export function probePauseMs(probes: number, everyMs: number): number {
  return Math.min(FIRST_PROBE_MS * 2 ** probes, everyMs);
}
