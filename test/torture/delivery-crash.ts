/** The long form of test/deliver/crash.test.ts: `node test/torture/delivery-crash.ts [--rounds 100] [--files 100] [--seed 1]`. */
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
  console.log(`${values.rounds} kills: ${files} files arrived, ${puts} PUTs, ${attempts} attempts on record`);
} finally {
  rmSync(base, { recursive: true, force: true });
}
