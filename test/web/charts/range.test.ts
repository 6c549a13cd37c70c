import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DAY_MS, isoDay, periodEnd, periodStart, spansOf } from '../../../src/web/charts/periods.ts';
import { chosenRange, periodFor, questionOf, rangeOf, wider } from '../../../src/web/charts/range.ts';

const NOW_MS = Date.parse('2026-11-22T10:30:00Z');
const anyMs = fc.integer({ min: DAY_MS, max: Date.parse('2100-01-01') });

test('a range stands in the address by name or by its days, and whatever else is there is the usual one (W-103)', () => {
  const year = rangeOf('1y', '3m', NOW_MS, undefined);
  assert.deepEqual([isoDay(year.fromMs), year.toMs, year.isUpToNow], ['2025-11-23', NOW_MS, true]);
  const chosen = rangeOf('2026-01-01..2026-03-31', '1y', NOW_MS, undefined);
  assert.deepEqual([isoDay(chosen.fromMs), isoDay(chosen.toMs)], ['2026-01-01', '2026-04-01']);
  assert.equal(chosen.isUpToNow, false);
  const other = ['2026-03-31..2026-01-01', '2026-13-01..2026-14-01', 'soon', '', null, undefined];
  for (const text of other) assert.equal(rangeOf(text, '3m', NOW_MS, undefined).text, '3m', String(text));
  const all = rangeOf('all', '1y', NOW_MS, Date.parse('2009-05-30T12:00:00Z'));
  assert.equal(isoDay(all.fromMs), '2009-05-30');
  assert.equal(isoDay(rangeOf('all', '1y', NOW_MS, undefined).fromMs), '2026-10-26');
});

test('what is chosen in a chart is whole days, and comes back from the address as it was', () => {
  fc.assert(
    fc.property(anyMs, fc.integer({ min: 1, max: 4_000 * DAY_MS }), (fromMs, lengthMs) => {
      const range = rangeOf(chosenRange({ fromMs, toMs: fromMs + lengthMs }), '1y', NOW_MS, undefined);
      assert.equal(range.isUpToNow, false);
      assert.ok(range.fromMs <= fromMs && range.fromMs > fromMs - DAY_MS);
      assert.ok(range.toMs >= fromMs + lengthMs && range.toMs < fromMs + lengthMs + DAY_MS);
      assert.equal(chosenRange(range), range.text);
    }),
  );
});

test('periods follow one another without gap, begin on Mondays and firsts, and cover every range up to its end (W-103)', () => {
  fc.assert(
    fc.property(
      anyMs,
      fc.integer({ min: 1, max: 900 * DAY_MS }),
      fc.constantFrom('day' as const, 'week' as const, 'month' as const),
      (fromMs, lengthMs, period) => {
        const range = { fromMs, toMs: fromMs + lengthMs };
        const row = { start: isoDay(periodStart(fromMs, period)), commits: 3 };
        const spans = spansOf([row], range, period);
        assert.equal(spans[0]?.value, row);
        assert.ok((spans[0]?.fromMs ?? Number.NaN) <= fromMs && (spans.at(-1)?.toMs ?? 0) >= range.toMs);
        for (const [at, span] of spans.entries()) {
          assert.equal(span.toMs, periodEnd(span.fromMs, period));
          if (at > 0) assert.equal(span.fromMs, spans[at - 1]?.toMs);
          if (period === 'week') assert.equal(new Date(span.fromMs).getUTCDay(), 1);
          if (period === 'month') assert.equal(new Date(span.fromMs).getUTCDate(), 1);
        }
      },
    ),
  );
});

test('columns are days, weeks or months by the length of the range, and the station is asked for whole ones', () => {
  const range = (days: number) => ({ fromMs: NOW_MS - days * DAY_MS, toMs: NOW_MS });
  assert.deepEqual(
    [28, 365, 3 * 365, 4_000].map(days => periodFor(range(days))),
    ['day', 'week', 'week', 'month'],
  );
  assert.deepEqual(questionOf(range(365), 'week'), { since: '2025-11-17', until: '2026-11-23' });
  assert.deepEqual(questionOf({ fromMs: 0, toMs: DAY_MS }, 'month'), {
    since: '1970-01-02',
    until: '1970-01-02',
  });
  assert.deepEqual(wider({ fromMs: NOW_MS - 4 * DAY_MS, toMs: NOW_MS - DAY_MS }, NOW_MS), {
    fromMs: NOW_MS - 5.5 * DAY_MS,
    toMs: NOW_MS,
  });
});
