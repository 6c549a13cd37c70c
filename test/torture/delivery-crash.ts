/**
 * Torture of delivery, the long form of test/deliver/crash.test.ts: `node test/torture/delivery-crash.ts [--rounds 100] [--files 100] [--seed 1]`.
 * Ends with one line; throws, and exits 1, at the first file that is lost, torn, or recorded twice.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { crashDelivery } from '../support/delivery-crash.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    files: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const base = mkdtempSync(join(tmpdir(), 'sluice-torture-'));
try {
  console.log(`seed ${values.seed}`);
  const { files, attempts, puts } = await crashDelivery({
    base,
    rounds: Number(values.rounds),
    filesPerRound: Number(values.files),
    seed: Number(values.seed),
  });
  console.log(
    `torture delivery: ${values.rounds} kills, ${files} files, 0 lost, 0 torn, 0 recorded twice; ${puts} PUTs, ${attempts} attempts on record`,
  );
} finally {
  rmSync(base, { recursive: true, force: true });
}
