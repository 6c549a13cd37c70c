import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../../src/base/log.ts';
import { OngoingFaults } from '../../../src/base/ongoing-faults.ts';
import type { Config } from '../../../src/config/schema.ts';
import { slackMessageOf } from '../../../src/insights/notifications/payload.ts';
import { type AlertFacts, alertsOf } from '../../../src/station/alerts/conditions.ts';
import { Alerts } from '../../../src/station/alerts/service.ts';
import { until } from '../../support/sluice.ts';
import { openTestLocal } from '../../support/sqlite-store.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const MINUTE = 60_000;
const POLICY = { heldAfterMs: 10 * MINUTE, waitingAfterMs: 60 * MINUTE, reviewAfterMs: 60 * MINUTE };
const NOW = 1_000_000_000;

const WELL: AlertFacts = {
  holds: [],
  troubles: [],
  oldestWaitingAtMs: null,
  disks: [],
  minFreeDiskBytes: 1000,
  collectors: [],
  waitingForReview: 0,
};

const HOLD = {
  kind: 'bucket',
  place: 'p/b',
  code: 'access_denied',
  message: 'the key may not write there',
  hint: 'Check the key.',
  files: 3,
  sinceMs: NOW - 11 * MINUTE,
} as AlertFacts['holds'][number];

const keysOf = (facts: Partial<AlertFacts>, policy: Parameters<typeof alertsOf>[1] = POLICY): string[] =>
  alertsOf({ ...WELL, ...facts }, policy, NOW).map(({ key }) => key);

test('what people have to see to is an alert, and what comes and goes is none (S-511)', () => {
  assert.deepEqual(keysOf({}), []);
  assert.deepEqual(keysOf({ holds: [HOLD] }), ['place bucket p/b']);
  assert.deepEqual(keysOf({ holds: [{ ...HOLD, sinceMs: NOW - 9 * MINUTE }] }), []);
  assert.deepEqual(keysOf({ holds: [{ ...HOLD, files: 0 }] }), []);
  const trouble = {
    state: 'failed',
    errorCode: 'access_denied',
    count: 2,
    example: '',
    lastUpdated: '',
  } as const;
  assert.deepEqual(keysOf({ troubles: [trouble] }), ['failed']);
  assert.deepEqual(keysOf({ troubles: [{ ...trouble, state: 'processing' }] }), []);
  assert.deepEqual(keysOf({ oldestWaitingAtMs: NOW - 61 * MINUTE }), ['waiting']);
  assert.deepEqual(keysOf({ oldestWaitingAtMs: NOW - 59 * MINUTE }), []);
  const disk = {
    path: '/srv',
    holds: ['spool'],
    freeBytes: 999,
    totalBytes: 1,
    freeInodes: 1,
    totalInodes: 1,
  };
  assert.deepEqual(keysOf({ disks: [disk, { ...disk, path: '/', freeBytes: 1000 }] }), ['disk /srv']);
  const collector = {
    name: 'load',
    disabled: false,
    lastError: { message: 'no such file', atMs: NOW },
    lastReadingAtMs: NOW - 11 * MINUTE,
    writeError: null,
  } as AlertFacts['collectors'][number];
  assert.deepEqual(keysOf({ collectors: [collector] }), ['collector load']);
  assert.deepEqual(keysOf({ collectors: [{ ...collector, lastReadingAtMs: NOW - MINUTE }] }), []);
  assert.deepEqual(keysOf({ collectors: [{ ...collector, disabled: true }] }), []);
  assert.deepEqual(keysOf({ waitingForReview: 4 }), ['review']);
  assert.deepEqual(keysOf({ waitingForReview: 4 }, { ...POLICY, reviewAfterMs: undefined }), []);
});

/** A server that takes messages, and refuses the first ones. */
async function receiver(t: TestContext, refusals: number) {
  const received: Record<string, unknown>[] = [];
  let refused = 0;
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request)) as Record<string, unknown>;
    response.statusCode = refused < refusals ? 503 : 200;
    if (response.statusCode === 503) refused += 1;
    else received.push(body);
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}/hook`, received };
}

test('an alert is sent once when it begins and once when it ends, over restarts and refusals (S-511)', async t => {
  const clock = new VirtualClock(NOW);
  const local = await openTestLocal(t, clock);
  const { url, received } = await receiver(t, 1);
  const notify = {
    ...POLICY,
    afterFailures: 3,
    webhook: url,
    webhookFormat: 'json',
    command: [],
    timeoutMs: 5000,
  };
  let facts: AlertFacts = { ...WELL, holds: [HOLD] };
  const faults = new OngoingFaults(clock);
  const start = async () => {
    const alerts = new Alerts({
      config: () => ({ notify }) as unknown as Config,
      open: () => local.openAlerts(),
      facts: async () => facts,
      clock,
      random: () => 0,
      log: silentLogger,
      faults,
    });
    await alerts.start();
    return alerts;
  };
  const settled = (count: number) =>
    until(`${count} have arrived`, async () => {
      await clock.advance(15_000);
      return received.length >= count;
    });
  let alerts = await start();
  await until('the first refusal is told', async () => {
    await clock.advance(15_000);
    return faults.all().length === 1;
  });
  assert.match(faults.all()[0]?.message ?? '', /^nobody is told by webhook: /);
  await settled(1);
  await until('it is over', async () => faults.all().length === 0);
  assert.deepEqual(
    received.map(({ event, alert, endedAt }) => [event, alert, endedAt]),
    [['began', 'place bucket p/b', null]],
  );
  assert.match(String(received[0]?.message), /files wait for the bucket p\/b: the key may not write there/);
  assert.equal(alerts.active().length, 1);
  await alerts.stop();
  alerts = await start();
  await clock.advance(60_000);
  facts = WELL;
  await settled(2);
  assert.deepEqual(
    received.map(({ event }) => event),
    ['began', 'ended'],
    'nothing is told twice',
  );
  assert.deepEqual(alerts.active(), []);
  await alerts.stop();
});

test('a message for Slack is a text, with what it takes for markup escaped (S-511)', () => {
  const payload = { event: 'began', message: 'a < b & <!channel>', hint: 'Do this.' };
  assert.deepEqual(slackMessageOf(payload), {
    text: 'sluice: a &lt; b &amp; &lt;!channel&gt;\nDo this.',
  });
  const over = slackMessageOf({ ...payload, event: 'ended', message: 'over: a' });
  assert.deepEqual(over, { text: 'sluice: over: a' }, 'nothing is left to do');
});
