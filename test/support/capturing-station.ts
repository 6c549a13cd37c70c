import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { rows, standingPlace, startStation, until } from './sluice.ts';

/**
 * A station whose collectors may read a file called `temp`; it syncs several times a second. @param capture lines of
 * the section
 */
export async function capturingStation(t: TestContext, capture: string) {
  const cwd = standingPlace(t);
  writeFileSync(join(cwd, 'temp'), '41500\n');
  const station = await startStation(t, {
    cwd,
    yaml: `sync: {interval: 300ms}\ncapture:\n  completeBeforeSync: true\n${capture}\n`,
  });
  const database = join(cwd, 'sluice.db');
  const [delivered] = await until('a file is delivered', () => {
    const completed = rows(database, "SELECT * FROM capture_lineage WHERE state = 'completed'");
    return completed.length > 0 && completed;
  });
  return { cwd, station, database, delivered };
}
