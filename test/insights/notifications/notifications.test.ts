import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../../src/base/log.ts';
import type { Config } from '../../../src/config/schema.ts';
import { SqliteWorkQueue } from '../../../src/engine/queue/sqlite/sqlite-work-queue.ts';
import { sendByCommand } from '../../../src/insights/notifications/command.ts';
import type { NotificationPayload } from '../../../src/insights/notifications/payload.ts';
import { Notifications } from '../../../src/insights/notifications/service.ts';
import { postWebhook } from '../../../src/insights/notifications/webhook.ts';
import { openStore } from '../../../src/keep/sqlite/open-store.ts';
import { temporaryDirectory } from '../../support/git-repositories.ts';
import { until } from '../../support/sluice.ts';
import { queryRows } from '../../support/sqlite-store.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const PAYLOAD: NotificationPayload = {
  id: 7,
  event: 'stale',
  repository: 'https://example.org/a b',
  message: 'has had no new commits for 30 days; $(touch x)',
  raisedAt: '2026-01-05T00:00:00.000Z',
};

const NOTIFY: Config['notify'] = {
  staleAfterDays: 30,
  afterFailures: 3,
  command: [],
  heldAfterMs: 1,
  waitingAfterMs: 1,
  webhookFormat: 'json',
  timeoutMs: 2000,
};

async function hook(t: TestContext, status: () => number) {
  const bodies: unknown[] = [];
  const origin = await serve(t, async (request, response) => {
    bodies.push(await json(request));
    response.writeHead(status(), { 'retry-after': '120', location: '/elsewhere' }).end('x'.repeat(100_000));
  });
  return { bodies, url: `${origin}/secret-path` };
}

async function serve(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const limits = (timeoutMs = 2000) => ({ timeoutMs, signal: new AbortController().signal });

test('a webhook gets JSON; 5xx and 429 are tried again when it says, other refusals are not, and no message shows its path (R-30)', async t => {
  let status = 204;
  const { bodies, url } = await hook(t, () => status);
  await postWebhook(url, PAYLOAD, limits());
  assert.deepEqual(bodies, [PAYLOAD]);
  for (const [code, retry] of [
    [500, 'retry'],
    [429, 'retry'],
    [404, 'give-up'],
    [302, 'give-up'],
  ] as const) {
    status = code;
    await assert.rejects(
      postWebhook(url, PAYLOAD, limits()),
      (error: { answer: string; retryAfterMs: number; message: string }) => {
        assert.deepEqual([error.answer, error.retryAfterMs], [retry, 120_000]);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  }
  assert.equal(bodies.length, 5);
});

test('a webhook that never answers ends within its time-out (R-30)', async t => {
  const url = await serve(t, () => undefined);
  await assert.rejects(postWebhook(url, PAYLOAD, limits(100)), { code: 'notification_failed' });
});

test('a command gets arguments as they are, the notification in variables and on stdin, and none of our secrets (R-30)', async t => {
  const out = join(temporaryDirectory(t), 'out');
  process.env.SLUICE_TEST_SECRET = 'x';
  t.after(() => delete process.env.SLUICE_TEST_SECRET);
  const script =
    'printf "%s|%s|%s|%s|" "$1" "$SLUICE_EVENT" "$SLUICE_MESSAGE" "$SLUICE_TEST_SECRET" > "$0"; cat >> "$0"';
  await sendByCommand({ program: 'sh', args: ['-c', script, out, '$(a); b'] }, PAYLOAD, limits());
  assert.equal(readFileSync(out, 'utf8'), `$(a); b|stale|${PAYLOAD.message}||${JSON.stringify(PAYLOAD)}\n`);
  await sendByCommand({ program: 'true', args: [] }, PAYLOAD, limits());
});

test('a command that fails says what it said, one that hangs is killed with its children, one that is not there is final (R-30)', async () => {
  const failing = sendByCommand(
    { program: 'sh', args: ['-c', 'echo broken >&2; exit 3'] },
    PAYLOAD,
    limits(),
  );
  await assert.rejects(failing, { code: 'notification_failed', message: 'sh ended with 3: broken' });
  const hanging = sendByCommand({ program: 'sh', args: ['-c', 'sleep 60 & sleep 60'] }, PAYLOAD, limits(100));
  await assert.rejects(hanging, { code: 'notification_failed', message: /did not end within 0\.1 s/ });
  await assert.rejects(sendByCommand({ program: '/nowhere', args: [] }, PAYLOAD, limits()), {
    answer: 'give-up',
  });
});

test('raised once over restarts, sent until the webhook takes it, and given up ways out are on record (R-30)', async t => {
  const path = join(temporaryDirectory(t), 'sluice.db');
  const clock = new VirtualClock();
  let status = 503;
  const { bodies, url } = await hook(t, () => status);
  const notify = { ...NOTIFY, webhook: url, command: ['/nowhere'] };
  const open = async () => {
    const store = await openStore(path, { clock });
    const queue = new SqliteWorkQueue({ database: store.database, clock, isWorkerGone: () => false });
    const stores = { store, queue };
    const config = { notify } as unknown as Config;
    const options = { config: () => config, stores: () => stores, clock, random: () => 0, log: silentLogger };
    return { ...stores, notifications: new Notifications(options) };
  };
  const first = await open();
  const { id } = await first.store.repositories.ensure('https://example.org/a', 'example.org');
  const repository = await first.store.repositories.byId(id);
  assert.ok(repository);
  const old = { ...repository, totals: { ...repository.totals, lastCommitAt: 0 } };
  assert.deepEqual(
    (await first.notifications.raiseAfterSync(old, undefined)).map(({ event }) => event),
    ['stale'],
  );
  await first.notifications.start();
  await until('the webhook was asked', () => bodies.length === 1);
  await until(
    'the command was given up',
    async () => (await first.store.notifications.unsent()).length === 1,
  );
  await first.notifications.stop();
  await first.store.close();

  status = 200;
  clock.jump(300_000);
  const second = await open();
  assert.deepEqual(await second.notifications.raiseAfterSync(old, undefined), []);
  await second.notifications.start();
  await until('it is sent', async () => (await second.store.notifications.unsent()).length === 0);
  assert.equal(bodies.length, 2);
  assert.deepEqual(bodies[0], bodies[1]);
  const sendings = queryRows(
    second.store,
    'SELECT channel, error IS NULL AS done FROM notification_sendings ORDER BY 1',
  );
  assert.deepEqual(
    sendings.map(row => ({ ...row })),
    [
      { channel: 'command', done: 0 },
      { channel: 'webhook', done: 1 },
    ],
  );
  const awake = { ...old, lastNewsAtMs: clock.nowMs() };
  assert.deepEqual(
    (await second.notifications.raiseAfterSync(awake, undefined)).map(({ event }) => event),
    ['awake'],
  );
  assert.deepEqual(
    (await second.notifications.recent(5)).map(({ event }) => event),
    ['awake', 'stale'],
  );
  await second.store.close();
});
