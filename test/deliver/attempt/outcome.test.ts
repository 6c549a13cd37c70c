import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../../src/base/errors.ts';
import {
  attemptRow,
  completedChange,
  decideFailure,
  failedChange,
  waitingChange,
} from '../../../src/deliver/attempt/outcome.ts';
import type { Sent } from '../../../src/deliver/attempt/upload/sending.ts';
import { DELIVERY_DEFAULTS } from '../../support/delivery-settings.ts';

const noJitter = () => 0;
const NOW_MS = Date.UTC(2026, 0, 5);
const sent: Sent = {
  key: 'a.txt',
  etag: 'e',
  crc32: 'c',
  departure: null,
  verified: 'checksum',
  identity: { size: 3, mtimeMs: 1, inode: 2 },
};
const refused = new SluiceError('access_denied', 'no');

test('30 s, doubling, ten retries after the first try, then failed (D-37)', () => {
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

test('which failures end at once, wait for a bucket, or are handed back (D-36)', () => {
  const kind = (code: ConstructorParameters<typeof SluiceError>[0]) =>
    decideFailure(new SluiceError(code, ''), 0, DELIVERY_DEFAULTS, noJitter, 0).kind;
  for (const code of ['access_denied', 'bucket_auth_failed', 'request_refused', 'key_invalid'] as const) {
    assert.equal(kind(code), 'give-up', code);
  }
  for (const code of ['timed_out', 'connection_lost', 'slow_down', 'source_changed'] as const) {
    assert.equal(kind(code), 'retry', code);
  }
  assert.equal(kind('bucket_missing'), 'await-bucket');
  assert.equal(kind('source_missing'), 'vanished');
  assert.equal(kind('cancelled'), 'hand-back');
});

test('with `hold` a dead link uses up no try, with `count` it does (D-41)', () => {
  const error = new SluiceError('host_unreachable', '');
  const held = decideFailure(error, 3, { ...DELIVERY_DEFAULTS, offline: 'hold' }, noJitter, 0);
  const counted = decideFailure(error, 3, { ...DELIVERY_DEFAULTS, offline: 'count' }, noJitter, 0);
  assert.deepEqual(held, { kind: 'hold', holds: 'endpoint', atMs: 60_000 });
  assert.deepEqual(counted, { kind: 'retry', atMs: 240_000, failures: 4 });
});

test('a far side that wants to be left alone for years is asked again within a day (D-38)', () => {
  const error = new SluiceError('key_expired', '', { retryAfterMs: 10 ** 11 });
  const { atMs } = decideFailure(error, 0, DELIVERY_DEFAULTS, noJitter, 0) as { readonly atMs: number };
  assert.equal(atMs, 24 * 60 * 60_000);
});

test('what speaks of a place holds the place, and no try is counted, whatever the count so far (D-100)', () => {
  for (const [code, holds] of [
    ['bucket_full', 'bucket'],
    ['key_expired', 'profile'],
    ['disk_full', 'disk'],
    ['host_unknown', 'endpoint'],
  ] as const) {
    const decision = decideFailure(new SluiceError(code, ''), 99, DELIVERY_DEFAULTS, noJitter, 0);
    assert.deepEqual(decision, { kind: 'hold', holds, atMs: 60_000 }, code);
  }
  const stranger = new SluiceError('tls_failed', '', { answer: 'hold' });
  assert.equal(decideFailure(stranger, 99, DELIVERY_DEFAULTS, noJitter, 0).kind, 'hold');
  const later = new SluiceError('bucket_full', '', { retryAfterMs: 300_000 });
  assert.deepEqual(decideFailure(later, 0, DELIVERY_DEFAULTS, noJitter, 5), {
    kind: 'hold',
    holds: 'bucket',
    atMs: 300_005,
  });
});

test('the record of a delivered file says what was sent, where it lies, and nothing of earlier failures', () => {
  const change = completedChange(sent, { location: 'a.txt~7' }, NOW_MS);
  assert.deepEqual(
    [change.state, change.outcome, change.failures, change.nextAttemptAtMs, change.hold],
    ['completed', 'success', 0, null, null],
  );
  assert.deepEqual([change.location, change.objectKey, change.completedAtMs], ['a.txt~7', 'a.txt', NOW_MS]);
  assert.deepEqual([change.size, change.mtimeMs, change.inode], [3, 1, 2]);
  assert.deepEqual([change.errorCode, change.errorAnswer, change.errorMessage], [null, null, null]);
  assert.deepEqual([change.source, change.removedAtMs], [undefined, undefined], 'these columns stay');
});

test('a delivered file that was taken away counts as removed, one of a folder may lie in the spool from then on', () => {
  assert.equal(completedChange(sent, undefined, NOW_MS).removedAtMs, NOW_MS);
  assert.equal(completedChange(sent, { location: null, source: null }, NOW_MS).source, null);
});

test('a file that waits keeps its state: for its next try, or for its bucket without a time', () => {
  const retry = waitingChange({ kind: 'retry', atMs: 5, failures: 2 }, refused);
  assert.deepEqual(retry, {
    errorCode: 'access_denied',
    errorAnswer: 'give-up',
    errorMessage: 'no',
    failures: 2,
    hold: null,
    keyMark: null,
    nextAttemptAtMs: 5,
  });
  const bucket = waitingChange({ kind: 'await-bucket' }, refused);
  assert.deepEqual([bucket.hold, bucket.nextAttemptAtMs, bucket.failures], ['bucket', null, undefined]);
});

test('a file that was given up counts its last failure and waits for nothing', () => {
  const change = failedChange({ failures: 10 }, refused, { location: null }, NOW_MS);
  assert.deepEqual(
    [change.state, change.outcome, change.failures, change.nextAttemptAtMs, change.hold],
    ['failed', 'failure', 11, null, null],
  );
  assert.equal(change.errorCode, 'access_denied');
  assert.equal(change.removedAtMs, undefined);
  assert.equal(failedChange({ failures: 0 }, refused, undefined, NOW_MS).removedAtMs, NOW_MS);
});

test('the row of an attempt names its error, or none', () => {
  const startedAt = new Date(NOW_MS - 1000).toISOString();
  const finishedAt = new Date(NOW_MS).toISOString();
  assert.deepEqual(attemptRow(startedAt, NOW_MS, null), {
    startedAt,
    finishedAt,
    outcome: 'success',
    errorAnswer: null,
    errorCode: null,
    errorMessage: null,
  });
  assert.equal(attemptRow(startedAt, NOW_MS, refused).errorCode, 'access_denied');
});
