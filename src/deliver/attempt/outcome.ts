import type { SluiceError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { callOutcomeOf } from '../../engine/endpoint-health.ts';
import { nextTry } from '../../engine/retry.ts';
import type { DeliverySettings } from '../settings.ts';

export type Verdict =
  /** Try again at that time; `failures` in a row so far. */
  | { readonly kind: 'retry'; readonly atMs: number; readonly failures: number }
  /** To `failed`. */
  | { readonly kind: 'give-up'; readonly why: string }
  /** Until its bucket exists (F44). */
  | { readonly kind: 'await-bucket' }
  /** The file is gone. */
  | { readonly kind: 'vanished' }
  /** Stopped on request: as if it had not been tried. */
  | { readonly kind: 'hand-back' };

/** What follows on a failed try (F7–F12, F44, V10). Pure. */
export function verdictOn(
  error: SluiceError,
  failuresBefore: number,
  settings: Pick<DeliverySettings, 'retry' | 'offline' | 'probeEveryMs'>,
  random: Random,
  nowMs: number,
): Verdict {
  if (error.retry === 'cancelled') return { kind: 'hand-back' };
  if (error.code === 'bucket_missing') return { kind: 'await-bucket' };
  if (error.code === 'source_missing') return { kind: 'vanished' };
  if (settings.offline === 'hold' && callOutcomeOf(error) === 'unreachable') {
    // The link's probe will say when; this time counts only if the link comes back unnoticed.
    return { kind: 'retry', atMs: nowMs + settings.probeEveryMs, failures: failuresBefore };
  }
  const failures = failuresBefore + 1;
  const decision = nextTry(settings.retry, failures, error, random, nowMs);
  if ('giveUp' in decision) return { kind: 'give-up', why: decision.giveUp };
  return { kind: 'retry', atMs: decision.retryAtMs, failures };
}
