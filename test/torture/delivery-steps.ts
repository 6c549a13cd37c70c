/**
 * Kills delivery at each step of its attempts: `node test/torture/delivery-steps.ts [--every 1] [--tell]`. Ends with one
 * line; throws, and exits 1, at the first kill that loses a file, records one twice, or has one sent again that was on
 * record as sent.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { killAtEachStep } from '../support/delivery-steps.ts';

const { values } = parseArgs({
  options: { every: { type: 'string', default: '1' }, tell: { type: 'boolean', default: false } },
});
const base = mkdtempSync(join(tmpdir(), 'sluice-steps-'));
try {
  const tell = values.tell ? (line: string) => console.log(line) : undefined;
  const { steps, kills, sentAgain } = killAtEachStep(base, Number(values.every), tell);
  console.log(
    `torture steps: ${kills} kills in ${steps} steps, 0 lost, 0 recorded twice, ${sentAgain} times a file was sent again of which no record said yet that it had been`,
  );
} finally {
  rmSync(base, { recursive: true, force: true });
}
