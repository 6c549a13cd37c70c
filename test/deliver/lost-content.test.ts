import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import { type Bend, bentStore } from '../support/bent-store.ts';
import { openStore, startDelivery } from '../support/delivery.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';

const SOON = { ...DELIVERY_RETRY, firstMs: 20, factor: 1, jitter: 0, maxRetries: 10_000 };

for (const isSent of [false, true]) {
  const words = isSent ? 'was acknowledged' : 'waits for its next try';
  test(`a file that ${words} and has lost its content waits for some, and replaces no object (D-602)`, async t => {
    let isDown = true;
    const failing = isSent ? 'headObject' : 'putObject';
    const bend: Bend = ({ name }) =>
      isDown && name === failing ? new SluiceError('bucket_unavailable', 'HTTP 503') : undefined;
    const stores: ReturnType<typeof bentStore>[] = [];
    const rig = await startDelivery(t, {
      settings: { retry: SOON },
      openStore: profile => {
        const made = bentStore(openStore(profile), bend);
        stores.push(made);
        return made.store;
      },
    });
    rig.write('incoming/local/outbox/a', 'content');
    await rig.until('a', ({ failures }) => failures >= 1);
    // As the file system leaves it after a power cut that came before the content was on the disk.
    truncateSync(join(rig.root, 'processing/local/outbox/a'), 0);
    isDown = false;
    const waiting = await rig.until('a', ({ hold }) => hold === 'empty');
    assert.deepEqual([waiting.state, waiting.size, waiting.sentAtMs], ['incoming', 0, null]);
    const sent = (): number => stores.reduce((sum, one) => sum + (one.sent().a ?? 0), 0);
    const before = sent();
    writeFileSync(join(rig.root, 'incoming/local/outbox/a'), 'content again');
    await rig.until('a', ({ state }) => state === 'completed');
    assert.equal(rig.read('completed/local/outbox/a').toString(), 'content again');
    assert.equal(sent(), before + 1);
  });
}
