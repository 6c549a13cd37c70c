import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import { Secret } from '../../src/keep/buckets/credentials/secret.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { openStore, startDelivery, until } from '../support/delivery.ts';
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

test('a key that changes while the journal has no room: what the old one was refused for goes once there is (D-617)', async t => {
  const server = await startS3Server();
  t.after(() => server.stop());
  const wrong = profileFor(server, { name: 'cloud', secretAccessKey: new Secret('not the secret') });
  let hasRoom = true;
  let refusals = 0;
  const rig = await startDelivery(t, {
    profiles: [wrong],
    openJournal: async (path, clock) => {
      const journal = await openLocal(path, { clock }).openJournal();
      const change = journal.change.bind(journal);
      journal.change = (id, changed) => {
        if (hasRoom) return change(id, changed);
        refusals += 1;
        return Promise.reject(new SluiceError('disk_full', 'no room left on the disk for the journal'));
      };
      return journal;
    },
  });
  rig.write('incoming/cloud/bucket/a', 'a');
  rig.write('incoming/cloud/bucket/b', 'b');
  for (const name of ['a', 'b']) await rig.until(name, ({ state }) => state === 'failed');
  hasRoom = false;
  await rig.delivery.reconfigure({ ...rig.plan, profiles: [profileFor(server, { name: 'cloud' })] });
  await until(() => refusals > 0);
  hasRoom = true;
  for (const name of ['a', 'b']) await rig.until(name, ({ state }) => state === 'completed');
});

test('a key that is exchanged while its refusal is on the way: the file is not given up for the old one (D-618)', async t => {
  const server = await startS3Server();
  t.after(() => server.stop());
  let mark = 'old';
  const rig = await startDelivery(t, {
    profiles: [profileFor(server, { name: 'cloud' })],
    openStore: profile => {
      const store = openStore(profile);
      const key = { mark: () => mark, adopt: () => undefined, onChange: () => () => undefined };
      const refused = new SluiceError('bucket_auth_failed', 'the key is not known');
      return new Proxy(store, {
        get(target, name) {
          if (name === 'key') return key;
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) => {
            if (name !== 'putObject' || mark === 'new') return value.apply(target, args);
            mark = 'new';
            return Promise.reject(refused);
          };
        },
      });
    },
  });
  rig.write('incoming/cloud/bucket/a', 'a');
  const sent = await rig.until('a', ({ state }) => state === 'completed' || state === 'failed');
  assert.deepEqual([sent.state, sent.attempts], ['completed', 2]);
});
