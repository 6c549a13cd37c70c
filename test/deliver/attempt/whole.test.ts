import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { startDelivery, until } from '../../support/delivery.ts';
import { profileFor } from '../../support/s3-profile.ts';
import type { Fault } from '../../support/s3-server/faults.ts';
import { startS3Server } from '../../support/s3-server/server.ts';

const CONTENT = randomBytes(11 * 2 ** 20);
const MIB = 2 ** 20;
const ALWAYS = 1_000_000;

async function setUp(t: TestContext) {
  const server = await startS3Server();
  t.after(() => server.stop());
  const rig = await startDelivery(t, {
    profiles: [profileFor(server, { name: 'cloud' })],
    settings: { partsAboveBytes: 5 * MIB, partBytes: 5 * MIB, probeIntervalMs: 50 },
  });
  const begun = (): number => server.requests.filter(one => one.operation === 'CreateMultipartUpload').length;
  return { server, rig, begun };
}

const operation = 'CreateMultipartUpload';
/** What servers that know no uploads in parts answer. */
const REFUSALS: readonly (readonly [name: string, fault: Fault])[] = [
  ['405 MethodNotAllowed', { kind: 'error', operation, status: 405, code: 'MethodNotAllowed' }],
  ['501 NotImplemented', { kind: 'error', operation, status: 501, code: 'NotImplemented' }],
  ['400 NotImplemented', { kind: 'error', operation, status: 400, code: 'NotImplemented' }],
  ['405 without a word', { kind: 'error', operation, status: 405 }],
  ['501 with a web page', { kind: 'html', operation, status: 501 }],
];

for (const [name, fault] of REFUSALS) {
  test(`a server that answers ${name} to an upload in parts gets large files whole, and is not asked again (D-322)`, async t => {
    const { server, rig, begun } = await setUp(t);
    server.faults.add({ ...fault, times: ALWAYS });
    let asked = 0;
    for (const name of ['a', 'b']) {
      rig.write(`incoming/cloud/bucket/${name}`, CONTENT);
      const sent = await rig.until(name, ({ state }) => state === 'completed');
      assert.deepEqual([sent.failures, sent.attempts, sent.departure], [0, 1, 'whole, not in parts']);
      assert.equal(sent.verified, 'checksum');
      assert.ok((await server.read('bucket', name))?.equals(CONTENT));
      if (name === 'b') assert.equal(begun(), asked);
      asked = begun();
    }
  });
}

test('a server that takes no part of an upload that it has begun gets the file whole, and the upload is aborted (D-322)', async t => {
  const { server, rig } = await setUp(t);
  server.faults.add({
    kind: 'error',
    operation: 'UploadPart',
    status: 501,
    code: 'NotImplemented',
    times: ALWAYS,
  });
  rig.write('incoming/cloud/bucket/a', CONTENT);
  const sent = await rig.until('a', ({ state }) => state === 'completed');
  assert.match(sent.departure ?? '', /whole, not in parts/);
  assert.ok((await server.read('bucket', 'a'))?.equals(CONTENT));
  assert.ok(server.requests.some(one => one.operation === 'AbortMultipartUpload'));
});

test('whoever refuses everything as unknown is a stranger: the file waits, and goes in parts (D-322, T-100)', async t => {
  const { server, rig } = await setUp(t);
  server.faults.add({ kind: 'html', status: 405, times: ALWAYS });
  rig.write('incoming/cloud/bucket/a', CONTENT);
  await until(() => rig.delivery.holds().some(({ kind }) => kind === 'endpoint'));
  server.faults.clear();
  const sent = await rig.until('a', ({ state }) => state === 'completed');
  assert.equal(sent.departure, null);
});
