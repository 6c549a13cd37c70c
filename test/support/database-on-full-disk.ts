import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock as clock } from '../../src/base/clock.ts';
import { SluiceError } from '../../src/base/errors.ts';
import { Database } from '../../src/keep/sqlite/database.ts';

/**
 * A process that goes on with a database in the folder named while the disk is full, and once it has room again. Prints
 * what became of its changes and readings.
 */
const [, , folder = '.'] = process.argv;
const filler = join(folder, 'filler');

function fill(): void {
  const file = openSync(filler, 'a');
  for (const bytes of [2 ** 16, 4096, 512]) {
    const block = Buffer.alloc(bytes, 'x');
    try {
      for (;;) writeSync(file, block);
    } catch {
      // Full; smaller blocks may still find room.
    }
  }
  try {
    fsyncSync(file);
  } catch {
    // That is what is wanted.
  }
  closeSync(file);
}

/** Has the kernel write all pages out, after which the next write to a mapped one asks for room anew. */
const writeOut = (): void => void execFileSync('sync');

const database = await Database.open({ path: join(folder, 'sluice.db'), clock });
await database.write(() => database.exec('CREATE TABLE one (filling BLOB)'));

async function change(times: number): Promise<string[]> {
  const outcomes: string[] = [];
  for (let index = 0; index < times; index += 1) {
    if (index % 40 === 0) writeOut();
    // The first reading after a change writes into the index where it stands.
    database.first('SELECT count(*) FROM one');
    const insert = () => database.exec('INSERT INTO one VALUES (randomblob(1000))');
    const outcome = await database.write(insert).then(
      () => 'ok',
      error => (error instanceof SluiceError ? `${error.code} ${error.hint ?? ''}` : String(error)),
    );
    outcomes.push(outcome);
  }
  return outcomes;
}

const before = await change(40);
writeOut();
fill();
const full = await change(120);
rmSync(filler);
writeOut();
const after = await change(10);
const rows = Number(database.first('SELECT count(*) AS n FROM one')?.n);
const check = database.first('PRAGMA integrity_check')?.integrity_check;
await database.close();
process.stdout.write(JSON.stringify({ before, full, after, rows, check }));
