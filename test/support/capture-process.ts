/**
 * Captures into a folder until it is killed: `node capture-process.ts DIRECTORY`. Prints the number of each reading
 * once it is flushed.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { CollectorFiles } from '../../src/gather/capture/files/collector-files.ts';
import { PendingMemory } from '../../src/gather/capture/files/pending-memory.ts';
import { collectorPlan } from './capture.ts';

const [directory = '', first = '0'] = process.argv.slice(2);
const limits = { directory, station: 'here', maxFileBytes: 2_000, maxAgeMs: 60_000 };
const files = new CollectorFiles(collectorPlan(), limits, {
  clock: systemClock,
  random: systemRandom,
  onFinished: () => undefined,
  memory: new PendingMemory(),
  onFailure: error => {
    throw error;
  },
});
let next = Number(first);
for (;;) {
  const until = next + 1 + Math.floor(Math.random() * 20);
  for (; next < until; next += 1) {
    const nowMs = systemClock.nowMs();
    files.add({ kind: 'value', json: String(next) }, { requestedAtMs: nowMs, receivedAtMs: nowMs });
    if (next % 97 === 0)
      files.add(
        { kind: 'binary', bytes: Buffer.alloc(5000, next % 251), extension: 'bin' },
        { requestedAtMs: nowMs, receivedAtMs: nowMs },
      );
  }
  await files.flush(Math.random() < 0.3);
  writeSync(1, `${next - 1}\n`);
}
