import assert from 'node:assert/strict';
import { mkdirSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import type { Journal, RecordChange } from '../../src/keep/local/journal.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { BentClock } from '../support/bent-clock.ts';
import { bentStore } from '../support/bent-store.ts';
import { filesBelow, openStore, type Rig, startDelivery, until } from '../support/delivery.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';
import { tempDirectory } from '../support/temp-directory.ts';

type After = 'keep' | 'delete' | 'completed';

/**
 * What becomes of the change that says `completed`, or (`sent`) that it was sent, or (`begun`) that it was taken up: it
 * fails once, or nothing is written from then on (a kill).
 */
type Fault = 'once' | 'killed' | 'sent' | 'begun' | 'none';

interface FaultyRig {
  readonly rig: Rig;
  readonly folder: string;
  readonly struck: () => boolean;
  /** Writes that are on the disk before the next one begins, by method. */
  readonly writes: string[];
  readonly sent: (key?: string) => number;
  readonly mend: () => void;
}

const WRITES: ReadonlySet<string> = new Set([
  'enter',
  'change',
  'changeIf',
  'changeUnmoved',
  'recordAttempt',
  'merge',
]);

/** Delivery of `a.txt` in a folder, whose journal fails as `fault` says; a restart after `mend` has a whole one. */
async function faultyRig(t: TestContext, after: After, fault: Fault, isAsked = false): Promise<FaultyRig> {
  let isStruck = false;
  let isWhole = fault === 'none';
  const writes: string[] = [];
  const spoil = (journal: Journal): Journal =>
    new Proxy(journal, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          const change = args.at(-1) as RecordChange | undefined;
          const isSent = name === 'change' && (change?.sentAtMs ?? null) !== null;
          const isBegun = name === 'change' && change?.state === 'processing';
          const isLast = name === 'recordAttempt' && change?.state === 'completed';
          const isDead = fault === 'killed' && isStruck && WRITES.has(String(name));
          if (
            !isWhole &&
            (isDead ||
              (!isStruck &&
                { sent: isSent, begun: isBegun, once: isLast, killed: isLast, none: false }[fault]))
          ) {
            isStruck = true;
            return Promise.reject(new SluiceError('disk_full', 'no room left on the disk for the journal'));
          }
          if (WRITES.has(String(name))) writes.push(String(name));
          return value.apply(target, args);
        };
      },
    });
  const opened: ReturnType<typeof bentStore>[] = [];
  const folder = join(await tempDirectory(t), 'exports');
  mkdirSync(folder);
  put(folder, 'content');
  const rig = await startDelivery(t, {
    clock: new BentClock({ faster: 20 }),
    settings: {
      probeIntervalMs: 30,
      retry: { ...DELIVERY_RETRY, firstMs: 20, factor: 1, jitter: 0 },
      folders: [{ path: folder, profile: 'local', bucket: 'outbox', prefix: '', settleMs: 1000, after }],
    },
    openJournal: async (path, clock) => spoil(await openLocal(path, { clock }).openJournal()),
    openStore: profile => {
      const made = bentStore(openStore(profile), ({ name }) =>
        isAsked && !isWhole && name === 'headObject' ? new SluiceError('timed_out', 'silence') : undefined,
      );
      opened.push(made);
      return made.store;
    },
  });
  return {
    rig,
    folder,
    struck: () => isStruck,
    writes,
    sent: (key = 'a.txt') => opened.reduce((sum, one) => sum + (one.sent()[key] ?? 0), 0),
    mend: () => {
      isWhole = true;
    },
  };
}

function put(folder: string, content: string): void {
  writeFileSync(join(folder, 'a.txt'), content);
  utimesSync(join(folder, 'a.txt'), 1, 1);
}

/** One record that says what was delivered, and nothing of the file left where it lay. */
async function assertDelivered(rig: Rig, after: After, folder: string): Promise<void> {
  const record = await rig.until('a.txt', ({ state }) => state === 'completed' || state === 'failed');
  const { state, outcome, errorCode, verified, sentAtMs, size, objectKey, crc32 } = record;
  assert.deepEqual(
    { state, outcome, errorCode, verified, sentAtMs, size, objectKey },
    {
      state: 'completed',
      outcome: 'success',
      errorCode: null,
      verified: 'checksum',
      sentAtMs: null,
      size: 7,
      objectKey: 'a.txt',
    },
  );
  assert.notEqual(crc32, null);
  assert.equal(record.removedAtMs === null, after === 'completed');
  assert.equal(rig.records().length, 1);
  assert.deepEqual(filesBelow(folder), []);
  assert.equal(rig.exists('../store/outbox/a.txt'), true);
  const kept = after === 'completed' ? ['local/outbox/a.txt'] : [];
  assert.deepEqual(filesBelow(join(rig.root, 'completed')), kept);
}

for (const after of ['delete', 'completed'] as const) {
  test(`no room for the last row of a folder’s file (after: ${after}): it is delivered, not missing (D-45, D-103)`, async t => {
    const { rig, folder, struck, sent } = await faultyRig(t, after, 'once');
    await assertDelivered(rig, after, folder);
    assert.ok(struck());
    assert.equal(sent(), 1);
  });

  test(`killed before the last row of a folder’s file (after: ${after}): the next start knows it (D-45, D-103)`, async t => {
    const { rig, folder, struck, sent, mend } = await faultyRig(t, after, 'killed');
    await until(struck);
    await rig.delivery.stop();
    mend();
    await assertDelivered(await rig.restart(), after, folder);
    assert.equal(sent(), 1);
  });

  test(`the same where nothing may be sent (after: ${after}): it needs no try (D-45, D-103)`, async t => {
    const { rig, folder, struck, sent, mend } = await faultyRig(t, after, 'killed');
    await until(struck);
    await rig.delivery.stop();
    mend();
    const again = await rig.restart({ gate: { command: 'false', timeoutMs: 60_000 } });
    await assertDelivered(again, after, folder);
    assert.equal(sent(), 1);
  });
}

test('no room to say that a folder’s file was sent: it stays, and is not sent again (D-103)', async t => {
  const { rig, folder, struck, sent } = await faultyRig(t, 'delete', 'sent');
  await until(struck);
  assert.deepEqual(filesBelow(folder), ['a.txt']);
  await assertDelivered(rig, 'delete', folder);
  assert.equal(sent(), 1);
});

test('a folder’s file taken away while only its proof is outstanding is asked for, not called missing (D-103)', async t => {
  const { rig, folder, sent, mend } = await faultyRig(t, 'delete', 'once', true);
  await rig.until('a.txt', ({ sentAtMs }) => sentAtMs !== null);
  unlinkSync(join(folder, 'a.txt'));
  mend();
  await assertDelivered(rig, 'delete', folder);
  assert.equal(sent(), 1);
});

test('only a file that goes away is on record as sent before: others cost no further write (D-103)', async t => {
  const counts: Record<string, string[]> = {};
  for (const after of ['keep', 'delete'] as const) {
    const { rig, writes } = await faultyRig(t, after, 'none');
    await rig.until('a.txt', ({ state }) => state === 'completed');
    counts[after] = [...writes];
    if (after === 'delete') continue;
    writes.length = 0;
    rig.write('incoming/local/outbox/b.txt', 'b');
    await rig.until('b.txt', ({ state }) => state === 'completed');
    counts.spool = [...writes];
  }
  assert.deepEqual(counts, {
    keep: ['enter', 'recordAttempt'],
    delete: ['enter', 'change', 'recordAttempt'],
    spool: ['enter', 'change', 'recordAttempt'],
  });
});

test('no room to say that a file was taken up: what was sent meanwhile is not sent again (D-103)', async t => {
  const { rig, struck, sent } = await faultyRig(t, 'keep', 'begun');
  rig.write('incoming/local/outbox/b.txt', 'b');
  await rig.until('b.txt', ({ state }) => state === 'completed');
  assert.ok(struck());
  assert.equal(sent('b.txt'), 1);
});

test('a stop right after that puts it on record: the next start does not send it again (D-300)', async t => {
  for (const fault of ['sent', 'begun'] as const) {
    const { rig, struck, sent } = await faultyRig(t, fault === 'sent' ? 'delete' : 'keep', fault);
    const name = fault === 'sent' ? 'a.txt' : 'b.txt';
    if (fault === 'begun') rig.write(`incoming/local/outbox/${name}`, 'b');
    await until(struck);
    const again = await rig.restart();
    await again.until(name, ({ state }) => state === 'completed');
    assert.equal(sent(name), 1, fault);
    await again.delivery.stop();
  }
});
