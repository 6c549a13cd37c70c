import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/log.ts';
import type { DeliveryContext } from '../../../src/deliver/context.ts';
import { Intake } from '../../../src/deliver/intake/intake.ts';
import type { EnteringFile, FileRecord } from '../../../src/keep/local/journal.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const STATS = {
  size: 1,
  mtimeMs: 1,
  ctimeMs: 1,
  birthtimeMs: 1,
  ino: 1,
  nlink: 1,
  mtime: new Date(0),
  birthtime: new Date(0),
};

/** An intake over a journal in which each file waits until `enterNext` is called. */
function start() {
  const outstanding: { file: EnteringFile; enter: PromiseWithResolvers<FileRecord> }[] = [];
  const entered: string[] = [];
  const notEntered: string[] = [];
  const failures: unknown[] = [];
  const context = {
    clock: new VirtualClock(),
    log: silentLogger,
    settings: { folders: [], emptyFiles: 'send', hardLinks: 'any' },
    destinations: new Map([['p', {}]]),
    spool: {
      areaPath: () => '/incoming',
      holds: () => true,
      fileAt: () => undefined,
      area: () => ({
        regularFile: (relative: string) => {
          if (relative.endsWith('broken')) throw new SluiceError('disk_failed', 'EIO');
          return relative.endsWith('gone') ? undefined : STATS;
        },
      }),
    },
    journal: {
      byIdentity: () => undefined,
      byAddress: () => undefined,
      enter: (file: EnteringFile) => {
        const enter = Promise.withResolvers<FileRecord>();
        outstanding.push({ file, enter });
        return enter.promise;
      },
    },
    holds: { journalFailed: (error: unknown) => failures.push(error) },
  } as unknown as DeliveryContext;
  const intake = new Intake(context, {
    onEntered: ({ filepath }) => entered.push(filepath),
    onNotEntered: path => notEntered.push(path),
  });
  const enterNext = (): void => {
    const next = outstanding.shift();
    next?.enter.resolve(next.file as unknown as FileRecord);
  };
  return { intake, outstanding, entered, notEntered, failures, enterNext };
}

const named = (names: readonly string[]) => names.map(name => ({ path: `/incoming/p/b/${name}` }));
const numbered = (from: number, count: number) =>
  named(Array.from({ length: count }, (_, index) => String(from + index)));

test('of many files that arrive at once some are entered at a time, in order, and the others wait as their paths (D-201)', async () => {
  const { intake, outstanding, entered, enterNext } = start();
  for (let batch = 0; batch < 8; batch += 1) intake.take(numbered(batch * 512, 512));
  const settled = intake.settle();
  let most = 0;
  while (outstanding.length > 0) {
    most = Math.max(most, outstanding.length);
    enterNext();
    await null;
    if (outstanding.length < 1000) await new Promise(setImmediate);
  }
  await settled;
  assert.equal(most, 1024);
  assert.deepEqual(
    entered,
    Array.from({ length: 8 * 512 }, (_, index) => String(index)),
  );
});

test('a file that is gone, cannot be looked at or entered holds up none that arrived after it', async () => {
  const { intake, outstanding, entered, notEntered, failures, enterNext } = start();
  intake.take(named(['a', 'gone', 'broken', 'b']));
  assert.deepEqual(
    outstanding.map(({ file }) => file.filepath),
    ['a', 'b'],
  );
  outstanding.shift()?.enter.reject(new SluiceError('disk_full', 'no room'));
  enterNext();
  await intake.settle();
  assert.deepEqual(entered, ['b']);
  assert.deepEqual(notEntered, ['/incoming/p/b/broken', '/incoming/p/b/a']);
  assert.equal(failures.length, 2);
});

test('far too many paths are refused for later; at a stop those that wait are let go, and what is entered is waited for', async () => {
  const { intake, outstanding, entered, enterNext } = start();
  intake.take(numbered(0, 201_024));
  assert.throws(() => intake.take(numbered(0, 1)), { code: 'slow_down' });
  intake.dropWaiting();
  intake.take([]);
  assert.equal(outstanding.length, 1024);
  const settled = intake.settle();
  while (outstanding.length > 0) enterNext();
  await settled;
  assert.equal(entered.length, 1024);
});
