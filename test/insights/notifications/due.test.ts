import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dueNotifications, type RepositoryActivity } from '../../../src/insights/notifications/due.ts';
import type { Notice, NotificationEvent } from '../../../src/keep/store/notifications.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 5, 1);
const POLICY = { staleAfterDays: 30, afterFailures: 3 };
const NONE: ReadonlyMap<Notice, number> = new Map();

function due(activity: Partial<RepositoryActivity>, notices = NONE, policy = POLICY): NotificationEvent[] {
  const whole = { nowMs: NOW_MS, lastCommitAtMs: NOW_MS - DAY_MS, lastNewsAtMs: null, ...activity };
  return dueNotifications(whole, notices, policy).map(({ event }) => event);
}

test('stale at exactly so many days without a commit, not a moment before, and never without the setting (R-30)', () => {
  const atMs = NOW_MS - 30 * DAY_MS;
  assert.deepEqual(due({ lastCommitAtMs: atMs }), ['stale']);
  assert.deepEqual(due({ lastCommitAtMs: atMs + 1 }), []);
  assert.deepEqual(
    dueNotifications({ nowMs: NOW_MS, lastCommitAtMs: 0, lastNewsAtMs: null }, NONE, { afterFailures: 3 }),
    [],
  );
});

test('old commits that came lately, commits of the future and an empty repository are not stale (R-30)', () => {
  assert.deepEqual(due({ lastCommitAtMs: 0, lastNewsAtMs: NOW_MS - DAY_MS }), []);
  assert.deepEqual(due({ lastCommitAtMs: NOW_MS + 1000 * DAY_MS }), []);
  assert.deepEqual(due({ lastCommitAtMs: null }), []);
});

test('awake by news after the notice, whatever the commits are dated; not by another setting (R-30)', () => {
  const notices = new Map<Notice, number>([['stale', NOW_MS - 10 * DAY_MS]]);
  assert.deepEqual(due({ lastCommitAtMs: 0, lastNewsAtMs: NOW_MS }, notices), ['awake']);
  assert.deepEqual(due({ lastNewsAtMs: NOW_MS - 11 * DAY_MS }, notices), []);
  assert.deepEqual(due({ lastNewsAtMs: null }, notices, { ...POLICY, staleAfterDays: 9999 }), []);
});

test('failing at so many failures in a row, once; recovered by the first success (R-30)', () => {
  const failure = (inARow: number): Partial<RepositoryActivity> => ({
    failure: { message: 'no answer', inARow },
  });
  const failing = new Map<Notice, number>([['failing', 1]]);
  assert.deepEqual(due(failure(2)), []);
  assert.deepEqual(due(failure(3)), ['failing']);
  assert.deepEqual(due(failure(4), failing), []);
  assert.deepEqual(due({}, failing), ['recovered']);
  assert.deepEqual(
    due({ ...failure(9), lastCommitAtMs: 0 }),
    ['failing'],
    'what cannot be reached is not stale',
  );
});

test('property: by a clock that only goes on, each event follows its opposite, however syncs go (R-30)', () => {
  const step = fc.record({ days: fc.integer({ min: 0, max: 60 }), news: fc.boolean(), fails: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const notices = new Map<Notice, number>();
      const events: NotificationEvent[] = [];
      let nowMs = NOW_MS;
      let lastNewsAtMs: number | null = null;
      let inARow = 0;
      for (const { days, news, fails } of steps) {
        nowMs += days * DAY_MS + 1;
        inARow = fails ? inARow + 1 : 0;
        if (news && !fails) lastNewsAtMs = nowMs;
        const failure = fails ? { message: 'x', inARow } : undefined;
        for (const { event } of dueNotifications(
          { nowMs, lastCommitAtMs: NOW_MS, lastNewsAtMs, failure },
          notices,
          POLICY,
        )) {
          events.push(event);
          if (event === 'stale' || event === 'failing') notices.set(event, nowMs);
          else notices.delete(event === 'awake' ? 'stale' : 'failing');
        }
      }
      for (const [begin, end] of [
        ['stale', 'awake'],
        ['failing', 'recovered'],
      ] as const) {
        const turns = events.filter(event => event === begin || event === end);
        assert.deepEqual(
          turns,
          turns.map((_, index) => (index % 2 === 0 ? begin : end)),
        );
      }
    }),
  );
});
