/**
 * Torture of delivery, the long form of test/e2e/delivery-crash.test.ts:
 * `node test/torture/delivery-crash.ts [--rounds 200] [--files 2000] [--largest 64] [--seed 1]`, `largest` in MiB.
 * Ends with one line; throws, and exits 1, at the first file that is lost, torn, stuck, or recorded twice.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { crashDelivery } from '../support/delivery-crash.ts';

const MIB = 2 ** 20;
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    files: { type: 'string', default: '2000' },
    largest: { type: 'string', default: '64' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const base = mkdtempSync(join(tmpdir(), 'sluice-torture-'));
const startMs = performance.now();
try {
  console.log(`seed ${values.seed}`);
  const { files, bytes, attempts, puts, uploadsInParts, killedStarting } = await crashDelivery({
    base,
    rounds: Number(values.rounds),
    files: Number(values.files),
    largestBytes: Number(values.largest) * MIB,
    seed: Number(values.seed),
  });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  console.log(
    `torture delivery: ${values.rounds} kills (${killedStarting} while starting), ${files} files, ${Math.round(bytes / MIB)} MiB, 0 lost, 0 torn, 0 stuck, 0 recorded twice, 0 uploads left; ${puts} PUTs, ${uploadsInParts} uploads in parts, ${attempts} attempts on record, ${seconds} s`,
  );
} finally {
  rmSync(base, { recursive: true, force: true });
}
