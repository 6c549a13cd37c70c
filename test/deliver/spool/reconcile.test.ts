import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { creationDateOf, identityOf } from '../../../src/deliver/spool/files.ts';
import { reconcileSpool } from '../../../src/deliver/spool/reconcile.ts';
import { Spool } from '../../../src/deliver/spool/spool.ts';
import type { FileRecord, FileState } from '../../../src/keep/local/journal.ts';
import { openLocal } from '../../../src/keep/sqlite/open-local.ts';
import { startDelivery } from '../../support/delivery.ts';

const NEXT = 1_000;

/** A spool and a journal as a crash leaves them: a file in `area` (or nowhere), and a record in `state` (or none). */
async function after(
  t: TestContext,
  area: FileState | null,
  state: FileState | null,
  options: { location?: string; otherFile?: boolean } = {},
) {
  const rig = await startDelivery(t, { start: false });
  const journal = await openLocal(rig.databasePath, { clock: systemClock }).openJournal();
  t.after(() => journal.close());
  const spool = new Spool(rig.root);
  spool.prepare([{ profile: 'local', buckets: ['outbox'] }]);
  const address = { profile: 'local', bucket: 'outbox', filepath: 'dir/a.txt' };
  const path = area && rig.write(`${area}/local/outbox/${options.location ?? address.filepath}`, 'content');
  const stats = path === null ? undefined : statSync(path);
  const identity = stats && !options.otherFile ? identityOf(stats) : { size: 3, mtimeMs: 3, inode: 3 };
  const fileCreationDate = stats && !options.otherFile ? creationDateOf(stats) : '2026-01-01T00:00:00.000Z';
  const before =
    state &&
    (await journal.enter({
      ...address,
      ...identity,
      state,
      fileCreationDate,
      nextAttemptAtMs: NEXT,
      hold: null,
    }));
  const run = () =>
    reconcileSpool({
      spool,
      journal,
      clock: systemClock,
      destinations: new Set(['local']),
      onUndeliverable: (path, fault) => assert.fail(`${path} ${fault}`),
    });
  const counts = await run();
  const records = journal.list({}).toReversed();
  // Whatever was put right stays right: a start that was itself cut off may do it again.
  assert.equal((await run()).corrected, 0, 'reconciling again changes nothing');
  assert.deepEqual(
    journal
      .list({})
      .toReversed()
      .map(({ state }) => state),
    records.map(({ state }) => state),
  );
  return { before, records, record: records[0] as FileRecord, counts, journal };
}

test('case 2: in incoming with its record, nothing is changed (D-45)', async t => {
  const { record, counts } = await after(t, 'incoming', 'incoming');
  assert.equal(record.state, 'incoming');
  assert.deepEqual(counts, { processing: 0, corrected: 0 });
});

test('case 3: moved to processing, its record not yet (D-45)', async t => {
  const { records, record, before } = await after(t, 'processing', 'incoming');
  assert.equal(records.length, 1);
  assert.equal(record.id, before?.id);
  assert.equal(record.state, 'processing');
});

test('case 4: in processing on record, its next try keeps its time (D-45)', async t => {
  const { record, counts } = await after(t, 'processing', 'processing');
  assert.equal(record.nextAttemptAtMs, NEXT);
  assert.deepEqual(counts, { processing: 1, corrected: 0 });
});

test('case 5: the move to processing was lost in a power cut (D-45)', async t => {
  const { records, record } = await after(t, 'incoming', 'processing');
  assert.equal(records.length, 1);
  assert.equal(record.state, 'incoming');
});

test('case 7: moved to completed, its record not yet (D-45)', async t => {
  const { record, journal } = await after(t, 'completed', 'processing');
  assert.equal(record.state, 'completed');
  assert.equal(record.outcome, 'success');
  assert.equal(record.nextAttemptAtMs, null);
  assert.equal(journal.attempts(record.id).length, 1);
});

test('case 7: moved to completed under another name (D-12, D-45)', async t => {
  for (const location of ['dir/a.txt~1', 'dir~1/a.txt']) {
    const { record } = await after(t, 'completed', 'processing', { location });
    assert.equal(record.state, 'completed');
    assert.equal(record.location, location);
  }
});

test('case 7: another file of that name in completed is not taken for it (D-45)', async t => {
  const { record } = await after(t, 'completed', 'processing', { otherFile: true });
  assert.equal(record.state, 'failed');
  assert.equal(record.errorCode, 'source_missing');
});

test('case 8: moved to failed, its record not yet (D-45)', async t => {
  const { record } = await after(t, 'failed', 'processing');
  assert.equal(record.state, 'failed');
  assert.equal(record.outcome, 'failure');
  assert.equal(record.removedAtMs, null);
});

test('case 9: moved back from failed for a retry, its record not yet (D-45)', async t => {
  const { record, records } = await after(t, 'processing', 'failed');
  assert.equal(records.length, 1);
  assert.equal(record.state, 'processing');
  assert.equal(record.outcome, null);
});

test('case 10: in processing without a record (D-45)', async t => {
  const { record } = await after(t, 'processing', null);
  assert.equal(record.state, 'processing');
  assert.notEqual(record.nextAttemptAtMs, null);
});

test('case 11: what a dead copy announced never arrived, and is none that failed (D-45, D-187)', async t => {
  const { records, counts } = await after(t, null, 'incoming_tmp');
  assert.deepEqual(records, []);
  assert.equal(counts.corrected, 1);
});

test('case 12: the file of a record is nowhere (D-45)', async t => {
  for (const state of ['incoming', 'processing'] as const) {
    const { record } = await after(t, null, state);
    assert.equal(record.state, 'failed');
    assert.equal(record.errorCode, 'source_missing');
  }
});

test('renamed before it was delivered and entered under both names: the old one is not called missing at a start (D-616)', async t => {
  const rig = await startDelivery(t, { start: false });
  const journal = await openLocal(rig.databasePath, { clock: systemClock }).openJournal();
  t.after(() => journal.close());
  const spool = new Spool(rig.root);
  spool.prepare([{ profile: 'local', buckets: ['outbox'] }]);
  const stats = statSync(rig.write('incoming/local/outbox/aside/a.txt', 'content'));
  for (const filepath of ['before/a.txt', 'aside/a.txt'])
    await journal.enter({
      profile: 'local',
      bucket: 'outbox',
      filepath,
      ...identityOf(stats),
      state: 'incoming',
      fileCreationDate: creationDateOf(stats),
      nextAttemptAtMs: NEXT,
      hold: null,
    });
  const onUndeliverable = (path: string, fault: string): void => assert.fail(`${path} ${fault}`);
  const destinations = new Set(['local']);
  await reconcileSpool({ spool, journal, clock: systemClock, destinations, onUndeliverable });
  assert.deepEqual(
    journal.list({}).map(({ filepath, state }) => [filepath, state]),
    [['aside/a.txt', 'incoming']],
  );
});
