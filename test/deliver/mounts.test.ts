import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { callError, type FileCalls, fileCalls } from '../../src/base/files/calls.ts';
import { filesBelow, startDelivery, until } from '../support/delivery.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';

const EXDEV = 18;
const QUICK = { ...DELIVERY_RETRY, firstMs: 20, factor: 1, jitter: 0, maxRetries: 2 };

/** As where something is mounted at `mounted` in one area: renames to or from names there fail until it is gone. */
async function rigWithMount(t: TestContext, isAcross: (from: string, to: string) => boolean) {
  const calls = fileCalls();
  const mount = { isThere: true, refused: 0 };
  const bent: FileCalls = {
    ...calls,
    renameAt(from, to, keep) {
      if (mount.isThere && isAcross(from.name, to.name)) {
        mount.refused += 1;
        throw callError(EXDEV, 'rename', from.name);
      }
      calls.renameAt(from, to, keep);
    },
  };
  const rig = await startDelivery(t, { files: { calls: bent }, settings: { retry: QUICK } });
  return { rig, mount };
}

test('a file below a mount inside incoming stays there, is shown as trouble, others go, and it goes without the mount (D-325)', async t => {
  const { rig, mount } = await rigWithMount(t, from => from === 'mounted.txt');
  const path = rig.write('incoming/local/outbox/a/b/mounted.txt', 'mine');
  await until(() => mount.refused > QUICK.maxRetries + 3);
  rig.write('incoming/local/outbox/a/other.txt', 'other');
  await rig.until('a/other.txt', ({ state }) => state === 'completed');
  assert.ok(existsSync(path));
  const [trouble] = rig.delivery.journal.troubles();
  assert.deepEqual([trouble?.state, trouble?.errorCode], ['processing', 'spool_invalid']);
  assert.match(trouble?.example ?? '', /mounted\.txt cannot be moved to .*processing.*something is mounted/);
  mount.isThere = false;
  await rig.until('a/b/mounted.txt', ({ state }) => state === 'completed');
});

test('a mount inside completed keeps what was delivered in processing, and nothing is sent again (D-325)', async t => {
  let moves = 0;
  const { rig, mount } = await rigWithMount(t, from => {
    if (from !== 'a.txt') return false;
    moves += 1;
    // The first is the one to processing.
    return moves > 1;
  });
  rig.write('incoming/local/outbox/a.txt', 'mine');
  const sent = await rig.until('a.txt', one => one.sentAtMs !== null && one.attempts > QUICK.maxRetries + 2);
  assert.equal(sent.state, 'processing');
  assert.deepEqual(filesBelow(join(rig.target, 'outbox')), ['a.txt']);
  mount.isThere = false;
  await rig.until('a.txt', ({ state }) => state === 'completed');
});
