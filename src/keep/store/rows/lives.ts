import { LIFE_EVENTS, type LifeEvent, type LifeFacts, lifeOf } from '../changeset-life.ts';
import { readInteger, readIntegerOrNull, readText, readTextOrNull, type SqlRow } from './columns.ts';

/** Events that a life is made of, as a condition in SQL. */
export const IS_LIFE_EVENT = `kind IN (${LIFE_EVENTS.map(kind => `'${kind}'`).join(', ')})`;

/** Columns of `changeset_lives`, in the order of `toLifeValues`. */
export const LIFE_COLUMNS = [
  'changeset_id',
  'created_at_ms',
  'merged_at_ms',
  'closed_at_ms',
  'lines',
  'draft_ms',
  'first_review_ms',
  'in_review_ms',
  'wait_for_merge_ms',
  'cycle_ms',
  'rounds',
] as const;

/** A row of `changeset_lives`; null where it is not known when the changeset was opened. */
export function toLifeValues(changeset: SqlRow, events: readonly SqlRow[]): (number | null)[] | null {
  const createdAtMs = readIntegerOrNull(changeset, 'created_at_ms');
  if (createdAtMs === null) return null;
  const facts: LifeFacts = {
    state: readText(changeset, 'state'),
    author: readTextOrNull(changeset, 'author'),
    createdAtMs,
    mergedAtMs: readIntegerOrNull(changeset, 'merged_at_ms'),
    closedAtMs: readIntegerOrNull(changeset, 'closed_at_ms'),
  };
  const life = lifeOf(facts, events.map(toLifeEvent));
  return [
    readInteger(changeset, 'id'),
    createdAtMs,
    facts.mergedAtMs,
    facts.closedAtMs,
    readIntegerOrNull(changeset, 'lines'),
    life.draftMs,
    life.firstReviewMs,
    life.inReviewMs,
    life.waitForMergeMs,
    life.cycleMs,
    life.rounds,
  ];
}

function toLifeEvent(row: SqlRow): LifeEvent {
  return {
    kind: readText(row, 'kind'),
    atMs: readInteger(row, 'at_ms'),
    actor: readTextOrNull(row, 'actor'),
    actorIsBot: readInteger(row, 'actor_is_bot') === 1,
    review: readTextOrNull(row, 'review'),
  };
}
