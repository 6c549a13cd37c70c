import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { CaptureClient } from '../../../src/gather/capture/threads/capture-client.ts';
import { openLocal } from '../../../src/keep/sqlite/open-local.ts';
import { capturePlanOf, collectorPlan, rememberingLog } from '../../support/capture.ts';
import { temporaryDirectory } from '../../support/git-repositories.ts';
import { until } from '../../support/sluice.ts';

/** The lines of a capture thread that stands in for the real one. */
const standIn = (lines: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`
import { parentPort } from 'node:worker_threads';
parentPort.on('message', ({ type, id, name }) => {
  if (type === 'close') return parentPort.close();
  ${lines}
});`)}`,
  );

async function clientOf(t: TestContext, threadEntry: URL, clock: Clock) {
  const folder = temporaryDirectory(t, 'sluice-capture');
  const incoming = join(folder, 'incoming');
  mkdirSync(incoming);
  const journal = await openLocal(':memory:', { clock: systemClock }).openCaptures();
  t.after(() => journal.close());
  const plan = capturePlanOf(join(folder, 'capture'), {
    collectors: [collectorPlan({ name: 'one' }), collectorPlan({ name: 'two', disabled: true })],
  });
  const { log, messages } = rememberingLog();
  const capture = new CaptureClient(plan, { incoming, journal, log, clock, threadEntry });
  t.after(() => capture.stop());
  await capture.start();
  return { capture, plan, messages };
}

const hasty: Clock = { ...systemClock, timer: (_ms, callback) => systemClock.timer(0, callback) };
const AS_PLANNED = [
  ['one', false, 0],
  ['two', true, 0],
];

async function shownBy(capture: CaptureClient): Promise<unknown> {
  return (await capture.status()).map(({ name, disabled, readings }) => [name, disabled, readings]);
}

test('while the capture thread does not answer, its collectors are shown as they are planned', async t => {
  const busy = standIn("if (name !== 'status') parentPort.postMessage({ type: 'reply', id });");
  // Patience is over at once.
  const { capture } = await clientOf(t, busy, hasty);
  assert.deepEqual(await shownBy(capture), AS_PLANNED);
});

test('a capture thread that crashes is made anew and has the plan again; what was asked of it is refused', async t => {
  const crashing = standIn(`
    if (name === 'complete') throw new Error('broken');
    if (name === 'configure')
      parentPort.postMessage({ type: 'event', body: { type: 'log', level: 'info', facts: {}, message: 'configured' } });
    parentPort.postMessage({ type: 'reply', id, body: [] });`);
  const restarts: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    timer(ms, callback) {
      if (ms === 1000) restarts.push(callback);
      return () => undefined;
    },
  };
  const { capture, messages } = await clientOf(t, crashing, clock);
  assert.deepEqual(messages, ['configured']);
  await assert.rejects(capture.complete(), { code: 'stopping', message: 'capture is not running' });
  assert.deepEqual(messages, ['configured', 'the capture thread failed; it is made anew']);
  // Until it is there again nothing is asked of it.
  await capture.complete();
  assert.deepEqual(await shownBy(capture), AS_PLANNED);
  assert.equal(restarts.length, 1);
  restarts[0]?.();
  await until('the plan is there again', () => messages.length === 3);
  assert.equal(messages[2], 'configured');
});

test('a plan that a new thread cannot take over is tried again until it is', async t => {
  const refusing = standIn(`
    if (name === 'complete') throw new Error('broken');
    const error = { code: 'disk_failed', message: 'no such folder', hint: '', answer: 'retry' };
    if (name === 'configure' && globalThis.process.env.REFUSES) parentPort.postMessage({ type: 'failed', id, error });
    else parentPort.postMessage({ type: 'reply', id, body: [] });`);
  t.after(() => delete process.env.REFUSES);
  const { capture, messages } = await clientOf(t, refusing, hasty);
  process.env.REFUSES = '1';
  await assert.rejects(capture.complete(), { code: 'stopping' });
  await until('it was tried', () => messages.includes('capture could not go on; it is tried again'));
  delete process.env.REFUSES;
  await until('it goes on', async () => (await capture.status()).length === 0);
});
