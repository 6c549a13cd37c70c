/**
 * Small files from `incoming` to `completed`, journal on: `node bench/delivery-small.ts [--files 5000] [--bytes 4096]
 * [--in-flight 256] [--verify head|answer] [--profile]`. The test S3 server runs in a process of its own. The clock runs from the
 * start of delivery to the last file in `completed`.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/base/clock.ts';
import { silentLogger } from '../src/base/log.ts';
import { Delivery } from '../src/deliver/delivery.ts';
import { DELIVERY_DEFAULTS } from '../src/deliver/settings.ts';
import { S3Store } from '../src/keep/buckets/s3/store.ts';
import { openSqliteJournal } from '../src/keep/store/sqlite/journal/sqlite-journal.ts';
import { profileFor } from '../test/support/s3-profile.ts';
import { TEST_CREDENTIAL } from '../test/support/s3-server/server.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '5000' },
    bytes: { type: 'string', default: '4096' },
    'in-flight': { type: 'string', default: '256' },
    verify: { type: 'string', default: 'head,answer' },
    directory: { type: 'string', default: tmpdir() },
  },
});
const files = Number(values.files);
const bytes = Number(values.bytes);

const server = spawn(process.execPath, [resolve(import.meta.dirname, 's3-server.ts'), 'drop'], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const [endpoint] = (await once(createInterface(server.stdout), 'line')) as [string];
const profile = profileFor({ endpoint, region: 'us-east-1', credential: TEST_CREDENTIAL }, { name: 'cloud' });

async function run(verify: 'head' | 'answer'): Promise<void> {
  const root = mkdtempSync(join(values.directory, 'sluice-bench-'));
  try {
    const incoming = join(root, 'incoming/cloud/bench');
    for (let number = 0; number < files; number += 1) {
      const folder = join(incoming, String(number % 10));
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${number}.bin`), randomBytes(bytes));
    }
    const delivery = new Delivery({
      plan: {
        root,
        profiles: [profile],
        settings: { ...DELIVERY_DEFAULTS, smallInFlight: Number(values['in-flight']), verify },
      },
      clock: systemClock,
      log: silentLogger,
      openJournal: () => openSqliteJournal({ path: join(root, 'sluice.db'), clock: systemClock }),
      openStore: () => new S3Store(profile, { clock: systemClock }),
    });
    const startMs = performance.now();
    const cpu = process.cpuUsage();
    await delivery.start();
    await delivery.syncNow(new AbortController().signal);
    const elapsedMs = performance.now() - startMs;
    const { user, system } = process.cpuUsage(cpu);
    const { completed } = delivery.status();
    await delivery.stop();
    const lying = readdirSync(join(root, 'completed'), { recursive: true, withFileTypes: true });
    const inPlace = lying.filter(entry => entry.isFile()).length;
    if (completed !== files || inPlace !== files)
      throw new Error(`${completed} recorded, ${inPlace} in place`);
    const rate = ((files / elapsedMs) * 1000).toFixed(0).padStart(6);
    const perFile = ((user + system) / files).toFixed(0);
    console.log(`verify ${verify.padEnd(6)} ${rate} objects/s  ${perFile} µs CPU/file`);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

try {
  for (const verify of values.verify.split(',')) await run(verify === 'answer' ? 'answer' : 'head');
} finally {
  const ended = once(server, 'exit');
  server.stdin.end();
  await ended;
}
