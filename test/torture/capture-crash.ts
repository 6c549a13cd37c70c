/**
 * Torture of capture, the long form of test/e2e/capture-crash.test.ts: `node test/torture/capture-crash.ts [--rounds
 * 200] [--seed 1]`. Ends with one line; throws, and exits 1, at the first reading that is lost, torn or there twice.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { crashCapture } from '../support/capture-crash.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const base = mkdtempSync(join(tmpdir(), 'sluice-torture-'));
try {
  console.log(`seed ${values.seed}`);
  const outcome = await crashCapture({ base, rounds: Number(values.rounds), seed: Number(values.seed) });
  const { readings, binaries, files, tornCut } = outcome;
  console.log(
    `torture capture: ${values.rounds} kills, ${readings} readings and ${binaries} binary ones in ${files} files, 0 flushed lost, 0 twice, 0 torn kept (${tornCut} torn cut off)`,
  );
} finally {
  rmSync(base, { recursive: true, force: true });
}
