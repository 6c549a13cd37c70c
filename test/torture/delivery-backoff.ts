/**
 * Torture of waiting: `node test/torture/delivery-backoff.ts [--files 100000] [--seconds 20]`. So many files wait out a
 * backoff; the CPU that the station uses meanwhile and its memory are read from /proc. Ends with one line; exits 1
 * unless the CPU is idle and the memory flat.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { Delivery } from '../../src/deliver/service.ts';
import type { DirectoryProfile } from '../../src/keep/buckets/directory/profile.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { openStore } from '../support/delivery.ts';
import { DELIVERY_DEFAULTS } from '../support/delivery-settings.ts';

const { values } = parseArgs({
  options: { files: { type: 'string', default: '100000' }, seconds: { type: 'string', default: '20' } },
});
const files = Number(values.files);
const seconds = Number(values.seconds);
/** Share of one processor, with sweeps of the tree and passes of maintenance every six seconds. */
const MOST_CPU = 0.1;
const MOST_GROWTH_MIB = 16;

function cpuSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? [];
  // utime and stime, in hundredths of a second (proc_pid_stat(5), sysconf(_SC_CLK_TCK)).
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function residentMib(): number {
  const [, kib = ''] = /^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kib) / 1024;
}

const base = mkdtempSync(join(tmpdir(), 'sluice-torture-'));
const root = join(base, 'station');
const database = join(base, 'sluice.db');
const store = join(base, 'store');
mkdirSync(join(store, 'outbox'), { recursive: true });

/** Files in `processing`, each with a record whose next try is hours away. */
async function prepare(): Promise<void> {
  await (await openLocal(database, { clock: systemClock }).openJournal()).close();
  const connection = new DatabaseSync(database);
  const insert = connection.prepare(
    `INSERT INTO file_records (profile, bucket, filepath, file_creation_date, current_state, last_updated, size_bytes,
       mtime_ms, inode, attempts, failures, next_attempt_at_ms, error_code)
     VALUES ('local', 'outbox', ?, ?, 'processing', ?, 1, ?, ?, 5, 5, ?, 'slow_down')`,
  );
  const now = new Date().toISOString();
  const atMs = Date.now() + 3_600_000;
  connection.exec('BEGIN');
  for (let file = 0; file < files; file += 1) {
    const directory = `d${file % 200}`;
    if (file < 200) mkdirSync(join(root, 'processing/local/outbox', directory), { recursive: true });
    const path = join(root, 'processing/local/outbox', directory, `${file}`);
    writeFileSync(path, 'x');
    const { mtimeMs, ino } = statSync(path);
    insert.run(`${directory}/${file}`, now, now, mtimeMs, ino, atMs + file);
  }
  connection.exec('COMMIT');
  connection.close();
}

try {
  await prepare();
  const local: DirectoryProfile = { kind: 'directory', name: 'local', provider: 'directory', path: store };
  const delivery = new Delivery({
    plan: async () => ({
      root,
      profiles: [local],
      settings: DELIVERY_DEFAULTS,
    }),
    clock: systemClock,
    log: silentLogger,
    openJournal: () => openLocal(database, { clock: systemClock }).openJournal(),
    loadObjectStores: async () => openStore,
  });
  const startedMs = performance.now();
  await delivery.start();
  const startSeconds = (performance.now() - startedMs) / 1000;
  // What the start has left behind is collected first.
  await pause(3000);
  const before = { cpu: cpuSeconds(), mib: residentMib(), atMs: performance.now() };
  await pause(seconds * 1000);
  const share = (cpuSeconds() - before.cpu) / ((performance.now() - before.atMs) / 1000);
  const grownMib = residentMib() - before.mib;
  const { waiting, completed, failed } = delivery.status();
  await delivery.stop();
  const isGood =
    share <= MOST_CPU && grownMib <= MOST_GROWTH_MIB && waiting === files && completed === 0 && failed === 0;
  console.log(
    `torture backoff: ${waiting} of ${files} files waiting for ${seconds} s, CPU ${(share * 100).toFixed(1)} % of one processor, memory ${before.mib.toFixed(0)} MiB, ${grownMib >= 0 ? '+' : ''}${grownMib.toFixed(1)} MiB; started in ${startSeconds.toFixed(1)} s${isGood ? '' : ': TOO MUCH'}`,
  );
  process.exitCode = isGood ? 0 : 1;
} finally {
  rmSync(base, { recursive: true, force: true });
}
