import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, rmdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Mount } from '../../src/base/files/locations.ts';
import type { FolderSettings } from '../../src/deliver/settings.ts';
import { startDelivery, until } from '../support/delivery.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const OLD = new Date(Date.now() - 3_600_000);

test('files of a disk below a folder that is taken away wait for it, after a restart as well, and go when it is back (D-606)', async t => {
  const base = await tempDirectory(t);
  const path = join(base, 'data');
  const stick = join(path, 'stick');
  mkdirSync(stick, { recursive: true });
  const names = ['stick/a', 'stick/deep/b', 'c'];
  for (const name of names) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), name);
    utimesSync(join(path, name), OLD, OLD);
  }
  let mounts: Mount[] = [{ fileSystem: '8:1', root: '/', at: stick, kind: 'ext4' }];
  const folder: FolderSettings = {
    path,
    profile: 'local',
    bucket: 'outbox',
    prefix: '',
    settleMs: 0,
    after: 'keep',
  };
  const rig = await startDelivery(t, {
    readMounts: () => mounts,
    settings: { folders: [folder], automatic: false, probeIntervalMs: 50 },
  });
  for (const name of names) await rig.until(name, ({ state }) => state === 'incoming');
  await rig.delivery.stop();
  // As it is without what was mounted there.
  renameSync(stick, join(base, 'stick'));
  mkdirSync(stick);
  mounts = [];
  const again = await rig.restart({ automatic: true });
  await again.until('c', ({ state }) => state === 'completed');
  await until(() => again.delivery.status().holds.some(({ place, files }) => place === stick && files === 2));
  for (const name of ['stick/a', 'stick/deep/b']) {
    const { state, errorCode } = await again.until(name, ({ hold }) => hold === 'folder_held');
    assert.deepEqual([state, errorCode], ['incoming', null]);
  }
  rmdirSync(stick);
  renameSync(join(base, 'stick'), stick);
  mounts = [{ fileSystem: '8:17', root: '/', at: stick, kind: 'ext4' }];
  for (const name of names) await again.until(name, ({ state }) => state === 'completed');
  assert.deepEqual(again.delivery.status().holds, []);
  assert.equal(again.records().length, 3);
});

test('a folder that is ordinary since, where something was mounted, has no mount to wait for (D-606)', async t => {
  const path = join(await tempDirectory(t), 'data');
  const stick = join(path, 'stick');
  mkdirSync(stick, { recursive: true });
  writeFileSync(join(stick, 'a'), 'A');
  utimesSync(join(stick, 'a'), OLD, OLD);
  let mounts: Mount[] = [{ fileSystem: '8:1', root: '/', at: stick, kind: 'ext4' }];
  const folder: FolderSettings = {
    path,
    profile: 'local',
    bucket: 'outbox',
    prefix: '',
    settleMs: 0,
    after: 'keep',
  };
  const rig = await startDelivery(t, {
    readMounts: () => mounts,
    settings: { folders: [folder], automatic: false },
  });
  await rig.until('stick/a', ({ state }) => state === 'incoming');
  mounts = [];
  renameSync(join(stick, 'a'), join(path, '..', 'a'));
  await until(() => rig.delivery.status().holds.some(({ place }) => place === stick));
  mkdirSync(join(stick, 'own'));
  assert.deepEqual(readdirSync(stick), ['own']);
  await rig.until('stick/a', ({ errorCode }) => errorCode === 'source_missing');
});
