import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportQuery } from '../../../src/insights/changesets/question.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse('2026-11-22T10:00:00Z');

test('the window is from a day on and before a day, ninety days up to now unless given (C-24)', () => {
  const { sinceMs, untilMs } = reportQuery({ since: '2026-01-01', until: '2026-02-01' }, NOW_MS, '--');
  assert.deepEqual([sinceMs, untilMs], [Date.parse('2026-01-01'), Date.parse('2026-02-01')]);
  const now = reportQuery({}, NOW_MS, '');
  assert.deepEqual([now.untilMs, now.untilMs - now.sinceMs, now.by], [NOW_MS + 1, 90 * DAY_MS, 'week']);
});

test('what is no day, and a window that ends before it begins, are refused by name (C-24)', () => {
  const refused = (since: string, until: string, mark: '--' | '') => () =>
    reportQuery({ since, until }, NOW_MS, mark);
  assert.throws(refused('2026-02-30', '2026-03-01', '--'), {
    code: 'usage',
    message: /^--since takes a day/,
  });
  assert.throws(refused('2026-02-01', 'soon', ''), { code: 'usage', message: /^until takes a day/ });
  assert.throws(refused('2026-02-01', '2026-02-01', '--'), {
    code: 'usage',
    message: 'nothing lies from --since on and before --until',
  });
});
