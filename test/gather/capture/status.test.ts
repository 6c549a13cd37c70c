import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { CaptureClient } from '../../../src/gather/capture/threads/capture-client.ts';
import { openLocal } from '../../../src/keep/sqlite/open-local.ts';
import { capturePlanOf, collectorPlan } from '../../support/capture.ts';
import { temporaryDirectory } from '../../support/git-repositories.ts';

/** A capture thread that is too busy to say how it is. */
const BUSY_THREAD = `
import { parentPort } from 'node:worker_threads';
parentPort.on('message', ({ type, id, name }) => {
  if (type === 'close') parentPort.close();
  else if (name !== 'status') parentPort.postMessage({ type: 'reply', id });
});`;

test('V11: while the capture thread does not answer, its collectors are shown as they are planned', async t => {
  const folder = temporaryDirectory(t, 'sluice-status');
  const incoming = join(folder, 'incoming');
  mkdirSync(incoming);
  const journal = await openLocal(':memory:', { clock: systemClock }).openCaptures();
  t.after(() => journal.close());
  const plan = capturePlanOf(join(folder, 'capture'), {
    collectors: [collectorPlan({ name: 'one' }), collectorPlan({ name: 'two', disabled: true })],
  });
  const capture = new CaptureClient(plan, {
    incoming,
    journal,
    log: silentLogger,
    // Patience is over at once.
    clock: { ...systemClock, timer: (_ms, callback) => systemClock.timer(0, callback) },
    threadEntry: new URL(`data:text/javascript,${encodeURIComponent(BUSY_THREAD)}`),
  });
  await capture.start();
  t.after(() => capture.stop());
  const status = await capture.status();
  assert.deepEqual(
    status.map(({ name, disabled, readings }) => [name, disabled, readings]),
    [
      ['one', false, 0],
      ['two', true, 0],
    ],
  );
});
