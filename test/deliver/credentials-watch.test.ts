import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../../src/base/log.ts';
import { OngoingFaults } from '../../src/base/ongoing-faults.ts';
import { CredentialsWatch } from '../../src/deliver/credentials-watch.ts';
import { isSamePlan } from '../../src/deliver/plan.ts';
import { Secret } from '../../src/keep/buckets/credentials/secret.ts';
import { startDelivery } from '../support/delivery.ts';
import { profileFor } from '../support/s3-profile.ts';
import { startS3Server, TEST_CREDENTIAL } from '../support/s3-server/server.ts';
import { temporaryDirectory } from '../support/temp-directory.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** Stats are no business of a clock: a look is over once its promise is. */
async function look(clock: VirtualClock): Promise<void> {
  await clock.advance(1000);
  for (let turn = 0; turn < 20 && clock.pendingTimers === 0; turn += 1) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

test('a credentials file counts once it has been written to its end, in place, replaced or made anew (D-145)', async t => {
  const folder = temporaryDirectory(t, 'sluice-watch');
  const path = join(folder, 'credentials');
  const clock = new VirtualClock();
  const told: unknown[] = [];
  let changes = 0;
  let fails = false;
  const faults = new OngoingFaults(clock);
  const watch = new CredentialsWatch({
    paths: () => [path, join(folder, 'never')],
    clock,
    faults,
    log: { ...silentLogger, error: (fields: unknown) => void told.push(fields) } as typeof silentLogger,
    onChange: async () => {
      changes += 1;
      if (fails) throw new Error('half of it');
    },
  });
  await watch.start();
  t.after(() => watch.stop());
  await look(clock);
  assert.equal(changes, 0);
  writeFileSync(path, 'one');
  await look(clock);
  writeFileSync(path, 'one and two');
  await look(clock);
  assert.equal(changes, 0, 'it is still written');
  await look(clock);
  assert.equal(changes, 1);
  writeFileSync(`${path}.new`, 'three');
  renameSync(`${path}.new`, path);
  fails = true;
  await look(clock);
  await look(clock);
  await look(clock);
  assert.deepEqual([changes, told.length], [2, 1]);
  assert.match(faults.all()[0]?.message ?? '', /credentials are not taken over, .*: half of it/);
  fails = false;
  writeFileSync(path, 'four');
  await look(clock);
  await look(clock);
  assert.equal(changes, 3);
  assert.deepEqual(faults.all(), []);
  await watch.stop();
  assert.equal(clock.pendingTimers, 0);
});

test('plans that differ in nothing but a secret are not the same (D-145)', async t => {
  const { plan } = await startDelivery(t, { start: false });
  const place = { endpoint: 'http://h', region: 'r', credential: TEST_CREDENTIAL };
  const withSecret = (secret: string) => ({
    ...plan,
    profiles: [profileFor(place, { secretAccessKey: new Secret(secret) })],
  });
  assert.ok(isSamePlan(withSecret('a'), withSecret('a')));
  assert.ok(!isSamePlan(withSecret('a'), withSecret('b')));
});

test('a renewed key sends what failed for the old one, and disturbs nothing (D-145)', async t => {
  const server = await startS3Server({
    credentials: [{ ...TEST_CREDENTIAL, accessKeyId: 'NEW', buckets: ['bucket'] }],
    buckets: ['bucket'],
  });
  t.after(() => server.stop());
  const withKey = (accessKeyId: string) => profileFor(server, { name: 'cloud', accessKeyId });
  const rig = await startDelivery(t, { profiles: [withKey('OLD')] });
  rig.write('incoming/cloud/bucket/a.txt', 'a');
  await rig.until('a.txt', ({ state }) => state === 'failed');
  assert.equal(await rig.delivery.reconfigure({ ...rig.plan, profiles: [withKey('NEW')] }), true);
  const { id } = await rig.until('a.txt', ({ state }) => state === 'completed');
  assert.equal(rig.delivery.journal.attempts(id).length, 2);
});
