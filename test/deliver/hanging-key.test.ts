import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findCredentials } from '../../src/keep/buckets/credentials/search.ts';
import { startDelivery, until } from '../support/delivery.ts';
import { tempDirectory } from '../support/temp-directory.ts';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a program that gives out keys and hangs holds up no stop, and ends with it, with all it started; the status says meanwhile that a key is waited for (T-661, D-607)', async t => {
  const home = await tempDirectory(t);
  const [program, child] = [join(home, 'program'), join(home, 'child')];
  const command = `echo $$ > ${program}; sleep 1000 & echo $! > ${child}; wait`;
  const credentials = join(home, 'credentials');
  const settings = 'provider = s3\naws_endpoint = http://127.0.0.1:9\nregion = us-east-1';
  writeFileSync(credentials, `[cloud]\n${settings}\ncredential_process = ${command}\n`, { mode: 0o600 });
  const { profiles } = await findCredentials({ only: credentials, environment: {}, homeDirectory: home });
  const rig = await startDelivery(t, { profiles });
  rig.write('incoming/cloud/bucket/a', 'content');
  await until(() => existsSync(child) && readFileSync(child, 'utf8').endsWith('\n'));
  const pids = [program, child].map(path => Number(readFileSync(path, 'utf8')));
  assert.ok(pids.every(isAlive));
  await until(() => rig.delivery.status().holds.length > 0);
  const [{ kind, place, code, message, hint, files } = {}] = rig.delivery.status().holds;
  assert.deepEqual([kind, place, code, files], ['profile', 'cloud', 'bucket_auth_failed', 1]);
  assert.equal(message, 'waiting for a key from its credential_process');
  assert.match(hint ?? '', /^Run the program of credential_process by hand/);
  const startMs = performance.now();
  await rig.delivery.stop();
  const stoppedMs = performance.now() - startMs;
  assert.ok(stoppedMs < 5000, `${stoppedMs} ms`);
  await until(() => !pids.some(isAlive));
  const [record] = (await rig.restart()).records();
  assert.deepEqual([record?.failures, record?.errorCode ?? null], [0, null]);
});
