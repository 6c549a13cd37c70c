import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatBytes,
  formatCount,
  formatDuration,
  parseBytes,
  parseDurationMs,
  writeBytes,
  writeDuration,
} from '../../src/base/units.ts';

test('durations: what people write', () => {
  const cases: [string, number][] = [
    ['6s', 6000],
    ['2m', 120_000],
    ['8h', 28_800_000],
    ['1h30m', 5_400_000],
    ['1d 2h 3m 4s 5ms', 93_784_005],
    ['500 ms', 500],
    ['0.5s', 500],
    ['0.1m', 6000],
    ['1.1h', 3_960_000],
    ['2M', 120_000],
    [' 0 ', 0],
    ['0s', 0],
  ];
  for (const [text, ms] of cases) assert.equal(parseDurationMs(text), ms, text);
});

test('durations: what is refused', () => {
  const refused = [
    '',
    ' ',
    '5',
    '5 0s',
    '1 0 0s',
    '-1s',
    '1s1h',
    '5m5m',
    '1.s',
    '.5s',
    '1..5s',
    '5x',
    '5 m s',
    's',
    '1e3s',
    '∞s',
  ];
  for (const text of [...refused, `${'9'.repeat(30)}d`, `1h${' '.repeat(100)}1m`]) {
    assert.equal(parseDurationMs(text), undefined, text);
  }
});

test('sizes: what people write', () => {
  const cases: [string, number][] = [
    ['256KiB', 262_144],
    ['5 GB', 5e9],
    ['1.5GiB', 1_610_612_736],
    ['1tib', 2 ** 40],
    ['7B', 7],
    ['0', 0],
    ['0.5kB', 500],
  ];
  for (const [text, bytes] of cases) assert.equal(parseBytes(text), bytes, text);
});

test('sizes: what is refused', () => {
  for (const text of ['', '5', '5 gigs', '-1B', '5 G B', '1 0 B', '5G', '5ib', '1e3B', '99999999TiB']) {
    assert.equal(parseBytes(text), undefined, text);
  }
});

const wholeMs = fc.oneof(fc.nat(), fc.maxSafeNat());

test('a duration written is the duration read, to the millisecond', () => {
  fc.assert(fc.property(wholeMs, ms => assert.equal(parseDurationMs(writeDuration(ms)), ms)));
});

test('a size written is the size read, to the byte', () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(), fc.maxSafeNat()), bytes =>
      assert.equal(parseBytes(writeBytes(bytes)), bytes),
    ),
  );
  assert.equal(writeBytes(5 * 2 ** 30), '5GiB');
  assert.equal(writeBytes(20e9), '20GB');
  assert.equal(writeDuration(5_400_000), '1h30m');
});

test('no text makes a parser throw or answer with anything but whole numbers from 0 on', () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9. ]{0,12}(ms|s|m|h|d|kb|mib|b| )*$/));
  fc.assert(
    fc.property(text, input => {
      for (const value of [parseDurationMs(input), parseBytes(input)]) {
        assert.ok(value === undefined || (Number.isSafeInteger(value) && value >= 0), `${input} → ${value}`);
      }
    }),
  );
});

test('durations for people: two units at the most, no unit overflowing into the next', () => {
  const cases: [number, string][] = [
    [0, '0ms'],
    [840, '840ms'],
    [999.4, '999ms'],
    [999.7, '1s'],
    [3200, '3.2s'],
    [59_949, '59.9s'],
    [59_950, '1m'],
    [250_000, '4m 10s'],
    [3_599_700, '1h'],
    [11_100_000, '3h 5m'],
    [187_200_000, '2d 4h'],
    [-3200, '-3.2s'],
  ];
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text);
});

test('durations for people are near the truth', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 400 * 86_400_000 }), ms => {
      const shown = parseDurationMs(formatDuration(ms));
      assert.ok(shown !== undefined && Math.abs(shown - ms) <= Math.max(50, ms * 0.042), `${ms} → ${shown}`);
    }),
  );
});

test('sizes for people: never 1024 of a unit, and near the truth', () => {
  const cases: [number, string][] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [2 ** 20 - 1, '1 MiB'],
    [37 * 2 ** 20, '37 MiB'],
    [5000 * 2 ** 40, '5000 TiB'],
  ];
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 * 2 ** 40 }), bytes => {
      const text = formatBytes(bytes);
      assert.ok(!text.startsWith('1024 '), text);
      const shown = parseBytes(text);
      assert.ok(
        shown !== undefined && Math.abs(shown - bytes) <= Math.max(1, bytes * 0.06),
        `${bytes} → ${text}`,
      );
    }),
  );
});

test('Counts are written with their noun, one of them without an s', () => {
  assert.deepEqual(
    [0, 1, 2000].map(count => formatCount(count, 'clone')),
    ['0 clones', '1 clone', '2,000 clones'],
  );
});
