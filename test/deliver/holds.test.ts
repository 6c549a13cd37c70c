import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { asFileError, SluiceError } from '../../src/base/errors.ts';
import { BentClock } from '../support/bent-clock.ts';
import { type Bend, bentStore } from '../support/bent-store.ts';
import { filesBelow, openStore, type RigOptions, startDelivery, until } from '../support/delivery.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';

const QUICK = { ...DELIVERY_RETRY, firstMs: 20, factor: 1, jitter: 0, maxRetries: 2 };
const FILES = Array.from({ length: 30 }, (_, index) => `f${index}`);

/** Delivery to a folder whose calls fail as `bend` says. */
async function bentRig(t: TestContext, bend: Bend, options: RigOptions = {}) {
  const bent = Promise.withResolvers<ReturnType<typeof bentStore>>();
  const rig = await startDelivery(t, {
    ...options,
    settings: { retry: QUICK, probeIntervalMs: 30, ...options.settings },
    openStore: profile => {
      const made = bentStore(openStore(profile), bend);
      bent.resolve(made);
      return made.store;
    },
  });
  mkdirSync(join(rig.target, 'second'), { recursive: true });
  return { rig, bent: await bent.promise };
}

const full = () => new SluiceError('bucket_full', 'the quota is used up');
const allDone = (rig: Awaited<ReturnType<typeof startDelivery>>, files: number) =>
  until(() => rig.delivery.journal.counts().completed === files);

test('a full bucket is held: its files wait uncounted, one is tried at a time, others go on, and all goes on with room (D-100, D-101)', async t => {
  let isFull = true;
  const { rig, bent } = await bentRig(t, ({ name, bucket }) =>
    isFull && name === 'putObject' && bucket === 'outbox' ? full() : undefined,
  );
  for (const name of FILES) rig.write(`incoming/local/outbox/${name}`, name);
  await until(() => rig.delivery.holds().length > 0);
  rig.write('incoming/local/second/other', 'x');
  await rig.until('other', ({ state }) => state === 'completed');
  await until(() => rig.delivery.journal.holdCounts().bucket_held >= FILES.length - 1);
  const [hold] = rig.delivery.holds();
  assert.deepEqual([hold?.kind, hold?.place, hold?.code], ['bucket', 'local/outbox', 'bucket_full']);
  assert.equal(hold?.files, FILES.length);
  assert.match(`${hold?.message} ${hold?.hint}`, /quota is used up Make room/);
  const before = bent.calls.length;
  await until(() => bent.calls.length >= before + 3);
  const waiting = rig.records().filter(({ bucket }) => bucket === 'outbox');
  assert.deepEqual([...new Set(waiting.map(({ failures }) => failures))], [0]);
  assert.ok(
    waiting.reduce((sum, { attempts }) => sum + attempts, 0) <= 1,
    'only what opened the hold is a row',
  );
  isFull = false;
  await allDone(rig, FILES.length + 1);
  assert.deepEqual(rig.delivery.holds(), []);
  assert.equal(rig.delivery.journal.counts().failed, 0);
});

test('a clock that is set back puts off no probe of a place that is held (D-101, T-13)', async t => {
  let isFull = true;
  const clock = new BentClock();
  const { rig } = await bentRig(t, ({ name }) => (isFull && name === 'putObject' ? full() : undefined), {
    clock,
  });
  rig.write('incoming/local/outbox/a', 'a');
  await until(() => rig.delivery.holds().length > 0);
  clock.jump(-3 * 3_600_000);
  isFull = false;
  await allDone(rig, 1);
});

test('a clock that is set back while an endpoint is asked puts off no further probe (T-4, T-13)', async t => {
  let probes = 0;
  const clock = new BentClock();
  const bend: Bend = ({ name }) => {
    if (probes > 1) return undefined;
    if (name === 'listBuckets') {
      probes += 1;
      clock.jump(-3 * 3_600_000);
    }
    return new SluiceError('host_unreachable', 'nothing listens there');
  };
  const { rig } = await bentRig(t, bend, { clock });
  rig.write('incoming/local/outbox/a', 'a');
  await allDone(rig, 1);
});

test('a held bucket is held after a restart as well, and asked about at once (D-101)', async t => {
  let isFull = true;
  const bend: Bend = ({ name }) => (isFull && name === 'putObject' ? full() : undefined);
  const { rig } = await bentRig(t, bend, { settings: { probeIntervalMs: 3_600_000 } });
  for (const name of FILES) rig.write(`incoming/local/outbox/${name}`, name);
  await until(() => rig.delivery.journal.holdCounts().bucket_held === FILES.length);
  const again = await rig.restart();
  await until(() => again.delivery.holds().length === 1);
  assert.match(again.delivery.holds()[0]?.message ?? '', /quota/);
  isFull = false;
  const last = await again.restart();
  await allDone(last, FILES.length);
});

test('a file that does not fit where smaller ones do waits alone, and ends in nothing (D-102)', async t => {
  let room = 100;
  const { rig } = await bentRig(t, ({ name, bytes }) =>
    name === 'putObject' && bytes > room ? full() : undefined,
  );
  rig.write('incoming/local/outbox/large', Buffer.alloc(1000));
  await until(() => rig.delivery.holds().length > 0);
  for (const name of FILES) rig.write(`incoming/local/outbox/${name}`, name);
  await allDone(rig, FILES.length);
  // More failures than the retry rule allows a file.
  const large = await rig.until('large', ({ failures }) => failures > QUICK.maxRetries + 2);
  assert.notEqual(large.state, 'failed');
  room = 1000;
  await rig.until('large', ({ state }) => state === 'completed');
});

test('an expired key holds its profile: any call that is accepted ends that (D-101)', async t => {
  let isExpired = true;
  const { rig, bent } = await bentRig(t, ({ name }) =>
    isExpired && name !== 'headBucket' ? new SluiceError('key_expired', 'the token has expired') : undefined,
  );
  for (const name of FILES) rig.write(`incoming/local/outbox/${name}`, name);
  await until(() => rig.delivery.holds().length > 0);
  const [hold] = rig.delivery.holds();
  assert.deepEqual([hold?.kind, hold?.place, hold?.files], ['profile', 'local', FILES.length]);
  const puts = (): number => bent.calls.filter(({ name }) => name === 'putObject').length;
  const before = { puts: puts(), all: bent.calls.length };
  await until(() => bent.calls.length >= before.all + 3);
  assert.ok(puts() - before.puts <= FILES.length, 'probes are questions, no files');
  isExpired = false;
  await allDone(rig, FILES.length);
  assert.equal(rig.delivery.journal.counts().failed, 0);
});

test('a mount that vanishes holds what is delivered to it, and nothing is given up (D-100, D-101, T-120)', async t => {
  let isGone = true;
  const target: { path?: string } = {};
  const stale = (): SluiceError => {
    const error = Object.assign(new Error('Unknown system error -116'), {
      errno: -116,
      path: `${target.path}/x`,
    });
    return asFileError(error, { operation: 'put object', subject: 'outbox/x' });
  };
  const { rig } = await bentRig(t, () => (isGone ? stale() : undefined), {
    openStore,
    settings: { retry: { ...QUICK, maxRetries: 0 } },
  });
  target.path = rig.target;
  for (const name of FILES) rig.write(`incoming/local/outbox/${name}`, name);
  await until(() => rig.delivery.holds().length > 0);
  assert.deepEqual(
    rig.delivery.holds().map(({ kind, place, files }) => [kind, place, files]),
    [['disk', rig.target, FILES.length]],
  );
  assert.match(rig.delivery.holds()[0]?.message ?? '', /^ESTALE: stale file handle/);
  isGone = false;
  await allDone(rig, FILES.length);
  assert.equal(filesBelow(join(rig.target, 'outbox')).length, FILES.length);
});

test('trouble with one file where its folder and its target are fine lets the others go (D-102)', async t => {
  let isBad = true;
  const bad = (): SluiceError =>
    asFileError(
      Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', errno: -5, syscall: 'read' }),
    );
  const { rig } = await bentRig(t, ({ name, key }) =>
    isBad && name === 'putObject' && key === 'bad' ? bad() : undefined,
  );
  rig.write('incoming/local/outbox/bad', 'b');
  for (const name of FILES) rig.write(`incoming/local/outbox/${name}`, name);
  await allDone(rig, FILES.length);
  for (const name of FILES) rig.write(`incoming/local/outbox/again/${name}`, name);
  await allDone(rig, 2 * FILES.length);
  const { state } = await rig.until('bad', ({ failures }) => failures > 0);
  assert.equal(state, 'processing');
  isBad = false;
  await rig.until('bad', ({ state }) => state === 'completed');
});

test('a file whose content cannot be read where others can is given up by count (D-102)', async t => {
  const unread = (path: string): SluiceError =>
    asFileError(
      Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', errno: -5, syscall: 'read', path }),
    );
  const station: { root?: string } = {};
  const { rig } = await bentRig(t, ({ name, key }) =>
    name === 'putObject' && key === 'bad' ? unread(`${station.root}/processing/local/outbox/bad`) : undefined,
  );
  station.root = rig.root;
  rig.write('incoming/local/outbox/bad', 'b');
  await rig.until('bad', ({ failures }) => failures > QUICK.maxRetries + 2);
  assert.equal(rig.delivery.journal.counts().failed, 0, 'nothing else shows that its folder can be read');
  let others = 0;
  await until(() => {
    rig.write(`incoming/local/outbox/other${others}`, 'o');
    others += 1;
    return rig.delivery.journal.counts().failed === 1;
  });
  const { errorCode, filepath } = rig.records().find(({ state }) => state === 'failed') ?? {};
  assert.deepEqual([filepath, errorCode], ['bad', 'disk_failed']);
});

test('with `offline: count` every try that counts was made (D-41)', async t => {
  const { rig, bent } = await bentRig(
    t,
    ({ name }) => (name === 'headBucket' ? undefined : new SluiceError('host_unreachable', 'nobody')),
    { settings: { offline: 'count', retry: { ...QUICK, maxRetries: 3 } } },
  );
  for (const name of FILES) rig.write(`incoming/local/outbox/${name}`, name);
  await until(() => rig.delivery.journal.counts().failed === FILES.length);
  for (const { filepath, attempts, failures } of rig.records()) {
    assert.deepEqual([attempts, failures, bent.sent()[filepath]], [4, 4, 4], filepath);
  }
});
