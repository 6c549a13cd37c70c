import type { Span } from '../../base/spans.ts';
import type { EndedWork } from '../../engine/queue/handler.ts';
import { hostOfGroup } from '../../gather/changesets/schedule.ts';

/** What is done with targets, by their kind. */
const NAMES: Readonly<Record<string, string>> = { churn: 'read churn', notification: 'send notification' };

/** Work of the schedule that is over, as a span. Work that was handed back or postponed is none that failed. Pure. */
export function spanOfWork(ended: EndedWork, nowMs: number): Span {
  const { claim, ending, durationMs, error, steps } = ended;
  const isFailure = ending === 'failed' || ending === 'gave up' || ending === 'lost';
  return {
    name: NAMES[claim.kind] ?? `sync ${claim.kind}`,
    startMs: nowMs - durationMs,
    endMs: nowMs,
    attributes: {
      'sluice.target': claim.key,
      'sluice.host': hostOfGroup(claim.group),
      'sluice.reason': claim.reason,
      'sluice.attempt': claim.attempt,
      'sluice.outcome': ending,
    },
    error: isFailure ? (error ?? { code: 'lease_lost', message: 'somebody else has the claim' }) : undefined,
    steps,
  };
}
