/**
 * Fills the small file system it stands in with readings that wait to be delivered, has the disk budget check it, and
 * prints what gave way and what is left: `node budget-process.ts FILE_BYTES`.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock as clock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { completedFilesReclaimer } from '../../src/deliver/retention.ts';
import { UndeliveredFiles } from '../../src/deliver/undelivered-files.ts';
import { unsentReadings } from '../../src/gather/capture/unsent-readings.ts';
import { DiskBudget, measureDisk } from '../../src/keep/disk/budget.ts';
import { unsentSpool, type Waiting } from './unsent-spool.ts';

const fileBytes = Number(process.argv[2]);
const root = process.cwd();
const place = await unsentSpool(root);
const { journal, captures, spool, directory } = place;
for (let index = 0; index < 4; index += 1)
  await place.put('completed', `kept-${index}`, fileBytes, {
    outcome: 'success',
    verified: 'checksum',
    completedAtMs: clock.nowMs(),
  });
const ways: readonly Waiting[] = ['incoming', 'backing off', 'failed', 'held'];
const ids: (number | null)[] = [];
for (let index = 0; index < 40; index += 1)
  ids.push((await place.putUnsent(index, ways[index % ways.length] ?? 'incoming', fileBytes)).recordId);
writeFileSync(join(root, 'incoming/local/outbox/one/20260105T000000.000Z-ffffff.ndjson.prog'), 'in progress');

const underWay = ids[5];
const undelivered = new UndeliveredFiles({
  context: () => ({ spool, journal, clock }),
  withhold: id => (id === underWay ? undefined : () => undefined),
});
const budget = new DiskBudget({
  clock,
  log: silentLogger,
  enabled: () => true,
  measure: () => measureDisk(root),
  settings: () => ({ usageThreshold: 0.7, captureShareThreshold: 0.5, deleteEveryNth: 5 }),
  reclaimers: [completedFilesReclaimer({ spool, journal, clock, log: silentLogger })],
  unsent: unsentReadings({
    directory,
    incoming: join(root, 'incoming'),
    captures,
    clock,
    delivery: {
      isUnderWay: id => id === underWay,
      deleteUndelivered: address => undelivered.delete(address),
    },
  }),
  record: rows => captures.recordFreed(rows),
});
const plan = await budget.preview();
const freed = await budget.check();
const left = ['incoming', 'processing', 'failed'].flatMap(area =>
  readdirSync(join(root, area, 'local/outbox/one')),
);
console.log(
  JSON.stringify({
    planned: plan.files.map(file => file.path),
    shares: [plan.usedShare, plan.usedInodeShare],
    freed,
    left,
    kept: readdirSync(join(root, 'completed/local/outbox')).length,
    recorded: captures.freedTotals(),
    lostRecords: journal
      .list({ states: ['failed'] })
      .filter(({ removedAtMs }) => removedAtMs !== null)
      .map(({ errorCode }) => errorCode),
    lostRows: captures.list({ limit: 100 }).filter(({ lostAtMs }) => lostAtMs !== null).length,
  }),
);
await place.close();
