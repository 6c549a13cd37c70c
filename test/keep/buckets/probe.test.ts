import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { Secret } from '../../../src/keep/buckets/credentials/secret.ts';
import { DirectoryStore } from '../../../src/keep/buckets/directory/store.ts';
import { type ProbeStep, probeProfile } from '../../../src/keep/buckets/probe.ts';
import type { S3Profile } from '../../../src/keep/buckets/s3/profile.ts';
import { storeFor } from '../../support/s3-profile.ts';
import { type S3ServerOptions, type S3TestServer, startS3Server } from '../../support/s3-server/server.ts';
import { temporaryDirectory } from '../../support/temp-directory.ts';

async function probe(
  context: TestContext,
  options: S3ServerOptions & { prepare?: (server: S3TestServer) => void },
  profile: Partial<S3Profile> = {},
  buckets?: string[],
): Promise<{ steps: ProbeStep[]; server: S3TestServer }> {
  const server = await startS3Server(options);
  const store = storeFor(server, profile);
  context.after(async () => {
    await server.stop();
    await store.close();
  });
  options.prepare?.(server);
  const steps = await probeProfile(store, { writes: true, ...(buckets === undefined ? {} : { buckets }) });
  return { steps, server };
}

const outcomes = (steps: readonly ProbeStep[]) => steps.map(({ step, outcome }) => `${step}: ${outcome}`);
const ALL_OK = [
  'reach: ok',
  'authenticate: ok',
  'list buckets: ok',
  'head bucket: ok',
  'put: ok',
  'head: ok',
  'delete: ok',
];

test('a good profile passes every step and leaves nothing behind (D-7)', async context => {
  const { steps, server } = await probe(context, {});
  assert.deepEqual(outcomes(steps), ALL_OK);
  assert.equal(server.objects('bucket').size, 0);
});

test('the directory store passes the same steps (D-7)', async context => {
  const path = temporaryDirectory(context, 'sluice-probe');
  await mkdir(join(path, 'bucket'));
  const profile = { kind: 'directory', name: 'd', provider: 'directory', path } as const;
  const steps = await probeProfile(new DirectoryStore(profile, { clock: systemClock }), { writes: true });
  assert.deepEqual(outcomes(steps), ALL_OK);
  const missing = new DirectoryStore({ ...profile, path: join(path, 'not-mounted') }, { clock: systemClock });
  assert.deepEqual(outcomes(await probeProfile(missing, { writes: true })), [
    'reach: failed',
    'authenticate: skipped',
  ]);
});

test('nobody there fails the first step in words and stops (D-7)', async context => {
  const { steps } = await probe(context, { prepare: server => void server.stop() });
  assert.deepEqual(outcomes(steps), ['reach: failed', 'authenticate: skipped']);
  assert.match(steps[0]?.words ?? '', /nothing listens|reset|closed/);
  assert.ok(steps[0]?.hint);
});

test('a wrong secret fails authentication, not reach (D-7)', async context => {
  const { steps } = await probe(context, {}, { secretAccessKey: new Secret('wrong') });
  assert.deepEqual(outcomes(steps), ['reach: ok', 'authenticate: failed']);
  assert.match(steps[1]?.hint ?? '', /key/);
});

test('a key that may not list is fine when its bucket is named (D-6)', async context => {
  const { steps } = await probe(context, { quirks: { listBuckets: 'denied' } }, {}, ['bucket']);
  assert.deepEqual(
    outcomes(steps),
    ALL_OK.map(line => (line === 'list buckets: ok' ? 'list buckets: skipped' : line)),
  );
  const unnamed = await probe(context, { quirks: { listBuckets: 'denied' } });
  assert.deepEqual(outcomes(unnamed.steps).slice(2), [
    'list buckets: skipped',
    'put: skipped',
    'head: skipped',
    'delete: skipped',
  ]);
  assert.match(unnamed.steps[2]?.hint ?? '', /Name a bucket/);
});

test('a missing bucket is named; HEAD not offered and DELETE denied are skipped with what follows (D-7)', async context => {
  const { steps } = await probe(context, {}, {}, ['elsewhere']);
  assert.equal(steps.find(({ step }) => step === 'head bucket')?.outcome, 'failed');
  assert.match(steps.find(({ step }) => step === 'head bucket')?.words ?? '', /elsewhere/);
  const denied = await probe(context, {
    quirks: { head: 405 },
    prepare: server =>
      server.faults.add({ kind: 'error', operation: 'DeleteObject', status: 403, code: 'AccessDenied' }),
  });
  assert.deepEqual(outcomes(denied.steps).slice(-3), ['put: ok', 'head: ok', 'delete: skipped']);
  assert.match(denied.steps.at(-1)?.hint ?? '', /Remove bucket\/\.sluice-probe-/);
});
