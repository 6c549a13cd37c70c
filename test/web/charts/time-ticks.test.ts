import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timeTicks } from '../../../src/web/charts/time-ticks.ts';

const texts = (from: string, to: string, most: number, zone: 'utc' | 'local' = 'utc'): string[] =>
  timeTicks({ fromMs: Date.parse(from), toMs: Date.parse(to) }, most, zone, 'en').map(({ text, isMajor }) =>
    isMajor ? `[${text}]` : text,
  );

test('a time axis is marked by years, months, Mondays, days or hours, and says where the larger unit begins', () => {
  assert.deepEqual(texts('2021-03-05', '2026-11-22', 6), ['2022', '2023', '2024', '2025', '2026']);
  assert.deepEqual(texts('2025-11-22', '2026-11-22', 6), ['[2026]', 'Apr', 'Jul', 'Oct']);
  // A year and a day on a phone.
  assert.deepEqual(texts('2025-11-21', '2026-11-22', 4), ['[2026]', 'May', 'Sep']);
  assert.deepEqual(texts('2026-11-21T16:00:00Z', '2026-11-22T16:15:00Z', 4), [
    '16:00',
    '[Nov 22]',
    '08:00',
    '16:00',
  ]);
  assert.deepEqual(texts('2026-10-28', '2026-11-22', 4), ['Nov 2', 'Nov 9', 'Nov 16']);
  assert.deepEqual(texts('2026-11-21T16:00:00Z', '2026-11-22T16:00:00Z', 4), [
    '18:00',
    '[Nov 22]',
    '06:00',
    '12:00',
  ]);
  assert.deepEqual(timeTicks({ fromMs: 5, toMs: 5 }, 6, 'utc'), []);
});

test('marks lie within the range, in order, and are no more than asked for, whatever the range and the clock', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: Date.parse('2090-01-01') }),
      fc.double({ min: 60_000, max: 40 * 365 * 86_400_000, noNaN: true }),
      fc.integer({ min: 2, max: 12 }),
      fc.constantFrom('utc' as const, 'local' as const),
      (fromMs, length, most, zone) => {
        const range = { fromMs, toMs: fromMs + length };
        const ticks = timeTicks(range, most, zone, 'en');
        assert.ok(ticks.length <= most + 1, String(ticks.length));
        for (const [at, { ms }] of ticks.entries()) {
          assert.ok(ms >= range.fromMs && ms < range.toMs);
          assert.ok(ms > (ticks[at - 1]?.ms ?? Number.NEGATIVE_INFINITY));
        }
      },
    ),
  );
});
