import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { standingPlace } from '../support/sluice.ts';

const PROCESS = resolve(import.meta.dirname, '../support/budget-process.ts');
const KIB = 1024;

/** Forty files wait in every way there is, and number 5 is being sent. @param mount what the disk is */
function budgetOn(t: TestContext, mount: string, fileBytes: number) {
  const folder = standingPlace(t);
  const script = `mount -t tmpfs -o ${mount} tmpfs ${folder} && cd ${folder} && ${process.execPath} ${PROCESS} ${fileBytes}`;
  const printed = execFileSync('unshare', ['-rm', 'sh', '-c', script], { encoding: 'utf8' });
  const { planned, freed, left, kept, recorded, lostRecords, lostRows, shares } = JSON.parse(printed);
  const expected = [0, 6, 11, 16, 21, 26, 31, 36].map(
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
  assert.equal(recorded.bytes, (4 + 8) * fileBytes);
  assert.deepEqual([recorded.keptFiles, recorded.keptBytes], [4, 4 * fileBytes]);
  assert.deepEqual(new Set(lostRecords), new Set(['capture_lost']));
  assert.deepEqual([lostRecords.length, lostRows], [8, 8]);
  return shares as [bytes: number, inodes: number];
}

test('on a real small disk, kept files go first, then every fifth unsent one, in whatever way it waits; all is on record (K-15, K-16, K-108)', t => {
  const [bytes] = budgetOn(t, 'size=14m', 256 * KIB);
  assert.ok(bytes > 0.7);
});

test('a real disk without inodes is full as well, though it has bytes enough (K-108)', t => {
  const [bytes, inodes] = budgetOn(t, 'size=200m,nr_inodes=78', KIB);
  assert.ok(bytes < 0.1 && inodes > 0.7, `${bytes} ${inodes}`);
});
