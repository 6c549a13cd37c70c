/**
 * Fills the small file system it stands in with readings that wait to be delivered, has the disk budget check it, and
 * prints what gave way and what is left: `node budget-process.ts`.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { completedFilesReclaimer } from '../../src/deliver/retention.ts';
import { creationDateOf, identityOf, regularFile } from '../../src/deliver/spool/files.ts';
import { Spool } from '../../src/deliver/spool/spool.ts';
import { unsentReadings } from '../../src/gather/capture/unsent-readings.ts';
import { DiskBudget, measureDisk } from '../../src/keep/disk/budget.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';

const root = process.cwd();
const path = join(root, 'sluice.db');
const clock = systemClock;
const captures = await openLocal(path, { clock }).openCaptures();
const journal = await openLocal(path, { clock }).openJournal();
const spool = new Spool(root);
spool.prepare([{ profile: 'local', buckets: ['outbox'] }]);

/** A file as delivery knows it. */
async function put(area: 'incoming' | 'completed', name: string, bytes: number): Promise<void> {
  const address = { profile: 'local', bucket: 'outbox', filepath: name };
  const file = spool.pathOf(area, address);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, Buffer.alloc(bytes, 1));
  const stats = regularFile(file);
  if (!stats) throw new Error(`${file} is not there`);
  const record = await journal.enter({
    ...address,
    ...identityOf(stats),
    state: area,
    fileCreationDate: creationDateOf(stats),
    nextAttemptAtMs: null,
    hold: null,
  });
  if (area === 'completed')
    await journal.change(record.id, { outcome: 'success', completedAtMs: clock.nowMs() });
}

const KIB = 1024;
for (let index = 0; index < 4; index += 1) await put('completed', `kept-${index}`, 256 * KIB);
for (let index = 0; index < 40; index += 1) {
  const name = `one/20260105T000000.000Z-${String(index).padStart(6, '0')}.ndjson`;
  await put('incoming', name, 256 * KIB);
  await captures.enter([
    {
      collector: 'one',
      method: 'file',
      profile: 'local',
      bucket: 'outbox',
      filepath: name,
      readings: 10,
      bytes: 256 * KIB,
      firstAt: '2026-01-05T00:00:00.000Z',
      lastAt: '2026-01-05T00:00:01.000Z',
      intervalMs: 100,
      tags: [],
      station: 'here',
      reason: 'size',
      completedAtMs: 1,
    },
  ]);
}
writeFileSync(join(root, 'incoming/local/outbox/one/20260105T000000.000Z-ffffff.ndjson.prog'), 'in progress');

const budget = new DiskBudget({
  clock,
  log: silentLogger,
  enabled: () => true,
  measure: () => measureDisk(root),
  settings: () => ({ usageThreshold: 0.7, captureShareThreshold: 0.5, deleteEveryNth: 5 }),
  reclaimers: [completedFilesReclaimer({ spool, journal, clock, log: silentLogger })],
  unsent: unsentReadings({
    directory: join(root, 'capture'),
    incoming: join(root, 'incoming'),
    captures,
    clock,
    journal: () => journal,
  }),
  record: rows => captures.recordFreed(rows),
});
const plan = await budget.preview();
const first = await budget.check();
const left = readdirSync(join(root, 'incoming/local/outbox/one'));
const { usedBytes, usableBytes } = await measureDisk(root);
console.log(
  JSON.stringify({
    planned: plan.files.map(file => file.path),
    freed: first,
    left,
    kept: readdirSync(join(root, 'completed/local/outbox')).length,
    usedShare: usedBytes / usableBytes,
    recorded: captures.freedTotals(),
    lostRecords: journal.list({ states: ['failed'] }).map(({ errorCode }) => errorCode),
    lostRows: captures.list({ limit: 100 }).filter(({ lostAtMs }) => lostAtMs !== null).length,
  }),
);
await captures.close();
await journal.close();
