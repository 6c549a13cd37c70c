import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LifeEvent, lifeOf, percentiles } from '../../../src/keep/store/changeset-life.ts';

const HOUR_MS = 3_600_000;
const at = (hours: number, kind: string, more: Partial<LifeEvent> = {}): LifeEvent => ({
  ...{ kind, atMs: hours * HOUR_MS, actor: 'bea', actorIsBot: false, review: null },
  ...more,
});
const facts = {
  state: 'merged',
  author: 'ada',
  createdAtMs: 0,
  mergedAtMs: 20 * HOUR_MS,
  closedAtMs: 20 * HOUR_MS,
};

test('the parts of a cycle add up to it, and time as a draft is in none of them (C-24)', () => {
  const events = [
    at(1, 'commit', { actor: 'ada' }),
    at(2, 'review', { actorIsBot: true, review: 'commented' }),
    at(4, 'ready_for_review', { actor: 'ada' }),
    at(5, 'review', { actor: 'ada', review: 'commented' }),
    at(6, 'review', { review: 'changes_requested' }),
    at(7, 'review', { actor: 'cyn', review: 'commented' }),
    at(8, 'converted_to_draft', { actor: 'ada' }),
    at(9, 'commit', { actor: 'ada' }),
    at(10, 'ready_for_review', { actor: 'ada' }),
    at(15, 'review', { review: 'approved' }),
  ];
  const life = lifeOf(facts, events);
  assert.deepEqual(life, {
    draftMs: 6 * HOUR_MS,
    firstReviewMs: 2 * HOUR_MS,
    inReviewMs: 7 * HOUR_MS,
    waitForMergeMs: 5 * HOUR_MS,
    cycleMs: 14 * HOUR_MS,
    rounds: 2,
  });
  const { firstReviewMs, inReviewMs, waitForMergeMs, cycleMs } = life;
  assert.equal((firstReviewMs ?? 0) + (inReviewMs ?? 0) + (waitForMergeMs ?? 0), cycleMs);
});

test('of one that is a draft still, unreviewed, nothing is over; closed as one, it was a draft all the time (C-24)', () => {
  const open = { ...facts, state: 'draft', mergedAtMs: null, closedAtMs: null };
  const nothing = { firstReviewMs: null, inReviewMs: null, waitForMergeMs: null, cycleMs: null };
  assert.deepEqual(lifeOf(open, []), { draftMs: null, ...nothing, rounds: 0 });
  const closed = { ...open, closedAtMs: 3 * HOUR_MS };
  assert.deepEqual(lifeOf(closed, []), { draftMs: 3 * HOUR_MS, ...nothing, rounds: 0 });
});

test('percentiles by nearest rank, of what there is (C-24)', () => {
  assert.deepEqual(percentiles([null, 3, 1, 2, 4]), { count: 4, p50: 2, p75: 3, p90: 4 });
  assert.deepEqual(percentiles([null]), { count: 0, p50: null, p75: null, p90: null });
});
