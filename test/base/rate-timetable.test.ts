import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRateTimetable, type RateTimetable, rateAt } from '../../src/base/rate-timetable.ts';

const KIB = 1024;
const timetable = (text: string): RateTimetable => {
  const parsed = parseRateTimetable(text);
  assert.ok(typeof parsed !== 'string', String(parsed));
  return parsed;
};
/** 2026-11-29 is a Sunday. */
const at = (day: number, hours: number, minutes = 0): number =>
  new Date(2026, 10, 29 + day, hours, minutes).getTime();

test('a timetable is read as rclone has it, and the last slot holds until the next (D-803)', () => {
  const hours = timetable('08:00,512k 12:00,10MiB 13:00,512KiB 18:00,30M 23:00,off');
  assert.equal(rateAt(hours, at(1, 8)), 512 * KIB);
  assert.equal(rateAt(hours, at(1, 12, 59)), 10 * KIB * KIB);
  assert.equal(rateAt(hours, at(1, 18)), 30 * KIB * KIB);
  assert.equal(rateAt(hours, at(1, 23, 30)), Number.POSITIVE_INFINITY);
  assert.equal(rateAt(hours, at(0, 3)), Number.POSITIVE_INFINITY);
  const week = timetable('Mon-08:00,1M Fri-18:30,off');
  assert.equal(rateAt(week, at(0, 12)), Number.POSITIVE_INFINITY);
  assert.equal(rateAt(week, at(3, 0)), KIB * KIB);
  assert.equal(rateAt(week, at(5, 18, 29)), KIB * KIB);
  assert.equal(rateAt(week, at(6, 1)), Number.POSITIVE_INFINITY);
  const weekend = timetable('08:00,1M Sat-08:00,off 20:00,2M');
  assert.equal(rateAt(weekend, at(5, 9)), KIB * KIB);
  assert.equal(rateAt(weekend, at(6, 9)), Number.POSITIVE_INFINITY);
  assert.equal(rateAt(timetable('2MiB'), at(2, 2)), 2 * KIB * KIB);
});

test('what is no timetable is said in words (D-803)', () => {
  const faults: readonly [string, RegExp][] = [
    ['512', /no size a second/],
    ['08:00 512KiB', /no time and rate/],
    ['25:00,1M', /no time of a day/],
    ['Foo-08:00,1M', /names no day/],
    ['08:00,1M:2M', /gives two rates/],
    ['08:00,1KiB', /at least 16KiB/],
  ];
  for (const [text, words] of faults) assert.match(String(parseRateTimetable(text)), words);
});
