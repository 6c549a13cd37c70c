import assert from 'node:assert/strict';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import type { Logger } from '../../src/base/log.ts';
import type { Journal } from '../../src/keep/local/journal.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { startDelivery, until } from '../support/delivery.ts';

const FILES = Array.from({ length: 40 }, (_, index) => `f${index}`);
const CHANGES = ['enter', 'change', 'changeIf', 'recordAttempt', 'release', 'makeDueNow', 'probe'];

/** A log that keeps what is said loudly. */
function listening(): { log: Logger; loud: string[] } {
  const loud: string[] = [];
  const say = (_fields: object, words: string): void => void loud.push(words);
  const quiet = (): void => undefined;
  return { log: { debug: quiet, info: quiet, warn: say, error: say } as unknown as Logger, loud };
}

/** Delivery whose journal takes no change while `isFull`. */
async function rigWithJournal(t: TestContext, isFull: () => boolean) {
  const { log, loud } = listening();
  const refused: string[] = [];
  const rig = await startDelivery(t, {
    log,
    settings: { intervalMs: 50, probeIntervalMs: 50 },
    openJournal: async (path, clock) => {
      const journal = await openLocal(path, { clock }).openJournal();
      return new Proxy(journal, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) => {
            if (!isFull() || !CHANGES.includes(String(name))) return value.apply(target, args);
            refused.push(String(name));
            return Promise.reject(new SluiceError('disk_full', 'no room left on the disk for the journal'));
          };
        },
      }) as Journal;
    },
  });
  return { rig, loud, refused };
}

test('a journal that cannot be written holds everything, is said once with what waits, and all goes on with room (T-122, D-304)', async t => {
  let isFull = false;
  const { rig, loud, refused } = await rigWithJournal(t, () => isFull);
  isFull = true;
  for (const name of FILES) rig.write(`incoming/local/outbox/${name}`, name);
  await until(() => rig.delivery.journalTrouble() !== undefined);
  assert.equal(rig.delivery.journalTrouble()?.code, 'disk_full');
  assert.deepEqual(
    rig.delivery.holds().map(({ kind, place }) => [kind, place]),
    [['disk', 'journal']],
  );
  await until(() => rig.delivery.holds()[0]?.files === FILES.length);
  assert.equal(rig.delivery.status().waiting, FILES.length);
  rmSync(join(rig.root, 'incoming/local/outbox', FILES.pop() ?? ''));
  await until(() => rig.delivery.status().waiting === FILES.length);
  await until(() => refused.filter(name => name === 'probe').length >= 5);
  assert.ok(loud.length <= 6, `${loud.length} lines: ${loud.join('\n')}`);
  isFull = false;
  await until(() => rig.delivery.journal.counts().completed === FILES.length);
  assert.equal(rig.delivery.journalTrouble(), undefined);
  assert.equal(rig.delivery.status().waiting, 0);
});

test('a database that is deleted or replaced under a running station is noticed (T-122)', async t => {
  const { rig } = await rigWithJournal(t, () => false);
  rig.write('incoming/local/outbox/a', 'a');
  await rig.until('a', ({ state }) => state === 'completed');
  renameSync(rig.databasePath, `${rig.databasePath}.away`);
  await until(() => rig.delivery.journalTrouble()?.code === 'database_missing');
  assert.match(rig.delivery.journalTrouble()?.message ?? '', /it was deleted/);
  rig.write('incoming/local/outbox/b', 'b');
  renameSync(`${rig.databasePath}.away`, rig.databasePath);
  await rig.until('b', ({ state }) => state === 'completed');
});

test('a start without records beside a spool with files says how many there are (T-122)', async t => {
  const { rig } = await rigWithJournal(t, () => false);
  rig.write('incoming/local/outbox/a', 'a');
  await rig.until('a', ({ state }) => state === 'completed');
  await rig.delivery.stop();
  for (const end of ['', '-wal', '-shm']) rmSync(`${rig.databasePath}${end}`, { force: true });
  rig.write('processing/local/outbox/b', 'b');
  const { log, loud } = listening();
  const again = await startDelivery(t, { root: rig.root.replace(/\/station$/, ''), log });
  await again.until('b', ({ state }) => state === 'completed');
  assert.ok(
    loud.some(words =>
      /database is new.*1 files in processing and incoming.*0 in failed.*1 in completed/.test(words),
    ),
    loud.join('\n'),
  );
});
