import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { Secret } from '../../src/keep/buckets/credentials/secret.ts';
import { startDelivery, until } from '../support/delivery.ts';
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

test('a profile that is held for its key is held after a restart, by a question and no file; another key ends that (D-321)', async t => {
  const server = await startS3Server();
  t.after(() => server.stop());
  server.faults.add({ kind: 'error', status: 400, code: 'ExpiredToken', times: 1_000_000 });
  const held = profileFor(server, { name: 'cloud' });
  const rig = await startDelivery(t, { profiles: [held], settings: { probeIntervalMs: 3_600_000 } });
  for (const name of ['a', 'b', 'c']) rig.write(`incoming/cloud/bucket/${name}`, name);
  await until(() => rig.records().some(one => one.attempts > 0 && one.keyMark !== null));
  const attempts = rig.records().map(one => one.attempts);
  await rig.delivery.stop();
  const again = await startDelivery(t, {
    root: dirname(rig.root),
    profiles: [held],
    settings: { probeIntervalMs: 3_600_000 },
  });
  assert.deepEqual(
    again.delivery.holds().map(one => [one.kind, one.place, one.code, one.files]),
    [['profile', 'cloud', 'key_expired', 3]],
  );
  assert.match(again.delivery.holds()[0]?.message ?? '', /ExpiredToken/);
  assert.deepEqual(
    again.records().map(one => one.attempts),
    attempts,
  );
  await again.delivery.stop();
  server.faults.clear();
  const other = await startDelivery(t, {
    root: dirname(rig.root),
    profiles: [profileFor(server, { name: 'cloud', region: 'us-east-1', accessKeyId: 'OTHER' })],
    settings: { automatic: false },
  });
  assert.deepEqual(other.delivery.holds(), []);
});
