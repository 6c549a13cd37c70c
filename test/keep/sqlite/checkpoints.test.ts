import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from '../../../src/keep/sqlite/database.ts';
import { tempDirectory } from '../../support/temp-directory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const PATIENCE_MS = 20_000;
const PAGES = 9000;

async function opened(t: Parameters<typeof tempDirectory>[0]) {
  const path = join(await tempDirectory(t), 'sluice.db');
  const clock = new VirtualClock();
  const database = await Database.open({ path, clock, checkpointThread: true, mappedIndex: true });
  t.after(() => database.close());
  const fill = (): Promise<unknown> =>
    database.write(() => {
      database.exec('CREATE TABLE IF NOT EXISTS filling (page BLOB)');
      const insert = database.statement('INSERT INTO filling VALUES (zeroblob(4000))');
      for (let page = 0; page < PAGES; page += 1) insert.run();
    });
  const pending = (): number => {
    const row = database.statement('PRAGMA wal_checkpoint(NOOP)').get();
    return Number(row?.log) - Number(row?.checkpointed);
  };
  /** The thread answers in its own time, and what came before its answer is looked at after it. */
  const untilDone = async (): Promise<void> => {
    const deadline = performance.now() + PATIENCE_MS;
    while (pending() > 0) {
      assert.ok(performance.now() < deadline, `${pending()} pages are still only in the log`);
      await new Promise(resolve => setTimeout(resolve, 5));
      await clock.advance(1001);
    }
  };
  return { clock, database, fill, pending, untilDone };
}

test('checkpoints run beside the event loop, for little not at all, and again after the thread has rested (S-27)', async t => {
  const { clock, fill, database, pending, untilDone } = await opened(t);
  await database.write(() => database.exec('CREATE TABLE little (a)'));
  await clock.advance(5000);
  assert.ok(pending() > 0, 'little stays in the log');
  for (let round = 0; round < 2; round += 1) {
    await fill();
    assert.ok(pending() >= PAGES, 'no commit does it');
    await clock.advance(1001);
    await untilDone();
    await clock.advance(60_000);
  }
  assert.equal(database.statement('SELECT count(*) AS n FROM filling').get()?.n, 2 * PAGES);
});

test('closed while a checkpoint runs, a database has all that was committed (S-27)', async t => {
  const { clock, fill, database } = await opened(t);
  await fill();
  await clock.advance(1001);
  await database.close();
  const again = await Database.open({ path: database.path, clock });
  t.after(() => again.close());
  assert.equal(again.statement('SELECT count(*) AS n FROM filling').get()?.n, PAGES);
});
