import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { standingPlace } from '../support/sluice.ts';

const PROCESS = resolve(import.meta.dirname, '../support/budget-process.ts');

test('on a real small disk, kept files go first, then every fifth unsent one; all is on record (K-15, K-16)', t => {
  const folder = standingPlace(t);
  const script = `mount -t tmpfs -o size=14m tmpfs ${folder} && cd ${folder} && ${process.execPath} ${PROCESS}`;
  const printed = execFileSync('unshare', ['-rm', 'sh', '-c', script], { encoding: 'utf8' });
  const { planned, freed, left, kept, recorded, lostRecords, lostRows } = JSON.parse(printed);
  const expected = [0, 5, 10, 15, 20, 25, 30, 35].map(
    index => `local/outbox/one/20260105T000000.000Z-${String(index).padStart(6, '0')}.ndjson`,
  );
  assert.deepEqual(planned, expected);
  const [completed, ...lost] = freed;
  assert.deepEqual([completed.step, completed.files, completed.lost], ['completed', 4, false]);
  assert.deepEqual(
    lost.map((row: { path: string }) => row.path),
    expected,
  );
  assert.ok(lost.every((row: { lost: boolean; readings: number }) => row.lost && row.readings === 10));
  assert.equal(kept, 0);
  assert.equal(left.length, 33, '32 files and the one in progress');
  assert.deepEqual([recorded.lostFiles, recorded.lostReadings], [8, 80]);
  assert.equal(recorded.bytes, (4 + 8) * 256 * 1024);
  assert.deepEqual(new Set(lostRecords), new Set(['capture_lost']));
  assert.deepEqual([lostRecords.length, lostRows], [8, 8]);
});
