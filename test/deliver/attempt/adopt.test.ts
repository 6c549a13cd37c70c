import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { copyIntoSpool } from '../../../src/deliver/copy/copy.ts';
import { openDestinations } from '../../../src/deliver/destinations.ts';
import type { FolderSettings } from '../../../src/deliver/settings.ts';
import { openStore, startDelivery } from '../../support/delivery.ts';
import { profileFor } from '../../support/s3-profile.ts';
import { startS3Server } from '../../support/s3-server/server.ts';
import { tempDirectory } from '../../support/temp-directory.ts';

/** A bucket that another program filled, and a folder with files of these contents. */
async function filled(t: TestContext, objects: Record<string, Buffer>, files: Record<string, Buffer>) {
  const server = await startS3Server();
  t.after(() => server.stop());
  const profile = profileFor(server, { name: 'cloud' });
  const store = openStore(profile);
  for (const [key, body] of Object.entries(objects))
    await store.putObject({ bucket: 'bucket', key }, { body });
  const path = await tempDirectory(t);
  for (const [name, body] of Object.entries(files)) {
    const file = join(path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, body);
    utimesSync(file, 1, 1);
  }
  const folder: FolderSettings = {
    path,
    profile: 'cloud',
    bucket: 'bucket',
    prefix: 'in',
    settleMs: 0,
    after: 'keep',
    adopt: true,
  };
  return { server, profile, store, folder };
}

test('a folder that adopts sends only what the bucket does not hold as it is (D-561)', async t => {
  const large = Buffer.alloc(6 * 2 ** 20, 'large');
  const objects = {
    'in/same.txt': 'same',
    'in/deep/same.txt': 'deep',
    'in/other.txt': 'other',
    'in/size.txt': 'x',
  };
  const files = {
    'same.txt': 'same',
    'deep/same.txt': 'deep',
    'other.txt': 'OTHER',
    'size.txt': 'xx',
    'new.txt': 'n',
  };
  const buffers = (texts: Record<string, string>) =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)]));
  const { server, profile, store, folder } = await filled(t, buffers(objects), {
    ...buffers(files),
    'large.bin': large,
  });
  // As rclone sends it.
  const upload = await store.createUpload({ bucket: 'bucket', key: 'in/large.bin' });
  const parts = await Promise.all([
    store.uploadPart(upload, 1, { body: large.subarray(0, 5 * 2 ** 20) }),
    store.uploadPart(upload, 2, { body: large.subarray(5 * 2 ** 20) }),
  ]);
  await store.completeUpload(upload, parts);
  await store.close();
  const sentBefore = server.requests.length;
  const rig = await startDelivery(t, { profiles: [profile], settings: { folders: [folder] } });
  const names = [...Object.keys(files), 'large.bin'];
  for (const name of names)
    await rig.until(name, ({ state, filepath }) => state === 'completed' && filepath === name);
  const asked = server.requests.slice(sentBefore);
  const keys = (operation: string) =>
    asked
      .filter(one => one.operation === operation)
      .map(({ key }) => key)
      .sort();
  assert.deepEqual(keys('PutObject'), ['in/new.txt', 'in/other.txt', 'in/size.txt']);
  assert.equal(keys('CreateMultipartUpload').length, 0);
  const adopted = rig.records().filter(({ departure }) => departure?.startsWith('not sent'));
  assert.deepEqual(adopted.map(({ filepath }) => filepath).sort(), [
    'deep/same.txt',
    'large.bin',
    'same.txt',
  ]);
  assert.ok(adopted.every(({ verified, crc32 }) => verified === 'checksum' && crc32 !== null));
  assert.ok(!keys('HeadObject').includes('in/same.txt'));
  // What changes from then on is sent.
  writeFileSync(join(folder.path, 'same.txt'), 'SAME');
  await rig.until('same.txt', ({ state, id, departure }) => state === 'completed' && id > 1 && !departure);
  assert.equal((await server.read('bucket', 'in/same.txt')).toString(), 'SAME');
});

test('a copy that adopts sends nothing that the bucket holds already (D-806)', async t => {
  const { server, profile, folder } = await filled(
    t,
    { 'in/same.txt': Buffer.from('same') },
    { 'same.txt': Buffer.from('same'), 'new.txt': Buffer.from('new') },
  );
  const rig = await startDelivery(t, { profiles: [profile] });
  const putBefore = server.requests.filter(({ operation }) => operation === 'PutObject').length;
  const destinations = openDestinations([profile], openStore);
  t.after(() => Promise.all(destinations.map(({ store }) => store.close())));
  const copy = (adopts: boolean) =>
    copyIntoSpool({
      root: rig.root,
      source: folder.path,
      destination: 's3://cloud/bucket/in',
      recursive: true,
      adopts,
      dryRun: false,
      refusesEmpty: false,
      destinations,
      journal: rig.delivery.journal,
      clock: systemClock,
      signal: new AbortController().signal,
      onResult: ({ error }) => assert.equal(error, undefined),
    });
  await copy(true);
  const adopted = await rig.until('in/same.txt', ({ state }) => state === 'completed');
  await rig.until('in/new.txt', ({ state }) => state === 'completed');
  assert.match(String(adopted.departure), /not sent/);
  assert.equal(adopted.verified, 'checksum');
  const puts = () => server.requests.filter(({ operation }) => operation === 'PutObject').slice(putBefore);
  assert.deepEqual(
    puts().map(({ key }) => key),
    ['in/new.txt'],
  );
});
