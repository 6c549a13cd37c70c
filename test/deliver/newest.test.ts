import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import { fileCalls } from '../../src/base/files/calls.ts';
import { silentLogger } from '../../src/base/log.ts';
import type { RecordChange } from '../../src/keep/local/journal.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { type Bend, bentStore } from '../support/bent-store.ts';
import { filesBelow, openStore, startDelivery, until } from '../support/delivery.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';
import { interrupted } from '../support/file-calls.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const SLOW = { ...DELIVERY_RETRY, firstMs: 3_600_000, jitter: 0 };

function bentRig(t: TestContext, bend: Bend) {
  return startDelivery(t, {
    settings: { retry: SLOW },
    openStore: profile => bentStore(openStore(profile), bend).store,
  });
}

test('a newer file does not wait behind the backoff of an older one, which is kept in failed (D-105)', async t => {
  let isDown = true;
  const rig = await bentRig(t, ({ name }) =>
    isDown && name === 'putObject' ? new SluiceError('bucket_unavailable', 'HTTP 500') : undefined,
  );
  rig.write('incoming/local/outbox/a', 'first');
  const first = await rig.until('a', ({ failures }) => failures === 1);
  isDown = false;
  rig.write('incoming/local/outbox/a', 'second');
  const second = await rig.until('a', ({ id, state }) => id !== first.id && state === 'completed');
  assert.ok(second.id > first.id);
  const older = rig.delivery.journal.byId(first.id);
  assert.deepEqual([older?.state, older?.errorCode, older?.removedAtMs], ['failed', 'superseded', null]);
  assert.equal(rig.read('failed/local/outbox/a').toString(), 'first');
  assert.equal(readFileSync(join(rig.target, 'outbox/a'), 'utf8'), 'second');
});

test('a file that comes while an older one is being sent goes as soon as that try has failed (D-105)', async t => {
  const rig = await bentRig(t, ({ name, bytes }) =>
    name === 'putObject' && bytes === 5 ? new SluiceError('timed_out', 'silence') : undefined,
  );
  rig.write('incoming/local/outbox/a', 'first');
  rig.write('incoming/local/outbox/a', 'the second');
  await until(() => rig.records().some(({ state, size }) => state === 'completed' && size === 10));
  assert.equal(readFileSync(join(rig.target, 'outbox/a'), 'utf8'), 'the second');
});

test('a newer file waits for the row of the older one that has just left processing (D-105, D-44)', async t => {
  const said: string[] = [];
  const held = Promise.withResolvers<void>();
  const free = Promise.withResolvers<void>();
  let isFirst = true;
  const rig = await startDelivery(t, {
    log: { ...silentLogger, error: (facts: object | string) => void said.push(JSON.stringify(facts)) },
    openJournal: async (path, clock) => {
      const journal = await openLocal(path, { clock }).openJournal();
      return new Proxy(journal, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) => {
            const isRow = name === 'recordAttempt' && (args.at(-1) as RecordChange).state === 'completed';
            if (!isRow || !isFirst) return value.apply(target, args);
            isFirst = false;
            held.resolve();
            return free.promise.then(() => value.apply(target, args));
          };
        },
      });
    },
  });
  rig.write('incoming/local/outbox/a', 'first');
  await held.promise;
  rig.write('incoming/local/outbox/a', 'the second');
  await until(() => rig.records().some(({ state, size }) => state === 'incoming' && size === 10));
  await rig.delivery.syncNow(AbortSignal.timeout(100)).catch(() => undefined);
  free.resolve();
  await until(() => rig.records().filter(({ state }) => state === 'completed').length === 2);
  assert.equal(readFileSync(join(rig.target, 'outbox/a'), 'utf8'), 'the second');
  assert.deepEqual(said, []);
});

test('retrying failed files leaves an older one that a newer one came after, and says so (D-105, D-42)', async t => {
  const refused = new Set([5, 7]);
  const rig = await bentRig(t, ({ name, bytes }) =>
    name === 'putObject' && refused.has(bytes) ? new SluiceError('request_refused', 'no') : undefined,
  );
  rig.write('incoming/local/outbox/a', 'first');
  const first = await rig.until('a', ({ state }) => state === 'failed');
  rig.write('incoming/local/outbox/a', 'delivered');
  await rig.until('a', ({ id, state }) => id !== first.id && state === 'completed');
  rig.write('incoming/local/outbox/b', 'older');
  const older = await rig.until('b', ({ state }) => state === 'failed');
  rig.write('incoming/local/outbox/b', 'younger');
  const younger = await rig.until('b', ({ id, state }) => id !== older.id && state === 'failed');
  refused.clear();
  const outcomes = await rig.delivery.retryFailed({ all: true });
  assert.deepEqual(
    outcomes.map(({ record, problem }) => [record.id, problem?.split(':')[0]]),
    [
      [first.id, 'superseded'],
      [older.id, 'superseded'],
      [younger.id, undefined],
    ],
  );
  await rig.until('b', ({ id, state }) => id === younger.id && state === 'completed');
  assert.equal(readFileSync(join(rig.target, 'outbox/a'), 'utf8'), 'delivered');
  assert.equal(readFileSync(join(rig.target, 'outbox/b'), 'utf8'), 'younger');
  assert.equal(rig.delivery.journal.byId(first.id)?.state, 'failed');
});

test('a file of a folder counts as newer than one of the spool for the same key (D-105)', async t => {
  const path = await tempDirectory(t);
  const folder = {
    path,
    profile: 'local',
    bucket: 'outbox',
    prefix: '',
    settleMs: 0,
    after: 'keep',
  } as const;
  const rig = await startDelivery(t, {
    settings: { retry: SLOW, folders: [folder] },
    openStore: profile =>
      bentStore(openStore(profile), ({ name, bytes }) =>
        name === 'putObject' && bytes === 5
          ? new SluiceError('request_refused', 'no', { answer: 'give-up' })
          : undefined,
      ).store,
  });
  rig.write('incoming/local/outbox/a', 'first');
  const first = await rig.until('a', ({ state }) => state === 'failed');
  writeFileSync(join(path, 'a'), 'the newer');
  await until(() => rig.records().some(({ state }) => state === 'completed'));
  const outcomes = await rig.delivery.retryFailed({ all: true });
  assert.deepEqual(
    outcomes.map(({ record, problem }) => [record.id, problem?.split(':')[0]]),
    [[first.id, 'superseded']],
  );
});

test('the newest of a folder with a prefix and of the spool is what ends in the bucket (D-302)', async t => {
  const path = await tempDirectory(t);
  const folder = {
    path,
    profile: 'local',
    bucket: 'outbox',
    prefix: 'x',
    settleMs: 0,
    after: 'keep',
  } as const;
  let isDown = true;
  const rig = await startDelivery(t, {
    settings: { retry: SLOW, folders: [folder], destinations: [{ match: 'local', prefix: 'all' }] },
    openStore: profile =>
      bentStore(openStore(profile), ({ name }) =>
        isDown && name === 'putObject' ? new SluiceError('bucket_unavailable', 'HTTP 500') : undefined,
      ).store,
  });
  const folderOfAll = join(path, 'all');
  mkdirSync(folderOfAll);
  // The spool's comes first and waits long; then the folder's, the other way round with the second key.
  rig.write('incoming/local/outbox/x/a', 'older');
  const spooled = await rig.until('x/a', ({ failures }) => failures === 1);
  writeFileSync(join(path, 'b'), 'older');
  const exported = await rig.until('b', ({ failures }) => failures === 1);
  isDown = false;
  await rig.delivery.stop();
  const again = await rig.restart({ folders: [{ ...folder, prefix: 'all/x' }] });
  writeFileSync(join(path, 'a'), 'newer');
  again.write('incoming/local/outbox/x/c', 'unrelated');
  await again.until('a', ({ id, state }) => id > exported.id && state === 'completed');
  await again.until('x/c', ({ state }) => state === 'completed');
  const older = again.delivery.journal.byId(spooled.id);
  assert.deepEqual([older?.state, older?.errorCode, older?.removedAtMs], ['failed', 'superseded', null]);
  assert.equal(again.read('failed/local/outbox/x/a').toString(), 'older');
  assert.equal(readFileSync(join(rig.target, 'outbox/all/x/a'), 'utf8'), 'newer');
  assert.deepEqual(
    (await again.delivery.retryFailed({ all: true })).map(({ problem }) => problem?.split(':')[0]),
    ['superseded'],
  );
});

test('a file of a folder that waits long makes way for a newer one of the spool for its key (D-302)', async t => {
  const path = await tempDirectory(t);
  const folder = {
    path,
    profile: 'local',
    bucket: 'outbox',
    prefix: 'x',
    settleMs: 0,
    after: 'delete',
  } as const;
  const rig = await startDelivery(t, {
    settings: { retry: SLOW, folders: [folder] },
    openStore: profile =>
      bentStore(openStore(profile), ({ name, bytes }) =>
        name === 'putObject' && bytes === 5 ? new SluiceError('bucket_unavailable', 'HTTP 500') : undefined,
      ).store,
  });
  writeFileSync(join(path, 'a'), 'older');
  const older = await rig.until('a', ({ failures }) => failures === 1);
  rig.write('incoming/local/outbox/x/a', 'the newer');
  await rig.until('x/a', ({ state }) => state === 'completed');
  const now = rig.delivery.journal.byId(older.id);
  assert.deepEqual([now?.state, now?.errorCode], ['failed', 'superseded']);
  assert.deepEqual(filesBelow(path), ['a'], 'it is its owner’s, and stays');
  writeFileSync(join(path, 'a'), 'the newest of all');
  await until(() => readFileSync(join(rig.target, 'outbox/x/a'), 'utf8') === 'the newest of all');
});

test('killed while an older file makes way, it is superseded all the same (D-303)', async t => {
  let isDown = true;
  let isKilled = false;
  const rig = await startDelivery(t, {
    settings: { retry: SLOW },
    openStore: profile =>
      bentStore(openStore(profile), ({ name }) =>
        isDown && name === 'putObject' ? new SluiceError('bucket_unavailable', 'HTTP 500') : undefined,
      ).store,
    openJournal: async (path, clock) => {
      const journal = await openLocal(path, { clock }).openJournal();
      return new Proxy(journal, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) => {
            const change = args.at(-1) as RecordChange | undefined;
            // Moved, and the row that says so is never written; nothing is, from then on.
            if (name === 'change' && change?.state === 'failed' && !isDown) isKilled = true;
            if (isKilled && ['enter', 'change', 'changeIf', 'recordAttempt'].includes(String(name)))
              return Promise.reject(new SluiceError('disk_full', 'no room left on the disk for the journal'));
            return value.apply(target, args);
          };
        },
      });
    },
  });
  rig.write('incoming/local/outbox/a', 'first');
  const first = await rig.until('a', ({ failures }) => failures === 1);
  isDown = false;
  rig.write('incoming/local/outbox/a', 'second');
  await until(() => isKilled);
  await rig.delivery.stop();
  isKilled = false;
  isDown = true;
  const again = await rig.restart();
  const older = again.delivery.journal.byId(first.id);
  assert.deepEqual([older?.state, older?.errorCode, older?.removedAtMs], ['failed', 'superseded', null]);
  assert.deepEqual(filesBelow(join(again.root, 'failed')), ['local/outbox/a']);
});

test('a file replaced at the moment it is taken up is not called missing: its record is the newer one’s (D-303)', async t => {
  let path = '';
  let replaced = 0;
  const calls = interrupted(fileCalls(), (call, name) => {
    if (call !== 'renameAt' || name !== 'a' || replaced >= 3) return;
    replaced += 1;
    writeFileSync(`${path}.new`, `content ${replaced}`);
    renameSync(`${path}.new`, path);
  });
  const rig = await startDelivery(t, { files: { calls }, settings: { automatic: false } });
  path = rig.write('incoming/local/outbox/a', 'content');
  await rig.until('a', ({ state }) => state === 'incoming');
  // What comes while a manual sync is at it may be left to the next one.
  const signal = AbortSignal.timeout(10_000);
  do await rig.delivery.syncNow(signal);
  while (readFileSync(join(rig.target, 'outbox/a'), 'utf8') !== 'content 3');
  assert.ok(
    rig.records().every(({ errorCode }) => errorCode === null),
    JSON.stringify(rig.records()),
  );
});
