import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { Spool } from '../../src/deliver/spool/spool.ts';
import { DirectoryStore } from '../../src/keep/buckets/directory/store.ts';
import { Database } from '../../src/keep/sqlite/database.ts';
import { startDelivery } from '../support/delivery.ts';
import { temporaryDirectory } from '../support/temp-directory.ts';

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

test("the database and what belongs to it are its owner's only; one that is there keeps its mode (D-147)", async t => {
  const folder = temporaryDirectory(t, 'sluice-private');
  const path = join(folder, 'sluice.db');
  const database = await Database.open({ path, clock: systemClock, mappedIndex: true });
  await database.write(() => undefined);
  for (const name of readdirSync(folder)) assert.equal(modeOf(join(folder, name)), '600', name);
  assert.ok(existsSync(`${path}-wal`));
  database.close();
  chmodSync(path, 0o640);
  (await Database.open({ path, clock: systemClock })).close();
  assert.equal(modeOf(path), '640');
});

test('of the areas only the one that files are dropped into is for others (D-147)', t => {
  const root = join(temporaryDirectory(t, 'sluice-private'), 'station');
  new Spool(root).prepare([{ profile: 'p', buckets: ['b'] }]);
  const isOpen = (path: string): boolean => (statSync(path).mode & 0o077) !== 0;
  const open = readdirSync(root).filter(area => isOpen(join(root, area)));
  assert.deepEqual([open, isOpen(root)], [['incoming'], true]);
});

test("a folder as object store keeps a file's permissions, less what would run as another (D-148)", async t => {
  const path = temporaryDirectory(t, 'sluice-modes');
  const store = new DirectoryStore(
    { kind: 'directory', name: 'p', provider: 'directory', path },
    { clock: systemClock },
  );
  const bucket = temporaryDirectory(t, 'sluice-modes-source');
  await store.headBucket('b').catch(() => undefined);
  const { mkdirSync } = await import('node:fs');
  mkdirSync(join(path, 'b'));
  const source = join(bucket, 'file');
  writeFileSync(source, 'x');
  for (const [mode, kept] of [
    [0o600, '600'],
    [0o640, '640'],
    [0o755, '755'],
    [0o4755, '755'],
    [0o444, '444'],
  ] as const) {
    await store.putObject({ bucket: 'b', key: 'k' }, { path: source, size: 1 }, { mode });
    assert.equal(modeOf(join(path, 'b', 'k')), kept);
    const upload = await store.createUpload({ bucket: 'b', key: 'parts' }, { mode });
    const part = await store.uploadPart(upload, 1, { path: source, size: 1 });
    await store.completeUpload(upload, [part]);
    assert.equal(modeOf(join(path, 'b', 'parts')), kept);
  }
  await store.close();
});

test('a delivered file keeps its permissions in a folder, small or large (D-148)', async t => {
  const rig = await startDelivery(t, { settings: { partsAboveBytes: 100 }, start: false });
  rig.write('incoming/local/outbox/small', 'x');
  rig.write('incoming/local/outbox/large', 'x'.repeat(200));
  for (const name of ['small', 'large']) chmodSync(join(rig.root, 'incoming/local/outbox', name), 0o640);
  await rig.delivery.start();
  for (const name of ['small', 'large']) {
    await rig.until(name, ({ state }) => state === 'completed');
    assert.equal(modeOf(join(rig.target, 'outbox', name)), '640');
  }
});
