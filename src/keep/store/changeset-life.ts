/**
 * The life of one changeset, from its events. Times are of the host's clock, in milliseconds. It is stored whenever one
 * of what it is made of is, so that figures over many changesets need not read their events.
 */

export interface LifeEvent {
  readonly kind: string;
  readonly atMs: number;
  readonly actor: string | null;
  readonly actorIsBot: boolean;
  /** Of a review: approved, changes_requested, commented, dismissed, pending. */
  readonly review: string | null;
}

/** The kinds of events that a life is made of. */
export const LIFE_EVENTS = ['review', 'commit', 'force_push', 'ready_for_review', 'converted_to_draft'];

/** So many changesets have their lives made at once: a transaction that others wait for stays short. */
export const LIVES_AT_ONCE = 500;

export interface LifeFacts {
  readonly state: string;
  readonly author: string | null;
  readonly createdAtMs: number;
  readonly mergedAtMs: number | null;
  readonly closedAtMs: number | null;
}

/** Durations in milliseconds; null: has not come to that, or is not over. Time as a draft counts in
 * none but `draftMs`. */
export interface Life {
  readonly draftMs: number | null;
  /** From ready for review to the first review by somebody else; bots do not count. */
  readonly firstReviewMs: number | null;
  /** From the first review to the last approval before the merge, or to the merge where nobody approved. */
  readonly inReviewMs: number | null;
  /** From the last approval to the merge. */
  readonly waitForMergeMs: number | null;
  /** From the creation to the merge. */
  readonly cycleMs: number | null;
  /** How often it was reviewed anew: reviews in a row without new commits between are one round. */
  readonly rounds: number;
}

type Span = readonly [fromMs: number, toMs: number];

/** Pure: the same whenever it is asked. @param events in their order */
export function lifeOf(facts: LifeFacts, events: readonly LifeEvent[]): Life {
  const endMs = facts.mergedAtMs ?? facts.closedAtMs ?? Number.POSITIVE_INFINITY;
  const drafts = draftSpans(facts, events, endMs);
  const between = (fromMs: number, toMs: number): number =>
    Math.max(0, toMs - fromMs - drafts.reduce((sum, span) => sum + overlap(span, [fromMs, toMs]), 0));
  const reviews = events.filter(event => isReview(event, facts.author) && event.atMs <= endMs);
  const first = reviews[0]?.atMs;
  const { mergedAtMs, createdAtMs } = facts;
  const approved = reviews.filter(({ review }) => review === 'approved').at(-1)?.atMs;
  const reviewedMs = mergedAtMs === null ? undefined : (approved ?? mergedAtMs);
  return {
    draftMs: Number.isFinite(endMs) ? drafts.reduce((sum, [fromMs, toMs]) => sum + toMs - fromMs, 0) : null,
    firstReviewMs: first === undefined ? null : between(createdAtMs, first),
    inReviewMs: first === undefined || reviewedMs === undefined ? null : between(first, reviewedMs),
    waitForMergeMs: mergedAtMs === null || approved === undefined ? null : between(approved, mergedAtMs),
    cycleMs: mergedAtMs === null ? null : between(createdAtMs, mergedAtMs),
    rounds: roundsOf(events, facts.author),
  };
}

/** A review by a person other than the author. */
function isReview({ kind, actor, actorIsBot, review }: LifeEvent, author: string | null): boolean {
  return kind === 'review' && !actorIsBot && actor !== author && review !== 'pending';
}

function draftSpans(facts: LifeFacts, events: readonly LifeEvent[], endMs: number): Span[] {
  const changes = events.filter(({ kind }) => kind === 'ready_for_review' || kind === 'converted_to_draft');
  const bornDraft = changes[0] ? changes[0].kind === 'ready_for_review' : facts.state === 'draft';
  const spans: Span[] = [];
  let sinceMs = bornDraft ? facts.createdAtMs : undefined;
  for (const { kind, atMs } of changes) {
    if (kind === 'converted_to_draft') sinceMs ??= atMs;
    else if (sinceMs !== undefined) {
      spans.push([sinceMs, Math.max(sinceMs, atMs)]);
      sinceMs = undefined;
    }
  }
  if (sinceMs !== undefined && sinceMs < endMs) spans.push([sinceMs, endMs]);
  return spans;
}

function overlap([oneFrom, oneTo]: Span, [twoFrom, twoTo]: Span): number {
  return Math.max(0, Math.min(oneTo, twoTo) - Math.max(oneFrom, twoFrom));
}

function roundsOf(events: readonly LifeEvent[], author: string | null): number {
  let rounds = 0;
  let isNew = true;
  for (const event of events) {
    if (event.kind === 'commit' || event.kind === 'force_push') isNew = true;
    else if (isReview(event, author) && isNew) {
      rounds += 1;
      isNew = false;
    }
  }
  return rounds;
}
/** Percentiles by nearest rank; null without values. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number | null;
  readonly p75: number | null;
  readonly p90: number | null;
}

export function percentiles(values: readonly (number | null)[]): Percentiles {
  // Typed, since numbers are sorted by a comparison only a tenth as fast.
  const sorted = Float64Array.from(values.filter(value => value !== null)).sort();
  const at = (share: number): number | null =>
    sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
  return { count: sorted.length, p50: at(0.5), p75: at(0.75), p90: at(0.9) };
}
