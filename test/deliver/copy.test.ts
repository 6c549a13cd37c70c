import assert from 'node:assert/strict';
import { readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { type CopyResult, copyIntoSpool } from '../../src/deliver/copy/copy.ts';
import { keyFor, parseDestination } from '../../src/deliver/copy/destination.ts';
import { waitForDelivery } from '../../src/deliver/copy/wait.ts';
import { openDestinations } from '../../src/deliver/destinations.ts';
import { newWorkerId } from '../../src/engine/queue/worker-id.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { filesBelow, openStore, type Rig, startDelivery } from '../support/delivery.ts';

async function copy(
  t: TestContext,
  rig: Rig,
  source: string,
  destination: string,
  options: { recursive?: boolean; dryRun?: boolean } = {},
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
    ...options,
    destinations,
    journal,
    clock: systemClock,
    signal: new AbortController().signal,
    onResult: result => results.push(result),
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
  const [record] = await waitForDelivery(journal, outcome.records, systemClock, AbortSignal.timeout(10_000));
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
