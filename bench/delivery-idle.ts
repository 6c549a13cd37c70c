/**
 * What a station costs that has nothing to do: `node bench/delivery-idle.ts [--files 100000] [--directories 2000]
 * [--seconds 120]`.
 *
 * A first station delivers nothing; it makes the folders. Then `completed` is filled with files and their records are
 * entered as a delivery leaves them, `incoming` gets the directories that are watched, and a station (`sluice up`,
 * defaults) is started over them. Processor time is counted after it has settled, over whole sweeps. Ends with 0 when
 * both targets were met, else 1.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { startSink } from './support/listeners.ts';
import { machine } from './support/measure.ts';
import { cpuMsOf, memoryOf } from './support/processes.ts';
import { startStation } from './support/station.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '100000' },
    directories: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '120' },
    directory: { type: 'string', default: tmpdir() },
  },
});
const files = Number(values.files);
const directories = Number(values.directories);
const seconds = Number(values.seconds);
const SETTLE_MS = 15_000;
const TARGET_PERCENT = 0.5;
const TARGET_MIB = 150;

const sleep = (ms: number): Promise<void> => new Promise(wake => setTimeout(wake, ms));

/** Path of a directory below the bucket's folder: a tree of two levels. */
const directoryOf = (number: number): string => join(`a${number % 40}`, `b${number % directories}`);

function fill(root: string, database: string): void {
  for (const area of ['incoming', 'completed']) {
    for (let number = 0; number < directories; number += 1)
      mkdirSync(join(root, area, 'cloud/bench', directoryOf(number)), { recursive: true });
  }
  const journal = new DatabaseSync(database);
  journal.exec('BEGIN');
  const enter = journal.prepare(
    `INSERT INTO file_records (profile, bucket, filepath, file_creation_date, current_state, last_updated, upload_outcome,
       size_bytes, mtime_ms, inode, object_key, attempts, etag, verified, completed_at_ms)
     VALUES ('cloud', 'bench', ?, '2026-01-01T00:00:00.000Z', 'completed', '2026-01-01T00:00:00.000Z', 'success',
       1, 1, ?, ?, 1, '"0"', 'size', 1767225600000)`,
  );
  for (let number = 0; number < files; number += 1) {
    const path = join(directoryOf(number), `${number}.bin`);
    const descriptor = openSync(join(root, 'completed/cloud/bench', path), 'w');
    writeSync(descriptor, 'x');
    closeSync(descriptor);
    enter.run(path, number, path);
  }
  journal.exec('COMMIT');
  journal.close();
}

const folder = mkdtempSync(join(values.directory, 'sluice-bench-'));
const sink = await startSink();
try {
  const options = { folder: join(folder, 'sluice'), server: sink.server };
  const first = await startStation(options);
  await first.stop();
  fill(first.root, join(options.folder, 'sluice.db'));
  const station = await startStation(options);
  try {
    await sleep(SETTLE_MS);
    const cpuMs = cpuMsOf(station.pid);
    const startMs = performance.now();
    await sleep(seconds * 1000);
    const percent = ((cpuMsOf(station.pid) - cpuMs) / (performance.now() - startMs)) * 100;
    const { nowMib, peakMib } = memoryOf(station.pid);
    if (station.completed() !== files) throw new Error(`${station.completed()} records of ${files}`);
    const isMet = percent <= TARGET_PERCENT && nowMib <= TARGET_MIB;
    console.log(
      `${machine()}; ${files} files in completed, ${directories} directories watched, ${seconds} s, peak memory ${peakMib.toFixed(0)} MiB`,
    );
    console.log(
      `delivery-idle: ${percent.toFixed(2)} % of a core (target ${TARGET_PERCENT}), ${nowMib.toFixed(0)} MiB (target ${TARGET_MIB}): ${isMet ? 'met' : 'NOT met'}`,
    );
    process.exitCode = isMet ? 0 : 1;
  } finally {
    await station.stop();
  }
} finally {
  await sink.stop();
  rmSync(folder, { recursive: true, force: true });
}
