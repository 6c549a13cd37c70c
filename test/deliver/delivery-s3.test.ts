import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { dropFailed, failedCauses, listFailed, retryFailed } from '../../src/deliver/failed.ts';
import { Spool } from '../../src/deliver/spool/spool.ts';
import { type RigOptions, startDelivery, until } from '../support/delivery.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';
import { profileFor } from '../support/s3-profile.ts';
import type { Quirks } from '../support/s3-server/faults.ts';
import { type S3ServerOptions, startS3Server } from '../support/s3-server/server.ts';

const QUICK = { ...DELIVERY_RETRY, firstMs: 20, factor: 1, jitter: 0 };

async function rigWith(t: TestContext, options: RigOptions & { readonly server?: S3ServerOptions } = {}) {
  const server = await startS3Server(options.server);
  t.after(() => server.stop());
  const profile = profileFor(server, { name: 'cloud' });
  const settings = { retry: QUICK, ...options.settings };
  const rig = await startDelivery(t, { ...options, profiles: [profile], settings });
  return { server, rig };
}

test('objects arrive with type, mtime and checksum, and odd names as themselves (D-29, D-33, D-34)', async t => {
  const { server, rig } = await rigWith(t);
  const names = ['a b+c%20.json', 'ünï/日本.txt', `${'x'.repeat(200)}/${'y'.repeat(200)}.bin`];
  for (const name of names) rig.write(`incoming/cloud/bucket/${name}`, name);
  for (const name of names) {
    const record = await rig.until(name, ({ state }) => state === 'completed');
    assert.equal(record.verified, 'checksum');
    assert.equal((await server.read('bucket', name)).toString(), name);
  }
  const object = server.objects('bucket').get(names[0] ?? '');
  assert.equal(object?.contentType, 'application/json');
  assert.match(String(object?.metadata['x-amz-meta-mtime']), /^\d+(\.\d+)?$/);
  assert.equal(object?.metadata['x-amz-meta-crc32'], rig.records({ text: 'a b+c' })[0]?.crc32);
  assert.ok(server.requests.some(({ operation }) => operation === 'HeadObject'));
});

test('a transient failure is tried again, each try is a row, success clears the counter (D-36, D-39)', async t => {
  const { server, rig } = await rigWith(t);
  server.faults.add({ kind: 'error', status: 503, code: 'SlowDown', operation: 'PutObject', times: 3 });
  rig.write('incoming/cloud/bucket/a.txt', 'a');
  const record = await rig.until('a.txt', ({ state }) => state === 'completed');
  assert.equal(record.failures, 0);
  assert.equal(record.errorCode, null);
  const attempts = rig.delivery.journal.attempts(record.id);
  assert.deepEqual(
    attempts.map(({ number, outcome, errorCode }) => [number, outcome, errorCode]),
    [
      [1, 'failure', 'slow_down'],
      [2, 'failure', 'slow_down'],
      [3, 'failure', 'slow_down'],
      [4, 'success', null],
    ],
  );
  assert.equal(server.requests.filter(({ operation }) => operation === 'PutObject').length, 4);
});

test('a failed file that vanished is counted until it is dropped, and cannot be tried again (D-500)', async t => {
  const { server, rig } = await rigWith(t);
  server.faults.add({ kind: 'error', status: 403, code: 'AccessDenied', operation: 'PutObject', times: 2 });
  for (const name of ['a.txt', 'b.txt']) rig.write(`incoming/cloud/bucket/${name}`, name);
  for (const name of ['a.txt', 'b.txt']) await rig.until(name, ({ state }) => state === 'failed');
  const { journal } = rig.delivery;
  const context = { spool: new Spool(rig.root), journal, clock: systemClock, settings: rig.plan.settings };
  rmSync(join(rig.root, 'failed/cloud/bucket/a.txt'));
  const tried = await retryFailed(context, { match: 'a.txt' });
  assert.match(tried[0]?.problem ?? '', /no longer there/);
  const [cause] = failedCauses(journal);
  assert.deepEqual([cause?.code, cause?.files, cause?.gone], ['access_denied', 2, 1]);
  assert.deepEqual(await retryFailed(context, { match: 'a.txt' }), []);
  assert.equal(journal.counts().failed, 2);
  assert.deepEqual(
    (await dropFailed(context, { all: true })).map(({ problem }) => problem),
    [undefined, undefined],
  );
  assert.deepEqual([journal.counts().failed, failedCauses(journal)], [0, []]);
  assert.equal(journal.list({ states: ['failed'] }).length, 2, 'the records stay');
});

test('after ten retries the file moves to failed, and the record says so; retry brings it through (D-37, D-42)', async t => {
  const { server, rig } = await rigWith(t);
  server.faults.add({ kind: 'error', status: 500, code: 'InternalError', operation: 'PutObject', times: 11 });
  rig.write('incoming/cloud/bucket/dir/a.txt', 'a');
  const record = await rig.until('dir/a.txt', ({ state }) => state === 'failed');
  assert.equal(record.attempts, 11);
  assert.equal(record.outcome, 'failure');
  assert.equal(rig.read('failed/cloud/bucket/dir/a.txt').toString(), 'a');
  const { journal } = rig.delivery;
  assert.equal(listFailed(journal, { match: '**/b.txt' }).length, 0);
  assert.equal(listFailed(journal, { cause: 'retry', match: 'dir/*.txt' }).length, 1);
  const context = { spool: new Spool(rig.root), journal, clock: systemClock, settings: rig.plan.settings };
  assert.deepEqual(
    (await retryFailed(context, { all: true })).map(({ problem }) => problem),
    [undefined],
  );
  const done = await rig.until('dir/a.txt', ({ state }) => state === 'completed');
  assert.equal(done.id, record.id);
  assert.equal(done.attempts, 12);
});

test('what trying again cannot mend fails at once (D-36)', async t => {
  const { server, rig } = await rigWith(t);
  server.faults.add({ kind: 'error', status: 403, code: 'AccessDenied', operation: 'PutObject' });
  rig.write('incoming/cloud/bucket/a.txt', 'a');
  const record = await rig.until('a.txt', ({ state }) => state === 'failed');
  assert.equal(record.attempts, 1);
  assert.equal(record.errorCode, 'access_denied');
});

test('files of a missing bucket stay in place and go once it exists; the others go on (D-30)', async t => {
  const { server, rig } = await rigWith(t, { settings: { bucketCacheMs: 100 } });
  rig.write('incoming/cloud/later/a.txt', 'a');
  rig.write('incoming/cloud/bucket/b.txt', 'b');
  await rig.until('b.txt', ({ state }) => state === 'completed');
  await rig.until('a.txt', ({ hold }) => hold === 'bucket');
  assert.ok(rig.exists('incoming/cloud/later/a.txt'));
  server.createBucket('later');
  const record = await rig.until('a.txt', ({ state }) => state === 'completed');
  assert.equal(record.attempts, 1);
});

test('a server without HEAD, and a key that may not list, deliver all the same: the answer to sending is the proof (D-6, D-29, T-105)', async t => {
  const { rig } = await rigWith(t, { server: { quirks: { head: 501, listBuckets: 'denied' } } });
  rig.write('incoming/cloud/bucket/a.txt', 'a');
  const record = await rig.until('a.txt', ({ state }) => state === 'completed');
  assert.equal(record.verified, 'checksum');
});

test('with verify: answer, HEAD is asked only where the answer to the PUT proves nothing (D-29)', async t => {
  const { server, rig } = await rigWith(t, { settings: { verify: 'answer', partsAboveBytes: 6 * 2 ** 20 } });
  rig.write('incoming/cloud/bucket/a.txt', 'a');
  const small = await rig.until('a.txt', ({ state }) => state === 'completed');
  assert.equal(small.verified, 'checksum');
  const heads = () => server.requests.filter(({ operation }) => operation === 'HeadObject').length;
  assert.equal(heads(), 0);
  rig.write('incoming/cloud/bucket/large.bin', randomBytes(6 * 2 ** 20 + 1));
  const large = await rig.until('large.bin', ({ state }) => state === 'completed');
  assert.equal(large.verified, 'checksum');
  assert.equal(heads(), 1);
});

test('a file that would overwrite another in completed lies beside it (D-12)', async t => {
  const { rig } = await rigWith(t);
  rig.write('incoming/cloud/bucket/a.txt', 'one');
  await rig.until('a.txt', ({ state }) => state === 'completed');
  rig.write('incoming/cloud/bucket/a.txt', 'two');
  const second = await rig.until('a.txt', ({ state, id }) => state === 'completed' && id > 1);
  assert.equal(rig.read('completed/cloud/bucket/a.txt').toString(), 'one');
  assert.equal(second.location, `a.txt~${second.id}`);
  assert.equal(rig.read(`completed/cloud/bucket/${second.location}`).toString(), 'two');
});

test('an empty file waits until it has content (D-19)', async t => {
  const { server, rig } = await rigWith(t);
  rig.write('incoming/cloud/bucket/a.txt', '');
  await rig.until('a.txt', ({ hold }) => hold === 'empty');
  assert.equal(rig.delivery.status().waiting, 1);
  rig.write('incoming/cloud/bucket/a.txt', 'now');
  await rig.until('a.txt', ({ state }) => state === 'completed');
  assert.equal((await server.read('bucket', 'a.txt')).toString(), 'now');
  assert.equal(rig.records().length, 1);
});

test('offline files are held, one probe finds the way back, and they go at once (D-41)', async t => {
  const { server, rig } = await rigWith(t, { settings: { probeIntervalMs: 150 } });
  const port = Number(new URL(server.endpoint).port);
  await server.stop();
  for (let number = 0; number < 20; number += 1)
    rig.write(`incoming/cloud/bucket/${number}.txt`, `${number}`);
  await until(() => rig.delivery.status().links[0]?.state === 'offline');
  const again = await startS3Server({ port });
  t.after(() => again.stop());
  for (let number = 0; number < 20; number += 1) {
    const record = await rig.until(`${number}.txt`, ({ state }) => state === 'completed');
    assert.equal(record.failures, 0);
  }
  assert.equal(rig.delivery.status().links[0]?.state, 'online');
});

test('a manual sync delivers without a schedule, counts what it cannot deliver, and answers with an error while offline (D-23)', async t => {
  const { server, rig } = await rigWith(t, { settings: { automatic: false } });
  rig.write('incoming/cloud/bucket/a.txt', 'a');
  await rig.until('a.txt', ({ state }) => state === 'incoming');
  assert.deepEqual(await rig.delivery.syncNow(AbortSignal.timeout(10_000)), {
    delivered: 1,
    failed: 0,
    waiting: 0,
    empty: 0,
    held: [],
  });
  rig.write('incoming/cloud/later/held.txt', 'h');
  rig.write('incoming/cloud/bucket/empty.txt', '');
  await rig.until('empty.txt', ({ hold }) => hold === 'empty');
  const held = { delivered: 0, failed: 0, waiting: 1, empty: 1 };
  for (let sync = 0; sync < 2; sync += 1)
    assert.partialDeepStrictEqual(
      await rig.delivery.syncNow(AbortSignal.timeout(10_000)),
      { ...held, held: [{ kind: 'bucket', place: 'cloud/later', files: 1 }] },
      'held files count each time',
    );
  await server.stop();
  rig.write('incoming/cloud/bucket/b.txt', 'b');
  await assert.rejects(rig.delivery.syncNow(AbortSignal.timeout(10_000)), { code: 'host_unreachable' });
});

test('a manual sync names each endpoint that was not reached, also one that no file waits for (D-180)', async t => {
  const alive = await startS3Server();
  const dead = await startS3Server();
  t.after(() => alive.stop());
  const profiles = [profileFor(alive, { name: 'alive' }), profileFor(dead, { name: 'dead' })];
  const rig = await startDelivery(t, { profiles, settings: { automatic: false } });
  const sync = () => rig.delivery.syncNow(AbortSignal.timeout(10_000));
  assert.deepEqual((await sync()).held, []);
  await dead.stop();
  const [held, ...more] = (await sync()).held;
  assert.deepEqual([held?.kind, held?.place, held?.files, more], ['endpoint', dead.endpoint, 0, []]);
  rig.write('incoming/alive/bucket/a.txt', 'a');
  rig.write('incoming/dead/bucket/b.txt', 'b');
  const outcome = await sync();
  assert.equal(outcome.delivered, 1);
  assert.deepEqual(
    outcome.held.map(({ place, files }) => [place, files]),
    [[dead.endpoint, 1]],
  );
  await alive.stop();
  await assert.rejects(sync(), ({ code, message }: { code: string; message: string }) => {
    assert.equal(code, 'host_unreachable');
    for (const { endpoint } of [alive, dead]) assert.match(message, new RegExp(endpoint));
    return true;
  });
});

test('a cause that does not exist is refused, with the causes that there are (D-181)', async t => {
  const { server, rig } = await rigWith(t);
  server.faults.add({ kind: 'error', status: 403, code: 'AccessDenied', operation: 'PutObject' });
  const selection = { cause: 'acces_denied' };
  await assert.rejects(rig.delivery.retryFailed(selection), {
    code: 'usage',
    message: /no file here has failed/,
  });
  rig.write('incoming/cloud/bucket/a.txt', 'a');
  await rig.until('a.txt', ({ state }) => state === 'failed');
  const refusal = {
    code: 'usage',
    message: /"acces_denied" is no cause.*access_denied \(1\)/,
    hint: /give-up/,
  };
  await assert.rejects(rig.delivery.retryFailed(selection), refusal);
  await assert.rejects(rig.delivery.dropFailed(selection), refusal);
  assert.deepEqual(await rig.delivery.retryFailed({ cause: 'slow_down' }), []);
  assert.equal((await rig.delivery.retryFailed({ cause: 'give-up' })).length, 1);
});

test('a large file goes in parts; an interrupted upload resumes from the parts already there after a restart (D-31)', async t => {
  const { server, rig } = await rigWith(t, {
    settings: { partsAboveBytes: 6 * 2 ** 20, partBytes: 5 * 2 ** 20, partsAtOnce: 1 },
  });
  const content = randomBytes(17 * 2 ** 20);
  const path = rig.write('large.bin', content);
  server.faults.add(
    { kind: 'slow', bytesPerTick: 2 ** 22, tickMs: 1, operation: 'UploadPart', times: 2 },
    { kind: 'stall', afterBytes: 1000, operation: 'UploadPart' },
  );
  renameSync(path, join(rig.root, 'incoming/cloud/bucket/large.bin'));
  await until(() => server.requests.filter(({ operation }) => operation === 'UploadPart').length === 3);
  await until(() => (rig.delivery.journal.upload(1)?.parts.length ?? 0) === 2);
  const next = await rig.restart();
  await next.until('large.bin', ({ state }) => state === 'completed');
  assert.ok(content.equals(await server.read('bucket', 'large.bin')));
  assert.equal(server.requests.filter(({ operation }) => operation === 'CreateMultipartUpload').length, 1);
  assert.equal(server.requests.filter(({ operation }) => operation === 'UploadPart').length, 5);
  assert.equal(next.delivery.journal.upload(1), undefined);
});

test('an upload in parts whose beginning was answered into the void is begun once more, and leaves nothing behind (D-31, T-104)', async t => {
  const { server, rig } = await rigWith(t, {
    settings: { partsAboveBytes: 6 * 2 ** 20, partBytes: 5 * 2 ** 20, smallAtOnce: 1, workers: 1 },
  });
  // The connection that it comes over has been used: it looks like one that died while it lay idle.
  rig.write('incoming/cloud/bucket/small.bin', 'small');
  await rig.until('small.bin', ({ state }) => state === 'completed');
  server.faults.add({ kind: 'lost-answer', operation: 'CreateMultipartUpload' });
  const path = rig.write('large.bin', Buffer.alloc(8 * 2 ** 20, 1));
  renameSync(path, join(rig.root, 'incoming/cloud/bucket/large.bin'));
  const record = await rig.until('large.bin', ({ state }) => state === 'completed');
  assert.equal(record.attempts, 1);
  assert.equal(server.requests.filter(({ operation }) => operation === 'CreateMultipartUpload').length, 2);
  assert.equal(server.uploads('bucket').size, 0);
});

test('a file that changes while it is being sent in parts is sent again, never delivered torn (D-32)', async t => {
  const { server, rig } = await rigWith(t, {
    settings: { partsAboveBytes: 6 * 2 ** 20, partBytes: 5 * 2 ** 20, partsAtOnce: 1 },
  });
  const path = rig.write('large.bin', Buffer.alloc(8 * 2 ** 20, 1));
  server.faults.add({ kind: 'slow', bytesPerTick: 2 ** 16, tickMs: 5, operation: 'UploadPart' });
  renameSync(path, join(rig.root, 'incoming/cloud/bucket/large.bin'));
  await until(() => server.requests.some(({ operation }) => operation === 'UploadPart'));
  const changed = Buffer.alloc(8 * 2 ** 20, 2);
  rig.write('processing/cloud/bucket/large.bin', changed);
  await rig.until('large.bin', ({ state }) => state === 'completed');
  assert.ok(changed.equals(await server.read('bucket', 'large.bin')));
  assert.equal(server.uploads('bucket').size, 0);
});

test('what a server does not take of the way of sending is left, and stands in the record (D-34, T-106)', async t => {
  const refuses: Quirks['refuses'] = ({ headers }) =>
    headers['x-amz-tagging'] === undefined
      ? undefined
      : { status: 501, code: 'NotImplemented', message: "Header 'x-amz-tagging' not implemented" };
  const { rig } = await rigWith(t, {
    server: { quirks: { refuses } },
    settings: { destinations: [{ match: 'cloud/bucket', tags: { a: 'b' }, tagSegments: false }] },
  });
  rig.write('incoming/cloud/bucket/a.txt', 'a');
  const record = await rig.until('a.txt', ({ state }) => state === 'completed');
  assert.deepEqual([record.departure, record.attempts], ['without tags', 1]);
});
