/**
 * A process of its own that works off a queue: `work-process.ts DATABASE MODE`. Says `ready` and its worker's
 * name once it is connected.
 *  - `drain`: claims in batches until nothing is due, and prints each key as it settles it
 *  - `hold`: claims one item and sits on it until killed
 */
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../../src/base/clock.ts';
import { SqliteWorkQueue } from '../../src/engine/queue/sqlite/sqlite-work-queue.ts';
import { isWorkerGone, newWorkerId } from '../../src/engine/queue/worker-id.ts';
import { Database } from '../../src/keep/sqlite/database.ts';

const [path = '', mode = ''] = process.argv.slice(2);
const database = await Database.open({ path, clock: systemClock });
const queue = new SqliteWorkQueue({ database, clock: systemClock, isWorkerGone });
const worker = newWorkerId();
const print = (line: string): void => void process.stdout.write(`${line}\n`);

if (mode === 'hold') {
  const [claim] = await queue.claim({ worker, max: 1, leaseMs: 3_600_000 });
  print(`ready ${worker} ${claim?.key}`);
  setInterval(() => undefined, 60_000);
} else {
  print(`ready ${worker}`);
  // A mark of our own in another table: two who hold one key at a time would meet there.
  const marks = new DatabaseSync(`${path}.marks`, { timeout: 10_000 });
  const enter = marks.prepare('INSERT INTO inside (key) VALUES (?)');
  const leave = marks.prepare('DELETE FROM inside WHERE key = ?');
  for (;;) {
    const claims = await queue.claim({ worker, max: 7, perGroup: 5, leaseMs: 60_000 });
    if (claims.length === 0 && (await queue.counts()).size === 0) break;
    for (const claim of claims) enter.run(claim.key);
    await new Promise(resolve => setImmediate(resolve));
    for (const claim of claims) leave.run(claim.key);
    for (const claim of claims) {
      if ((await queue.complete(claim, { nextAtMs: null })) === 'settled') print(claim.key);
    }
  }
  marks.close();
  await database.close();
}
