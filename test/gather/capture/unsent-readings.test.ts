import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock as clock } from '../../../src/base/clock.ts';
import { SluiceError } from '../../../src/base/errors.ts';
import { UndeliveredFiles } from '../../../src/deliver/undelivered-files.ts';
import { unsentReadings } from '../../../src/gather/capture/unsent-readings.ts';
import type { Journal } from '../../../src/keep/local/journal.ts';
import { tempDirectory } from '../../support/temp-directory.ts';
import { unsentSpool, type Waiting } from '../../support/unsent-spool.ts';

/** A spool, and what the disk budget may do there. @param underWay records that are being sent */
async function start(t: TestContext, underWay: ReadonlySet<number> = new Set()) {
  const place = await unsentSpool(await tempDirectory(t));
  t.after(() => place.close());
  const { journal, spool, captures, directory, root } = place;
  const full = { isFull: false };
  const held: number[] = [];
  const released: number[] = [];
  const faulty: Journal = Object.assign(Object.create(journal), {
    changeIf: (...change: Parameters<Journal['changeIf']>) =>
      full.isFull
        ? Promise.reject(new SluiceError('disk_full', 'no room left on the disk'))
        : journal.changeIf(...change),
    byAddress: (...address: Parameters<Journal['byAddress']>) => journal.byAddress(...address),
  });
  const undelivered = new UndeliveredFiles({
    context: () => ({ spool, journal: faulty, clock }),
    withhold(id) {
      if (underWay.has(id)) return undefined;
      held.push(id);
      return () => void released.push(id);
    },
  });
  const unsent = unsentReadings({
    directory,
    incoming: join(root, 'incoming'),
    captures,
    clock,
    delivery: {
      isUnderWay: id => underWay.has(id),
      deleteUndelivered: address => undelivered.delete(address),
    },
  });
  return { ...place, unsent, full, held, released };
}

test('what waits in any way is deletable: backing off, held, failed, not handed over; what is being sent is not (K-108)', async t => {
  const underWay = new Set<number>();
  const { unsent, putUnsent, journal, captures, root } = await start(t, underWay);
  const ways: readonly Waiting[] = [
    'backing off',
    'failed',
    'held',
    'incoming',
    'not handed over',
    'incoming',
  ];
  const files = [];
  for (const [index, way] of ways.entries()) files.push(await putUnsent(index, way, 100));
  underWay.add(files[5]?.recordId ?? -1);
  assert.deepEqual(await unsent.size(), { bytes: 600, inodes: 6 });
  const lost = await unsent.deleteEveryNth(1);
  assert.deepEqual(
    lost.map(({ path }) => path),
    files.slice(0, 5).map(({ path }) => path),
  );
  for (const area of ['incoming', 'processing', 'failed', 'capture'])
    for (const { path } of files.slice(0, 5)) assert.equal(existsSync(join(root, area, path)), false, path);
  assert.ok(existsSync(join(root, 'incoming', files[5]?.path ?? '')));
  // The blame is the disk's, not of whoever may have taken the files away.
  const codes = journal
    .list({ states: ['failed'] })
    .map(({ errorCode, removedAtMs }) => [errorCode, removedAtMs !== null]);
  assert.deepEqual(codes, Array(4).fill(['capture_lost', true]));
  assert.deepEqual(await unsent.size(), { bytes: 100, inodes: 1 });
  assert.equal(captures.totals()[0]?.lost, 5);
});

test('what the store has acknowledged is not lost: it waits for its proof alone, and stays (K-108)', async t => {
  const { unsent, putUnsent, journal } = await start(t);
  const { recordId } = await putUnsent(0, 'sent', 100);
  assert.deepEqual(await unsent.deleteEveryNth(1), []);
  assert.equal(journal.byId(recordId ?? 0)?.state, 'processing');
});

test('on record as lost before it is gone, and the other way round only where the journal has no room (K-109)', async t => {
  const { unsent, putUnsent, journal, full, held, released } = await start(t);
  const { recordId } = await putUnsent(0, 'backing off', 100);
  full.isFull = true;
  assert.equal((await unsent.deleteEveryNth(1)).length, 1);
  assert.equal(journal.byId(recordId ?? 0)?.state, 'processing', 'not on record yet');
  assert.deepEqual([held, released], [[recordId], []], 'nobody else looks for it meanwhile');
  full.isFull = false;
  const { recordId: next } = await putUnsent(1, 'failed', 100);
  await unsent.deleteEveryNth(1);
  assert.deepEqual(
    [recordId, next].map(id => journal.byId(id ?? 0)?.errorCode),
    ['capture_lost', 'capture_lost'],
  );
  assert.deepEqual(new Set(released), new Set([recordId, next]));
});
