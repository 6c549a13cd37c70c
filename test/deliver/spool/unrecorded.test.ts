import assert from 'node:assert/strict';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { listFailed } from '../../../src/deliver/failed.ts';
import { Spool } from '../../../src/deliver/spool/spool.ts';
import { recordFailedFiles } from '../../../src/deliver/spool/unrecorded.ts';
import { openLocal } from '../../../src/keep/sqlite/open-local.ts';
import { startDelivery } from '../../support/delivery.ts';
import { deliveryPlace, isCompleted, jsonLines } from '../../support/delivery-station.ts';

test('a start puts the files of failed that have no record on record: they are listed, tried again and dropped (D-807)', async t => {
  const rig = await startDelivery(t, { start: false });
  for (const name of ['a.txt', 'deep/b.txt', 'c.txt'])
    rig.write(`failed/local/outbox/${name}`, `content of ${name}`);
  rig.write('failed/local/no-bucket-folder', 'left where it is');
  await rig.delivery.start();
  assert.deepEqual(
    rig
      .records()
      .map(({ filepath, state, outcome, errorCode }) => [filepath, state, outcome, errorCode])
      .toSorted(),
    ['a.txt', 'c.txt', 'deep/b.txt'].map(name => [name, 'failed', 'failure', 'record_missing']),
  );
  await rig.delivery.retryFailed({ match: '{a.txt,deep/*}' });
  await rig.until('a.txt', ({ state }) => state === 'completed');
  await rig.until('deep/b.txt', ({ state }) => state === 'completed');
  await rig.delivery.dropFailed({ cause: 'record_missing' });
  assert.equal(rig.exists('failed/local/outbox/c.txt'), false);
  assert.deepEqual(listFailed(rig.delivery.journal, { all: true }), []);
});

test('what is on record in failed, under whatever name, or is on its way there, is not put on record again (D-807)', async t => {
  const rig = await startDelivery(t, { start: false });
  const spool = new Spool(rig.root);
  spool.prepare([{ profile: 'local', buckets: ['outbox'] }]);
  const journal = await openLocal(rig.databasePath, { clock: systemClock }).openJournal();
  t.after(() => journal.close());
  for (const name of ['a', 'a~1']) rig.write(`failed/local/outbox/${name}`, name);
  const entered = () => recordFailedFiles({ spool, journal });
  assert.equal(await entered(), 2);
  assert.equal(await entered(), 0);
  const [second] = journal.list({ text: 'a~1' });
  await journal.change(second?.id ?? 0, { location: 'elsewhere/a' });
  mkdirSync(join(rig.root, 'failed/local/outbox/elsewhere'));
  renameSync(join(rig.root, 'failed/local/outbox/a~1'), join(rig.root, 'failed/local/outbox/elsewhere/a'));
  assert.equal(await entered(), 0);
  const [first] = journal.list({ text: 'outbox/a' }).filter(({ filepath }) => filepath === 'a');
  await journal.change(first?.id ?? 0, { state: 'processing' });
  assert.equal(await entered(), 0, 'moved, and its record not yet');
});

test('sluice failed works on files without a record, without a station as well (D-807)', async t => {
  const place = await deliveryPlace(t);
  await place.run('copy', place.write('other.txt', 'other'), 's3://store/bucket/');
  place.write('station/failed/store/bucket/dir/lost.txt', 'lost');
  const [listed] = jsonLines<{ filepath: string; error: { code: string } }>(
    await place.run('failed', 'ls', '--json'),
  );
  assert.equal(listed?.filepath, 'dir/lost.txt');
  assert.match(JSON.stringify(listed), /record_missing/);
  const { stdout, code } = await place.run('failed', 'retry', '--all');
  assert.match(stdout, /^1 will be tried again/);
  assert.equal(code, 0);
  await place.up();
  await isCompleted(place, 2);
  assert.equal(String(await place.server.read('bucket', 'dir/lost.txt')), 'lost');
});
