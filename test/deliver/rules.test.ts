import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SluiceError } from '../../src/base/errors.ts';
import { decideFailure } from '../../src/deliver/attempt/outcome.ts';
import { partBytesFor } from '../../src/deliver/attempt/upload/parts.ts';
import { keyOf, propertiesOf, tagsIn } from '../../src/deliver/attempt/upload/properties.ts';
import { ReadyQueue } from '../../src/deliver/queue/ready-queue.ts';
import { mustGo } from '../../src/deliver/retention.ts';
import { destinationFor } from '../../src/deliver/settings.ts';
import { addressOf } from '../../src/deliver/spool/address.ts';
import type { FileRecord } from '../../src/keep/local/journal.ts';
import { DELIVERY_DEFAULTS } from '../support/delivery-settings.ts';

const noJitter = () => 0;
const profiles = new Set(['p']);

test('F7–F12: 30 s, doubling, ten retries after the first try, then failed', () => {
  const error = new SluiceError('bucket_unavailable', 'no');
  const waits: number[] = [];
  let failures = 0;
  for (;;) {
    const decision = decideFailure(error, failures, DELIVERY_DEFAULTS, noJitter, 0);
    if (decision.kind !== 'retry') {
      assert.equal(decision.kind, 'give-up');
      break;
    }
    waits.push(decision.atMs / 1000);
    failures = decision.failures;
  }
  assert.equal(waits.length, 10);
  assert.deepEqual(waits.slice(0, 4), [30, 60, 120, 240]);
});

test('F7–F12: which failures end at once, wait for a bucket, or are handed back', () => {
  const kind = (code: ConstructorParameters<typeof SluiceError>[0]) =>
    decideFailure(new SluiceError(code, ''), 0, DELIVERY_DEFAULTS, noJitter, 0).kind;
  for (const code of ['access_denied', 'bucket_auth_failed', 'request_refused', 'key_invalid'] as const) {
    assert.equal(kind(code), 'give-up', code);
  }
  for (const code of [
    'timed_out',
    'connection_lost',
    'host_unknown',
    'slow_down',
    'source_changed',
    'disk_full',
  ] as const) {
    assert.equal(kind(code), 'retry', code);
  }
  assert.equal(kind('bucket_missing'), 'await-bucket');
  assert.equal(kind('source_missing'), 'vanished');
  assert.equal(kind('cancelled'), 'hand-back');
});

test('V10: with `hold` a dead link uses up no try, with `count` it does', () => {
  const error = new SluiceError('host_unreachable', '');
  const held = decideFailure(error, 3, { ...DELIVERY_DEFAULTS, offline: 'hold' }, noJitter, 0);
  const counted = decideFailure(error, 3, { ...DELIVERY_DEFAULTS, offline: 'count' }, noJitter, 0);
  assert.deepEqual(held, { kind: 'retry', atMs: 60_000, failures: 3 });
  assert.deepEqual(counted, { kind: 'retry', atMs: 240_000, failures: 4 });
});

test('F13: a path below an area is profile, bucket and key', () => {
  assert.deepEqual(addressOf('p/b/a/ü +%.txt', profiles), {
    profile: 'p',
    bucket: 'b',
    filepath: 'a/ü +%.txt',
  });
  for (const bad of [
    'x',
    'p/x',
    'q/b/x',
    'p/-b/x',
    `p/b/${'k'.repeat(250)}/${`${'k'.repeat(250)}/`.repeat(4)}x`,
  ]) {
    assert.ok('fault' in addressOf(bad, profiles), bad.slice(0, 20));
  }
});

test('F13: every good key comes back from its path', () => {
  const segment = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter(text => !/[/\0]/.test(text) && !/^\.{1,2}$/.test(text));
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), segments => {
      const filepath = segments.join('/');
      assert.deepEqual(addressOf(`p/b/${filepath}`, profiles), { profile: 'p', bucket: 'b', filepath });
    }),
  );
});

test('S8: parts are as large as wanted, and never too many', () => {
  const limits = {
    maxSinglePutBytes: 5e9,
    minPartBytes: 5 * 2 ** 20,
    maxPartBytes: 5 * 2 ** 30,
    maxParts: 10_000,
  };
  assert.equal(partBytesFor(1e9, 8 * 2 ** 20, limits), 8 * 2 ** 20);
  assert.equal(partBytesFor(1e9, 1, limits), 5 * 2 ** 20);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 * 2 ** 40 }), size => {
      assert.ok(Math.ceil(size / partBytesFor(size, 8 * 2 ** 20, limits)) <= limits.maxParts);
    }),
  );
});

test('S10: prefix, tags and type come from the destination and the name', () => {
  const destinations = [
    { match: 'p', prefix: 'all', storageClass: 'STANDARD' },
    { match: 'p/b', prefix: '/robots/7/', tagSegments: true, tags: { project: 'x' } },
  ];
  const destination = destinationFor({ destinations }, 'p', 'b');
  assert.equal(keyOf('a/b.txt', destination), 'robots/7/a/b.txt');
  const properties = propertiesOf('tag=red/tag=blue/a.html', { mtimeMs: 1500 }, destination, 'crc');
  assert.equal(properties.contentType, 'text/html');
  assert.equal(properties.storageClass, 'STANDARD');
  assert.deepEqual(properties.tags, { project: 'x', red: '', blue: '' });
  assert.deepEqual(properties.metadata, { mtime: '1.5', crc32: 'crc' });
  assert.deepEqual(tagsIn('tag=/x/tag=file'), {});
});

test('S6: what retention removes', () => {
  const file = { completedAtMs: 1000 };
  assert.equal(mustGo({ keep: 'always' }, file, 1e12, 1e12), false);
  assert.equal(mustGo({ keep: 'never' }, file, 0, 1000), true);
  assert.equal(mustGo({ keep: 'within', ms: 500, bytes: Number.POSITIVE_INFINITY }, file, 0, 1499), false);
  assert.equal(mustGo({ keep: 'within', ms: 500, bytes: Number.POSITIVE_INFINITY }, file, 0, 1500), true);
  assert.equal(mustGo({ keep: 'within', ms: Number.POSITIVE_INFINITY, bytes: 10 }, file, 11, 1000), true);
});

test('V2: a record is claimed from the offer to its end, and memory bounds what is under way', () => {
  const record = (id: number, size: number) => ({ id, size }) as FileRecord;
  const queue = new ReadyQueue({ workers: 1, smallAtOnce: 10, memoryBytes: 100, partsAboveBytes: 1000 });
  const first = record(1, 60);
  assert.ok(queue.offer(first));
  assert.ok(!queue.offer(record(1, 60)));
  queue.offer(record(2, 60));
  queue.offer(record(3, 5000));
  queue.offer(record(4, 5000));
  assert.equal(queue.next()?.id, 3);
  assert.equal(queue.next()?.id, 1);
  assert.ok(!queue.offer(record(1, 60)), 'in flight is still claimed');
  assert.equal(queue.next(), undefined, 'no memory for 2, no worker for 4');
  queue.release(first);
  assert.equal(queue.next()?.id, 2);
  assert.ok(queue.offer(record(1, 60)));
});
