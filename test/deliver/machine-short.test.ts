import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { callError, fileCalls } from '../../src/base/files/calls.ts';
import { startDelivery, until } from '../support/delivery.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';
import { interrupted } from '../support/file-calls.ts';

const FILES = 40;

test('a process that may open few files sends fewer at once: no try is counted, nothing is held, one line says so (D-603)', async t => {
  let opens = 0;
  let isShort = true;
  // What is open is not seen from here: every second opening comes to nothing.
  const calls = interrupted(fileCalls(), (call, path) => {
    if (call !== 'openBeneath' || !/outbox\/f\d/.test(path) || !isShort) return;
    opens += 1;
    if (opens % 2 === 0) throw callError(constants.errno.EMFILE, 'openat2', path);
  });
  const warnings: { readonly code?: string }[] = [];
  const log = { debug() {}, info() {}, error() {}, warn: (fields: object) => void warnings.push(fields) };
  const rig = await startDelivery(t, {
    files: { calls },
    log: log as never,
    settings: { retry: { ...DELIVERY_RETRY, maxRetries: 0 }, probeIntervalMs: 300 },
  });
  for (let index = 0; index < FILES; index += 1) rig.write(`incoming/local/outbox/f${index}`, 'content');
  await until(() => opens > FILES && rig.delivery.status().holds.length > 0);
  const [{ place, code, kind, files = 0 } = {}] = rig.delivery.status().holds;
  assert.deepEqual([place, code, kind, files > 0], ['this machine', 'machine_short', 'disk', true]);
  isShort = false;
  await until(() => rig.delivery.status().completed === FILES);
  assert.deepEqual(rig.delivery.status().holds, []);
  for (const record of rig.records()) assert.deepEqual([record.failures, record.attempts], [0, 1]);
  assert.equal(warnings.filter(one => one.code === 'machine_short').length, 1);
});
