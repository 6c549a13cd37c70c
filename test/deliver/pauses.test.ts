import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import type { Pause } from '../../src/keep/local/pauses.ts';
import { type Bend, bentStore } from '../support/bent-store.ts';
import { openStore, type RigOptions, startDelivery, until } from '../support/delivery.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';

const QUICK = { ...DELIVERY_RETRY, firstMs: 20, factor: 1, jitter: 0, maxRetries: 2 };
const OUTBOX: Pause = { kind: 'bucket', name: 'local/outbox', sinceMs: 1000 };
const LOCAL: Pause = { kind: 'profile', name: 'local', sinceMs: 2000 };

/** Delivery of which a test pauses parts; `bend` has calls of its store fail. */
async function pausingRig(t: TestContext, first: readonly Pause[], bend: Bend = () => undefined) {
  let pauses = first;
  const calls: string[] = [];
  const options: RigOptions = {
    settings: { retry: QUICK, probeIntervalMs: 30 },
    pauses: () => pauses,
    openStore: profile =>
      bentStore(openStore(profile), call => {
        if (call.name === 'putObject') calls.push(`${call.bucket}`);
        return bend(call);
      }).store,
  };
  const rig = await startDelivery(t, options);
  mkdirSync(join(rig.target, 'second'), { recursive: true });
  return {
    rig,
    calls,
    pause(next: readonly Pause[], delivery = rig.delivery) {
      pauses = next;
      delivery.pausesChanged();
    },
  };
}

test('nothing goes to a paused bucket, restarts and manual syncs included, others go on, and all goes when it is resumed (W-50)', async t => {
  const { rig, calls, pause } = await pausingRig(t, [OUTBOX]);
  for (const name of ['a', 'b', 'c']) rig.write(`incoming/local/outbox/${name}`, name);
  rig.write('incoming/local/second/other', 'x');
  await rig.until('other', ({ state }) => state === 'completed');
  await until(() => rig.delivery.journal.holdCounts().bucket_held === 3);
  // Its record is completed a moment before its attempt has ended, and what ends during a sync counts as its.
  await until(() => rig.delivery.status().uploading === 0);
  const { delivered, held } = await rig.delivery.syncNow(new AbortController().signal);
  assert.equal(delivered, 0);
  assert.deepEqual(
    held.map(({ kind, place, code, files }) => [kind, place, code, files]),
    [['bucket', 'local/outbox', 'paused', 3]],
  );
  const again = await rig.restart();
  assert.deepEqual(
    again.delivery.holds().map(({ place, sinceMs, code }) => [place, sinceMs, code]),
    [['local/outbox', 1000, 'paused']],
  );
  await assert.rejects(again.delivery.probe({ kind: 'bucket', name: 'local/outbox' }), {
    code: 'not_found',
  });
  assert.deepEqual(calls, ['second']);
  pause([], again.delivery);
  await until(() => again.delivery.journal.counts().completed === 4);
  assert.deepEqual(again.delivery.holds(), []);
});

test('a paused profile keeps its files uncounted and untried, and goes on where it was (W-50)', async t => {
  const { rig, calls, pause } = await pausingRig(t, []);
  rig.write('incoming/local/outbox/before', '1');
  await rig.until('before', ({ state }) => state === 'completed');
  pause([LOCAL]);
  rig.write('incoming/local/outbox/after', '2');
  await rig.until('after', ({ state }) => state === 'incoming');
  assert.deepEqual(
    rig.delivery.holds().map(({ kind, place, code, files }) => [kind, place, code, files]),
    [['profile', 'local', 'paused', 1]],
  );
  await rig.delivery.syncNow(new AbortController().signal);
  assert.deepEqual([calls.length, rig.records({ text: 'after' })[0]?.attempts], [1, 0]);
  pause([]);
  await rig.until('after', ({ state }) => state === 'completed');
});

test('a place that is held and paused is not probed, and is asked at once when it is resumed (W-50, D-101)', async t => {
  let isFull = true;
  const { rig, calls, pause } = await pausingRig(t, [], ({ name, bucket }) =>
    isFull && name === 'putObject' && bucket === 'outbox'
      ? new SluiceError('bucket_full', 'the quota is used up')
      : undefined,
  );
  rig.write('incoming/local/outbox/a', 'a');
  await until(() => rig.delivery.holds()[0]?.code === 'bucket_full');
  pause([OUTBOX]);
  assert.deepEqual(
    rig.delivery.holds().map(({ code }) => code),
    ['paused'],
  );
  isFull = false;
  const tried = calls.length;
  // Whatever probe was under way has ended; the next ones would come every 30 ms.
  rig.write('incoming/local/second/other', 'x');
  await rig.until('other', ({ state }) => state === 'completed');
  assert.ok(calls.filter(bucket => bucket === 'outbox').length <= tried);
  assert.notEqual(rig.records({ text: 'outbox/a' })[0]?.state, 'completed');
  pause([]);
  await rig.until('a', ({ state }) => state === 'completed');
});

test('a person has a held bucket asked now, before its probe is due (W-51)', async t => {
  let isFull = true;
  const { rig } = await pausingRig(t, [], ({ name }) =>
    isFull && name === 'putObject' ? new SluiceError('bucket_full', 'the quota is used up') : undefined,
  );
  const slow = await rig.restart({ probeIntervalMs: 3_600_000 });
  slow.write('incoming/local/outbox/a', 'a');
  await until(() => slow.delivery.holds().length === 1);
  isFull = false;
  await slow.delivery.probe({ kind: 'bucket', name: 'local/outbox' });
  await slow.until('a', ({ state }) => state === 'completed');
  await assert.rejects(slow.delivery.probe({ kind: 'bucket', name: 'local/outbox' }), { code: 'not_found' });
});
