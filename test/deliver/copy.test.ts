import assert from 'node:assert/strict';
import fs, { readFileSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { type CopyOptions, type CopyResult, copyIntoSpool } from '../../src/deliver/copy/copy.ts';
import { keyFor, parseDestination } from '../../src/deliver/copy/destination.ts';
import { copyEndOf, waitForDelivery } from '../../src/deliver/copy/wait.ts';
import { openDestinations } from '../../src/deliver/destinations.ts';
import { newWorkerId } from '../../src/engine/queue/worker-id.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { filesBelow, openStore, type Rig, startDelivery } from '../support/delivery.ts';
import { until } from '../support/sluice.ts';

async function copy(
  t: TestContext,
  rig: Rig,
  source: string,
  destination: string,
  options: Partial<
    Pick<
      CopyOptions,
      'recursive' | 'selection' | 'dryRun' | 'refusesEmpty' | 'signal' | 'onResult' | 'onBytes' | 'journal'
    >
  > = {},
) {
  const journal = await openLocal(rig.databasePath, { clock: systemClock }).openJournal();
  t.after(() => journal.close());
  const results: CopyResult[] = [];
  const destinations = openDestinations(rig.plan.profiles, openStore);
  const outcome = await copyIntoSpool({
    root: rig.root,
    source,
    destination,
    recursive: false,
    dryRun: false,
    refusesEmpty: false,
    destinations,
    journal,
    clock: systemClock,
    signal: new AbortController().signal,
    onResult: result => results.push(result),
    ...options,
  });
  return { outcome, results, journal };
}

test('a destination is a profile, a bucket and a path without odd segments (D-27)', () => {
  assert.deepEqual(parseDestination('s3://p/b/a/c'), { profile: 'p', bucket: 'b', path: 'a/c', into: false });
  assert.deepEqual(parseDestination('s3://p/b/a/'), { profile: 'p', bucket: 'b', path: 'a', into: true });
  for (const whole of ['s3://p/b', 's3://p/b/']) {
    assert.deepEqual(parseDestination(whole), { profile: 'p', bucket: 'b', path: '', into: true });
  }
  for (const bad of [
    'p/b',
    'http://p/b',
    's3://',
    's3://p',
    's3:///b',
    's3://p/b/../c',
    's3://p/b//c',
    's3://p/b/a//',
    's3://p/-b/x',
  ]) {
    assert.throws(() => parseDestination(bad), { code: 'destination_invalid' }, bad);
  }
});

test('a trailing slash means into this prefix (D-27)', () => {
  assert.equal(keyFor(parseDestination('s3://p/b/new'), 'old', null), 'new');
  assert.equal(keyFor(parseDestination('s3://p/b/dir/'), 'old', null), 'dir/old');
  assert.equal(keyFor(parseDestination('s3://p/b'), 'dir', 'x/y'), 'dir/x/y');
  assert.equal(keyFor(parseDestination('s3://p/b/dir'), 'old', 'x/y'), 'dir/x/y');
  assert.equal(keyFor(parseDestination('s3://p/b/'), '', 'x/y'), 'x/y');
});

test('a copy with a station running is delivered under one record (D-26, D-44)', async t => {
  const rig = await startDelivery(t);
  const source = rig.write('../hello.txt', 'hello');
  utimesSync(source, 1_000_000_000, 1_000_000_000);
  const { outcome, results, journal } = await copy(t, rig, source, 's3://local/outbox/dir/');
  assert.deepEqual(results, [{ source, profile: 'local', bucket: 'outbox', key: 'dir/hello.txt', bytes: 5 }]);
  const [end] = (
    await waitForDelivery({
      journal,
      ids: outcome.records,
      clock: systemClock,
      signal: AbortSignal.timeout(10_000),
    })
  ).ended;
  const record = end?.record;
  assert.equal(record?.state, 'completed');
  assert.equal(record?.mtimeMs, 1_000_000_000_000);
  assert.equal(rig.records().length, 1);
  assert.equal(readFileSync(join(rig.target, 'outbox/dir/hello.txt'), 'utf8'), 'hello');
  assert.deepEqual(filesBelow(join(rig.root, 'incoming_tmp')), []);
});

test('a directory goes with all it holds; what cannot be copied is named and stops nothing (D-20, D-26)', async t => {
  const rig = await startDelivery(t, { settings: { automatic: false } });
  const source = join(rig.root, '../source');
  await mkdir(join(source, 'deep/er'), { recursive: true });
  writeFileSync(join(source, 'a.txt'), 'a');
  writeFileSync(join(source, 'deep/er/b.txt'), 'b');
  symlinkSync('/nowhere', join(source, 'broken'));
  await assert.rejects(copy(t, rig, source, 's3://local/outbox/x'), { code: 'usage' });
  const dry = await copy(t, rig, source, 's3://local/outbox/x', { recursive: true, dryRun: true });
  assert.deepEqual(filesBelow(join(rig.root, 'incoming')), []);
  assert.equal(dry.outcome.copied, 2);
  const { outcome, results } = await copy(t, rig, source, 's3://local/outbox/x', { recursive: true });
  assert.equal(outcome.copied, 2);
  assert.equal(outcome.failed, 1);
  assert.match(results.find(({ error }) => error)?.error ?? '', /broken is skipped: it is a symbolic link/);
  assert.deepEqual(filesBelow(join(rig.root, 'incoming/local/outbox')), ['x/a.txt', 'x/deep/er/b.txt']);
});

/** More than are copied at once. */
const MANY = Array.from({ length: 400 }, (_, index) => `file-${index}`);

test('what vanishes from a directory while it is copied is named, the directory itself too (D-601)', async t => {
  const rig = await startDelivery(t, { start: false });
  const source = rig.write('../source/a', 'first');
  for (const name of ['sub/d', ...MANY]) rig.write(`../source/${name}`, name);
  const whole = join(source, '..');
  const results: CopyResult[] = [];
  const onResult = (result: CopyResult): void => {
    if (results.length === 0) rmSync(whole, { recursive: true });
    results.push(result);
  };
  const { outcome } = await copy(t, rig, whole, 's3://local/outbox/', { recursive: true, onResult });
  assert.ok(outcome.copied > 0 && outcome.failed > 0);
  assert.equal(outcome.copied + outcome.failed, results.length);
  const errors = results.flatMap(({ error }) => error ?? []);
  assert.equal(errors.length, outcome.failed);
  for (const error of errors) assert.match(error, /vanished/);
});

test('small files wait together for the journal and the disk, larger ones in fewer buffers (D-811)', async t => {
  const rig = await startDelivery(t, { start: false });
  const journal = await openLocal(rig.databasePath, { clock: systemClock }).openJournal();
  t.after(() => journal.close());
  /** Copies 100 such files; each is put on record once no more of them come. @returns how many came at most */
  const mostAtOnce = async (name: string, bytes: number): Promise<number> => {
    for (let index = 0; index < 100; index += 1) rig.write(`../${name}/${index}`, 'x'.repeat(bytes));
    let [waiting, most] = [0, 0];
    const enter: typeof journal.enter = async file => {
      waiting += 1;
      for (let before = -1; before !== waiting; ) {
        before = waiting;
        await new Promise(resolve => setImmediate(resolve));
      }
      most = Math.max(most, waiting);
      const record = await journal.enter(file);
      waiting -= 1;
      return record;
    };
    const watched = new Proxy(journal, {
      get: (target, key) => {
        const value: unknown = key === 'enter' ? enter : Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const source = join(rig.root, '..', name);
    const options = { recursive: true, journal: watched };
    const { outcome } = await copy(t, rig, source, 's3://local/outbox/', options);
    assert.equal(outcome.copied, 100);
    return most;
  };
  assert.equal(await mostAtOnce('small', 10), 100);
  const larger = await mostAtOnce('larger', 64 * 1024);
  assert.ok(larger > 1 && larger <= 16, `${larger}`);
});

test('a copy has the whole way to a file on the disk before it is said to be copied (D-26, D-811)', async t => {
  const rig = await startDelivery(t, { start: false });
  const flushed = new Set<string>();
  const paths = new Map<number, string>();
  const { open, fsync } = fs;
  const openNoting = (path: string, flags: number, done: (error: Error | null, descriptor: number) => void) =>
    open(path, flags, (error, descriptor) => {
      if (!error) paths.set(descriptor, path);
      done(error, descriptor);
    });
  const fsyncNoting = (descriptor: number, done: (error: Error | null) => void) => {
    flushed.add(paths.get(descriptor) ?? '');
    fsync(descriptor, done);
  };
  t.mock.method(fs, 'open', openNoting as typeof open);
  t.mock.method(fs, 'fsync', fsyncNoting as typeof fsync);
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const source = rig.write('../a.txt', 'a');
  const { outcome } = await copy(t, rig, source, 's3://local/outbox/new/deep/b.txt');
  assert.equal(outcome.copied, 1);
  const bucket = join(rig.root, 'incoming/local/outbox');
  for (const folder of [bucket, `${bucket}/new`, `${bucket}/new/deep`])
    assert.ok(flushed.has(folder), `${folder}: ${[...flushed]}`);
});

test('a copy leaves out what exclude means, and what include does not; links among it are no failure (D-560)', async t => {
  const rig = await startDelivery(t, { settings: { automatic: false } });
  const source = join(rig.root, '../source');
  await mkdir(join(source, 'tmp/deep'), { recursive: true });
  for (const name of ['a.txt', 'b.log', 'tmp/deep/c.txt']) writeFileSync(join(source, name), name);
  symlinkSync('/nowhere', join(source, 'tmp/broken'));
  const selection = { include: ['*.txt'], exclude: ['tmp/'] };
  const { outcome } = await copy(t, rig, source, 's3://local/outbox/x', { recursive: true, selection });
  const { copied, failed, excluded } = outcome;
  assert.deepEqual({ copied, failed, excluded }, { copied: 1, failed: 0, excluded: 3 });
  assert.deepEqual(filesBelow(join(rig.root, 'incoming/local/outbox')), ['x/a.txt']);
});

test('an unknown profile or bucket is refused before anything is copied (D-27)', async t => {
  const rig = await startDelivery(t);
  const source = rig.write('../a.txt', 'a');
  await assert.rejects(copy(t, rig, source, 's3://other/outbox/'), /no profile "other"; known here: local/);
  await assert.rejects(copy(t, rig, source, 's3://local/nobucket/'), /no bucket "nobucket"/);
  await assert.rejects(copy(t, rig, '/not/there', 's3://local/outbox/'), /does not exist/);
});

test('a starting server empties incoming_tmp but for what a running copy works on (D-14)', async t => {
  const rig = await startDelivery(t);
  await rig.delivery.stop();
  rig.write('incoming_tmp/local/outbox/half.txt', 'ha');
  rig.write('incoming_tmp/local/outbox/.copy-1%3A1%3Aelse%2Fwhere%3Aab/other-boot.txt', 'x');
  const mine = `.copy-${encodeURIComponent(newWorkerId())}`;
  rig.write(`incoming_tmp/local/outbox/${mine}/live.txt`, 'live');
  const dead = mine.replace(`copy-${process.pid}`, 'copy-999999999');
  rig.write(`incoming_tmp/local/outbox/${dead}/dead.txt`, 'dead');
  await rig.restart();
  const left = filesBelow(join(rig.root, 'incoming_tmp/local/outbox'));
  assert.deepEqual(left, [`${mine}/live.txt`]);
});

test('a running station notices that a copy was killed, and leaves alone what runs (D-187)', async t => {
  const rig = await startDelivery(t, { settings: { automatic: false } });
  const journal = await openLocal(rig.databasePath, { clock: systemClock }).openJournal();
  t.after(() => journal.close());
  const mine = `.copy-${encodeURIComponent(newWorkerId())}`;
  const dead = mine.replace(`copy-${process.pid}`, 'copy-999999999');
  const announce = (bucket: string, copyName: string) => {
    rig.write(`incoming_tmp/local/${bucket}/${copyName}/half.txt`, 'ha');
    return journal.enter({
      profile: 'local',
      bucket,
      filepath: 'half.txt',
      size: 4,
      mtimeMs: 1,
      inode: 1,
      fileCreationDate: new Date(0).toISOString(),
      nextAttemptAtMs: null,
      hold: null,
      state: 'incoming_tmp',
      copied: true,
    });
  };
  const live = await announce('running', mine);
  const elsewhere = await announce('elsewhere', '.copy-1%3A1%3Aelse%2Fwhere%3Aab');
  const killed = await announce('outbox', dead);
  await until('the killed copy is off the record', () => journal.byId(killed.id) === undefined);
  assert.equal(journal.byId(live.id)?.state, 'incoming_tmp');
  assert.equal(journal.byId(elsewhere.id)?.state, 'incoming_tmp');
  assert.deepEqual(filesBelow(join(rig.root, 'incoming_tmp/local/outbox')), []);
  assert.deepEqual(filesBelow(join(rig.root, 'incoming_tmp/local/running')), [`${mine}/half.txt`]);
});

test('an empty file that is copied is whole: it becomes an empty object, with and without a station (D-182)', async t => {
  const rig = await startDelivery(t);
  const source = rig.write('../empty.txt', '');
  const ended = async ({ outcome, journal }: Awaited<ReturnType<typeof copy>>) => {
    const signal = AbortSignal.timeout(10_000);
    const { ended, open } = await waitForDelivery({
      journal,
      ids: outcome.records,
      clock: systemClock,
      signal,
    });
    assert.deepEqual(open, []);
    return ended.map(({ end }) => end);
  };
  const beside = await copy(t, rig, source, 's3://local/outbox/');
  assert.deepEqual(await ended(beside), ['delivered']);
  assert.equal(readFileSync(join(rig.target, 'outbox/empty.txt'), 'utf8'), '');
  await rig.delivery.stop();
  const before = await copy(t, rig, source, 's3://local/outbox/before');
  await rig.restart();
  assert.deepEqual(await ended(before), ['delivered']);
});

test('an empty file that is put in the place of a copied one waits for content as ever (D-19, D-182)', async t => {
  const rig = await startDelivery(t, { settings: { automatic: false } });
  await copy(t, rig, rig.write('../empty.txt', ''), 's3://local/outbox/');
  await rig.until('empty.txt', ({ copied, hold }) => copied && hold === null);
  // By renaming: another file, of which nobody says that it is whole.
  renameSync(rig.write('../other.txt', ''), join(rig.root, 'incoming/local/outbox/empty.txt'));
  await rig.until('empty.txt', ({ copied, hold }) => !copied && hold === 'empty');
});

test('deliver.emptyCopies: refuse names empty files as failed and copies the rest (D-182)', async t => {
  const rig = await startDelivery(t, { settings: { automatic: false } });
  rig.write('../source/a.txt', 'a');
  rig.write('../source/empty.txt', '');
  const source = join(rig.root, '../source');
  const { outcome, results } = await copy(t, rig, source, 's3://local/outbox/', {
    recursive: true,
    refusesEmpty: true,
  });
  assert.deepEqual([outcome.copied, outcome.failed], [1, 1]);
  assert.match(results.find(({ error }) => error)?.error ?? '', /empty\.txt is empty.*emptyCopies/);
});

test('a copy that is stopped says what was copied; its half file is never seen (D-26, D-183)', async t => {
  const rig = await startDelivery(t, { settings: { automatic: false } });
  for (const name of MANY) rig.write(`../source/${name}`, name);
  const stop = new AbortController();
  const { outcome } = await copy(t, rig, join(rig.root, '../source'), 's3://local/outbox/', {
    recursive: true,
    signal: stop.signal,
    onResult: () => stop.abort(),
  });
  assert.deepEqual([outcome.failed, outcome.isCut], [0, true]);
  // What was begun is ended, and nothing else is begun.
  assert.ok(outcome.copied > 0 && outcome.copied < MANY.length, `${outcome.copied}`);
  assert.equal(filesBelow(join(rig.root, 'incoming/local/outbox')).length, outcome.copied);
  assert.deepEqual(filesBelow(join(rig.root, 'incoming_tmp')), []);
});

test('a file that was not copied whole leaves no record, whatever ended its copy (D-187)', async t => {
  const rig = await startDelivery(t, { settings: { automatic: false } });
  for (const name of MANY) rig.write(`../source/${name}`, name);
  const stop = new AbortController();
  const source = join(rig.root, '../source');
  // In the middle of the files that are being copied just then.
  const cut = await copy(t, rig, source, 's3://local/outbox/', {
    recursive: true,
    signal: stop.signal,
    onBytes: () => stop.abort(),
  });
  assert.equal(cut.outcome.isCut, true);
  assert.equal(rig.records().length, cut.outcome.copied);
  assert.ok(rig.records().every(({ state }) => state === 'incoming'));
  // Something that is no file is in the way of what was copied.
  await mkdir(join(rig.root, 'incoming/local/outbox/taken'));
  const { outcome } = await copy(t, rig, rig.write('../taken', 'x'), 's3://local/outbox/taken');
  assert.deepEqual([outcome.copied, outcome.failed], [0, 1]);
  assert.equal(rig.records().length, cut.outcome.copied);
});

test('what a record says of the end of a wait (D-184)', async t => {
  const rig = await startDelivery(t, { settings: { automatic: false } });
  rig.write('incoming/local/outbox/a.txt', 'a');
  const record = await rig.until('a.txt', ({ state }) => state === 'incoming');
  const cases = [
    [{}, undefined],
    [{ state: 'processing' }, undefined],
    [{ hold: 'bucket_held' }, undefined],
    [{ hold: 'folder_held' }, undefined],
    [{ hold: 'bucket' }, 'waits'],
    [{ state: 'processing', hold: 'bucket' }, 'waits'],
    [{ hold: 'empty' }, 'waits'],
    [{ state: 'completed', outcome: 'success' }, 'delivered'],
    [{ state: 'failed', outcome: 'failure' }, 'failed'],
  ] as const;
  for (const [change, end] of cases) assert.equal(copyEndOf(1, { ...record, ...change })?.end, end);
  assert.equal(copyEndOf(1, undefined)?.end, 'forgotten');
  const cut = {
    journal: rig.delivery.journal,
    ids: [record.id],
    clock: systemClock,
    signal: AbortSignal.abort(),
  };
  assert.deepEqual((await waitForDelivery(cut)).open, [record.id]);
});
