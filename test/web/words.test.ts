import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { day, failedWords } from '../../src/web/parts/words.ts';

function inZone(t: TestContext, zone: string): void {
  const { TZ } = process.env;
  process.env.TZ = zone;
  t.after(() => {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  });
}

test('a day is the reader’s, on either side of midnight (W-6)', t => {
  inZone(t, 'Asia/Kolkata');
  assert.equal(day('2026-11-30T18:29:59.000Z'), '2026-11-30');
  assert.equal(day('2026-11-30T18:30:00.000Z'), '2026-12-01');
  inZone(t, 'America/Los_Angeles');
  assert.equal(day('2026-12-01T07:59:59.000Z'), '2026-11-30');
  assert.equal(day(null), '–');
});

test('a failure is told as one, several as a row (W-6)', () => {
  assert.equal(failedWords(1), 'failed once');
  assert.equal(failedWords(12), 'failed 12 times in a row');
});
