import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { Secret } from '../../src/keep/buckets/credentials/secret.ts';
import { startDelivery } from '../support/delivery.ts';
import { profileFor } from '../support/s3-profile.ts';
import { startS3Server } from '../support/s3-server/server.ts';

test('what a key was refused for goes again when a start finds another one, and not with the same one (D-106)', async t => {
  const server = await startS3Server();
  t.after(() => server.stop());
  const wrong = profileFor(server, { name: 'cloud', secretAccessKey: new Secret('not the secret') });
  const rig = await startDelivery(t, { profiles: [wrong] });
  rig.write('incoming/cloud/bucket/a', 'a');
  const refused = await rig.until('a', ({ state }) => state === 'failed');
  assert.equal(refused.errorCode, 'bucket_auth_failed');
  assert.doesNotMatch(String(refused.keyMark), /secret/);
  const same = await rig.restart();
  assert.equal(same.records()[0]?.state, 'failed');
  await same.delivery.stop();
  const other = await startDelivery(t, {
    root: dirname(rig.root),
    profiles: [profileFor(server, { name: 'cloud' })],
  });
  const sent = await other.until('a', ({ state }) => state === 'completed');
  assert.deepEqual([sent.id, sent.keyMark], [refused.id, null]);
});
