import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SluiceError } from '../../../src/base/errors.ts';
import { DiskBudget, type Reclaimer } from '../../../src/keep/disk/budget.ts';
import { planBudget, takeEveryNth } from '../../../src/keep/disk/plan.ts';
import type { FreedSpace } from '../../../src/keep/local/captures.ts';
import { rememberingLog } from '../../support/capture.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SETTINGS = { usageThreshold: 0.9, captureShareThreshold: 0.5 };
const NO_INODES = { usedInodes: 0, usableInodes: 0 };
const aSize = fc.nat(1e12);

test('a plan gives exactly what is needed, in order, and readings only last and only where they are to blame (K-15, K-16)', () => {
  fc.assert(
    fc.property(aSize, aSize, fc.array(aSize, { maxLength: 3 }), aSize, (used, free, sizes, captures) => {
      const facts = { usedBytes: used, usableBytes: used + free, ...NO_INODES };
      const supplies = sizes.map((bytes, index) => ({ name: `s${index}`, bytes, inodes: 0 }));
      const plan = planBudget(facts, SETTINGS, supplies, { bytes: captures, inodes: 0 });
      const given = plan.steps.reduce((sum, { bytes }) => sum + bytes, 0);
      assert.equal(given + plan.missingBytes, plan.neededBytes);
      if (!plan.full) assert.deepEqual([plan.neededBytes, plan.steps, plan.losesReadings], [0, [], false]);
      if (plan.full) {
        const after = (used - plan.neededBytes) / facts.usableBytes;
        assert.ok(after <= SETTINGS.usageThreshold, `${after}`);
      }
      // A later supply is touched only when all before it are spent.
      for (const { name } of plan.steps.slice(1)) {
        const before = supplies.slice(
          0,
          supplies.findIndex(one => one.name === name),
        );
        for (const one of before)
          assert.equal(plan.steps.find(step => step.name === one.name)?.bytes ?? 0, one.bytes);
      }
      const toBlame = captures / facts.usableBytes >= SETTINGS.captureShareThreshold;
      assert.equal(plan.losesReadings, plan.missingBytes > 0 && toBlame);
    }),
  );
});

test('inodes are planned like bytes, and readings go for the one that they are to blame for (K-108)', () => {
  const plan = (usedBytes: number, usedInodes: number, bytes: number, inodes: number) =>
    planBudget(
      { usedBytes, usableBytes: 1000, usedInodes, usableInodes: 100 },
      SETTINGS,
      [{ name: 'completed', bytes: 0, inodes: 3 }],
      { bytes, inodes },
    );
  const short = plan(100, 98, 50, 80);
  assert.deepEqual([short.full, short.neededBytes, short.neededInodes, short.missingInodes], [true, 0, 9, 6]);
  assert.deepEqual([short.steps, short.losesReadings], [[{ name: 'completed', bytes: 0, inodes: 3 }], true]);
  assert.equal(plan(100, 98, 900, 40).losesReadings, false, 'the inodes are somebody else’s');
  assert.equal(plan(950, 10, 100, 90).losesReadings, false, 'the bytes are somebody else’s');
  assert.equal(plan(950, 10, 600, 5).losesReadings, true);
  assert.equal(plan(100, 10, 900, 90).full, false);
});

test('every n-th goes: index 0, N, 2N… (K-16)', async () => {
  const files = Array.from({ length: 12 }, (_, index) => index);
  assert.deepEqual(await takeEveryNth(files, 5, () => true), [0, 5, 10]);
  assert.deepEqual(await takeEveryNth(files, 1, () => true), files);
  assert.deepEqual(await takeEveryNth([], 5, () => true), []);
});

test('a file in progress elsewhere at a slot does not advance the count: the next one is taken instead (K-16)', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 60 }),
      fc.integer({ min: 1, max: 7 }),
      async (busy, n) => {
        const files = busy.map((isBusy, index) => ({ isBusy, index }));
        const asked: number[] = [];
        const taken = await takeEveryNth(files, n, ({ isBusy, index }) => {
          asked.push(index);
          return !isBusy;
        });
        assert.ok(taken.every(({ isBusy }) => !isBusy));
        // By hand: at a slot, walk on to the first that is free; then step over n − 1 others.
        const expected: number[] = [];
        for (let index = 0; index < files.length; ) {
          while (index < files.length && files[index]?.isBusy) index += 1;
          if (index < files.length) expected.push(index);
          index += n;
        }
        assert.deepEqual(
          taken.map(({ index }) => index),
          expected,
        );
      },
    ),
  );
});

/** A disk of 1000 bytes on which things lie. */
function smallDisk(used: number, completed: number, captures: number, enabled = true) {
  const disk = { used, completed, captures, cannotRecord: false };
  const clock = new VirtualClock();
  const rows: FreedSpace[] = [];
  const { log, messages } = rememberingLog();
  const reclaimer: Reclaimer = {
    name: 'completed',
    reclaimable: async () => ({ bytes: disk.completed, inodes: 0 }),
    async free(needed) {
      const given = Math.min(needed.bytes, disk.completed);
      disk.completed -= given;
      disk.used -= given;
      return { files: given > 0 ? 1 : 0, bytes: given };
    },
  };
  const unsent = Array.from({ length: 10 }, (_, index) => ({
    path: `p/b/${index}`,
    bytes: captures / 10,
    readings: 3,
  }));
  const budget = new DiskBudget({
    clock,
    log,
    enabled: () => enabled,
    settings: () => ({ ...SETTINGS, deleteEveryNth: 5 }),
    measure: async () => ({ usedBytes: disk.used, usableBytes: 1000, ...NO_INODES }),
    reclaimers: [reclaimer],
    unsent: {
      size: async () => ({ bytes: disk.captures, inodes: 0 }),
      listEveryNth: async n => takeEveryNth(unsent, n, () => true),
      async deleteEveryNth(n) {
        const lost = await takeEveryNth(unsent, n, () => true);
        for (const { bytes } of lost) {
          disk.used -= bytes;
          disk.captures -= bytes;
        }
        return lost;
      },
    },
    record: async freed => {
      if (disk.cannotRecord) throw new SluiceError('disk_full', 'no room left on the disk');
      rows.push(...freed);
    },
  });
  return { disk, clock, rows, messages, budget };
}

test('what is delivered goes first and spares the readings; all is recorded (K-15)', async () => {
  const { disk, rows, budget, clock, messages } = smallDisk(950, 200, 600);
  const plan = await budget.preview();
  assert.deepEqual(
    [plan.full, plan.steps, plan.losesReadings, plan.files],
    [true, [{ name: 'completed', bytes: 51, inodes: 0 }], false, []],
  );
  await budget.start();
  await clock.advance(29_999);
  assert.equal(disk.used, 950);
  await clock.advance(1);
  assert.deepEqual(disk, { used: 899, completed: 149, captures: 600, cannotRecord: false });
  assert.deepEqual(
    rows.map(({ step, bytes, lost }) => [step, bytes, lost]),
    [['completed', 51, false]],
  );
  assert.equal(messages.length, 1);
  await budget.stop();
  assert.equal(clock.pendingTimers, 0);
});

test('readings go only where they are to blame, each on record as lost; otherwise a warning at most every five minutes (K-16)', async () => {
  const blamed = smallDisk(950, 10, 600);
  const rows = await blamed.budget.check();
  assert.deepEqual(
    rows.map(({ step, path, readings, lost }) => [step, path, readings, lost]),
    [
      ['completed', null, 0, false],
      ['capture', 'p/b/0', 3, true],
      ['capture', 'p/b/5', 3, true],
    ],
  );
  assert.match(blamed.messages.join('\n'), /2 files with 6 readings were deleted undelivered; they are lost/);
  const innocent = smallDisk(950, 0, 400);
  await innocent.budget.start();
  await innocent.clock.advance(6 * 60_000);
  assert.deepEqual(innocent.rows, []);
  assert.equal(innocent.messages.filter(line => /not to blame; nothing is deleted/.test(line)).length, 2);
  await innocent.budget.stop();
  const off = smallDisk(950, 500, 600, false);
  assert.deepEqual(await off.budget.check(), []);
});

test('what gave way while nothing could be noted is noted by a later check (K-108)', async () => {
  const { disk, rows, budget } = smallDisk(950, 10, 600);
  disk.cannotRecord = true;
  await budget.check();
  assert.deepEqual(rows, []);
  disk.cannotRecord = false;
  disk.used = 100;
  await budget.check();
  assert.deepEqual(
    rows.map(({ step, lost }) => [step, lost]),
    [
      ['completed', false],
      ['capture', true],
      ['capture', true],
    ],
  );
});
