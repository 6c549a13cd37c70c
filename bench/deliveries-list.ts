/**
 * How long the list of deliveries takes, and what its indexes cost who enters files:
 * `npm run bench:deliveries-list -- [COUNT]`. The figures are the process's own processor time, which others on the
 * machine disturb least.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import type { EnteringFile, RecordFilter } from '../src/keep/local/journal.ts';
import { openLocal } from '../src/keep/sqlite/open-local.ts';

const COUNT = Number(process.argv[2] ?? 100_000);
const ROUNDS = 7;
const GROUP = 256;

const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
const journal = await openLocal(join(directory, 'sluice.db'), { clock: systemClock }).openJournal();
const started = process.cpuUsage();
for (let first = 0; first < COUNT; first += GROUP) {
  const indexes = Array.from({ length: Math.min(GROUP, COUNT - first) }, (_, offset) => first + offset);
  const records = await Promise.all(indexes.map(index => journal.enter(fileOf(index))));
  await Promise.all(
    records.map(({ id }) => journal.change(id, { state: 'processing', nextAttemptAtMs: null })),
  );
  await Promise.all(
    records.map(({ id }) => {
      const isFailed = id % 50 === 0;
      const errorCode = id % 5000 === 0 ? 'disk_full' : 'access_denied';
      const now = new Date().toISOString();
      const outcome = isFailed ? ('failure' as const) : ('success' as const);
      const times = { startedAt: now, finishedAt: now };
      return journal.recordAttempt(
        id,
        { ...times, outcome, errorAnswer: null, errorCode: null, errorMessage: null },
        isFailed
          ? { state: 'failed', outcome, errorCode }
          : { state: 'completed', outcome, verified: 'size' },
      );
    }),
  );
}
console.log(`${COUNT} deliveries, ${(cpuMs(started) / COUNT).toFixed(4)} ms each in the journal`);

const filters: [string, RecordFilter][] = [
  ['the newest', {}],
  ['search, common', { text: 'reading' }],
  ['search, rare', { text: 'station-3/reading-2s' }],
  ['search, nowhere', { text: 'nowhere-to-be' }],
  ['search over the edge of a bucket, nowhere', { text: 'bucket-1/nowhere' }],
  ['bucket, common', { bucket: 'bucket-1' }],
  ['bucket, rare', { bucket: 'rare' }],
  ['bucket, absent', { bucket: 'absent' }],
  ['cause, common', { errorCode: 'access_denied' }],
  ['cause, rare', { errorCode: 'disk_full' }],
  ['cause and search, nowhere', { errorCode: 'access_denied', text: 'nowhere' }],
  ['failed in a rare bucket', { states: ['failed'], bucket: 'rare' }],
  ['waiting', { states: ['incoming', 'processing'] }],
  ['the middle', { offset: COUNT / 2 }],
  ['the oldest, from the newest on', { offset: COUNT - 100 }],
  ['delivered, the middle', { states: ['completed'], offset: COUNT / 2 }],
  ['by size, the middle', { order: 'size', offset: COUNT / 2 }],
  ['by size, delivered, the middle', { order: 'size', states: ['completed'], offset: COUNT / 2 }],
  ['by size, failed', { order: 'size', states: ['failed'], offset: 1000 }],
  ['by latest change, the middle', { order: 'change', offset: COUNT / 2 }],
  ['by path, the middle', { order: 'path', offset: COUNT / 2 }],
  ['by path, delivered, the middle', { order: 'path', states: ['completed'], offset: COUNT / 2 }],
  ['by path, failed', { order: 'path', states: ['failed'], offset: 1000 }],
  ['search, common, the middle', { text: 'reading', offset: COUNT / 2 }],
  ['search, common, by path, the middle', { text: 'reading', order: 'path', offset: COUNT / 2 }],
  ['search, common, by size, the middle', { text: 'reading', order: 'size', offset: COUNT / 2 }],
  ['search, common, by size', { text: 'reading', order: 'size' }],
  ['search, rare, by size', { text: 'station-3/reading-2s', order: 'size' }],
  ['cause, common, by size', { errorCode: 'access_denied', order: 'size', offset: 1000 }],
];
let slowest = 0;
for (const [name, filter] of filters) {
  const times: number[] = [];
  let found = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    found = journal.list(filter).length;
    times.push(cpuMs(before));
  }
  const median = times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
  slowest = Math.max(slowest, median);
  console.log(`${name.padEnd(44)} ${String(found).padStart(4)} found  ${median.toFixed(1).padStart(6)} ms`);
}
await journal.close();
rmSync(directory, { recursive: true, force: true });
console.log(
  `slowest ${slowest.toFixed(1)} ms; target 20 ms among 100 000: ${slowest <= 20 ? 'met' : 'not met'}`,
);

function fileOf(index: number): EnteringFile {
  return {
    profile: 'local',
    bucket: index % 20_000 === 7 ? 'rare' : `bucket-${index % 5}`,
    filepath: `measurements/2026/${index % 365}/station-${index % 97}/reading-${index.toString(36)}.json`,
    size: 1000 + ((index * 7919) % 400_000),
    mtimeMs: index,
    inode: index,
    state: 'incoming',
    fileCreationDate: '2026-01-01T00:00:00.000Z',
    nextAttemptAtMs: 1,
    hold: null,
  };
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}
