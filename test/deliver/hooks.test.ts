import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { OngoingFaults } from '../../src/base/ongoing-faults.ts';
import type { DeliveryContext } from '../../src/deliver/context.ts';
import { Hooks } from '../../src/deliver/hooks.ts';
import type { HookSettings } from '../../src/deliver/settings.ts';
import { startDelivery, until } from '../support/delivery.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';
import { temporaryDirectory } from '../support/git-repositories.ts';
import { profileFor } from '../support/s3-profile.ts';
import { startS3Server } from '../support/s3-server/server.ts';

/** A program that runs the lines of a shell, in a folder of its own. */
function hookOf(t: TestContext, lines: string): { readonly folder: string; readonly program: string } {
  const folder = temporaryDirectory(t);
  const program = join(folder, 'hook');
  writeFileSync(program, `#!/bin/sh\ncd '${folder}'\n${lines}\n`);
  chmodSync(program, 0o755);
  return { folder, program };
}

const hooks = (more: Partial<HookSettings>): HookSettings => ({ timeoutMs: 30_000, atOnce: 4, ...more });
const jsonIn = (path: string): Record<string, unknown> => JSON.parse(readFileSync(path, 'utf8'));

test('a command is run for each file that is delivered, with the facts of it (D-805)', async t => {
  const { folder, program } = hookOf(
    t,
    'cat > "$SLUICE_PATH.json.tmp"; env > "$SLUICE_PATH.env"; mv "$SLUICE_PATH.json.tmp" "$SLUICE_PATH.json"',
  );
  const rig = await startDelivery(t, { settings: { hooks: hooks({ delivered: [program] }) } });
  rig.write('incoming/local/outbox/a b.txt', 'hello');
  const record = await rig.until('a b.txt', ({ state }) => state === 'completed');
  await until(() => existsSync(join(folder, 'a b.txt.json')));
  const facts = jsonIn(join(folder, 'a b.txt.json'));
  assert.deepEqual(
    [
      facts.event,
      facts.record,
      facts.profile,
      facts.bucket,
      facts.key,
      facts.bytes,
      facts.verified,
      facts.error,
    ],
    ['delivered', record.id, 'local', 'outbox', 'a b.txt', 5, 'checksum', null],
  );
  assert.equal(readFileSync(String(facts.file), 'utf8'), 'hello');
  const env = readFileSync(join(folder, 'a b.txt.env'), 'utf8');
  assert.match(env, /^SLUICE_KEY=a b\.txt$/m);
  assert.match(env, /^SLUICE_CRC32=.+$/m);
  assert.doesNotMatch(env, /^SLUICE_ERROR=/m);
  assert.doesNotMatch(env, /^NODE_/m);
  await until(() => rig.delivery.journal.hooks.count() === 0);
});

test('a command is run for a file that is given up, with its cause, and not for one that waits (D-805)', async t => {
  const server = await startS3Server();
  t.after(() => server.stop());
  const { folder, program } = hookOf(t, 'cat > "$SLUICE_PATH.$SLUICE_ERROR"');
  const retry = { ...DELIVERY_RETRY, firstMs: 5, jitter: 0, maxRetries: 1 };
  const settings = { retry, hooks: hooks({ failed: [program] }) };
  const rig = await startDelivery(t, { profiles: [profileFor(server, { name: 'cloud' })], settings });
  server.faults.add({
    kind: 'error',
    status: 400,
    code: 'InvalidStorageClass',
    operation: 'PutObject',
    key: 'bad',
    times: 9,
  });
  rig.write('incoming/cloud/bucket/bad', 'x');
  rig.write('incoming/cloud/bucket/good', 'x');
  await rig.until('bad', ({ state }) => state === 'failed');
  await rig.until('good', ({ state }) => state === 'completed');
  await until(() => rig.delivery.journal.hooks.count() === 0);
  assert.deepEqual(
    readdirSync(folder).filter(name => name !== 'hook'),
    ['bad.request_refused'],
  );
});

test('no more run at once than the settings say, and one that hangs is killed and tried again (D-805)', async t => {
  const { folder, program } = hookOf(
    t,
    'mkdir "run-$SLUICE_RECORD"; ls -d run-* | wc -l >> most; [ "$SLUICE_PATH" = hang ] && sleep 600; sleep 0.05; rmdir "run-$SLUICE_RECORD"',
  );
  const rig = await startDelivery(t, {
    settings: { hooks: hooks({ delivered: [program], atOnce: 2, timeoutMs: 500 }) },
  });
  for (let index = 0; index < 6; index += 1) rig.write(`incoming/local/outbox/${index}`, 'x');
  rig.write('incoming/local/outbox/hang', 'x');
  const { id } = await rig.until('hang', ({ state }) => state === 'completed');
  const { journal } = rig.delivery;
  await until(
    () => journal.hooks.count() === 1 && journal.hooks.due(Number.MAX_SAFE_INTEGER, 9, [])[0]?.failures === 1,
  );
  const [left] = journal.hooks.due(Number.MAX_SAFE_INTEGER, 9, []);
  assert.deepEqual([left?.recordId, left?.event], [id, 'delivered']);
  const most = readFileSync(join(folder, 'most'), 'utf8').trim().split('\n').map(Number);
  assert.ok(Math.max(...most) <= 3, most.join(' '));
});

test('what a stop cuts off, or a crash, runs at the next start; what is not wanted any more is dropped (D-805)', async t => {
  const { folder, program } = hookOf(
    t,
    '[ -e go ] || { touch began; sleep 600; }; touch "done-$SLUICE_PATH"',
  );
  const rig = await startDelivery(t, { settings: { hooks: hooks({ delivered: [program] }) } });
  rig.write('incoming/local/outbox/a', 'x');
  await until(() => existsSync(join(folder, 'began')));
  writeFileSync(join(folder, 'go'), '');
  const again = await rig.restart();
  await until(() => existsSync(join(folder, 'done-a')));
  await until(() => again.delivery.journal.hooks.count() === 0);

  const other = await again.restart({ hooks: hooks({ failed: ['/bin/false'] }) });
  other.write('incoming/local/outbox/b', 'x');
  await other.until('b', ({ state }) => state === 'completed');
  assert.equal(other.delivery.journal.hooks.count(), 0);
});

test('a hook that fails is told of until it is mended or wanted no more (D-805)', async t => {
  const { program } = hookOf(t, 'exit 3');
  const { journal } = (await startDelivery(t)).delivery;
  const faults = new OngoingFaults(systemClock);
  const started = async (wanted: HookSettings | undefined): Promise<string[]> => {
    const settings = { hooks: wanted };
    const runner = new Hooks(
      () =>
        ({ settings, journal, clock: systemClock, log: silentLogger, faults }) as unknown as DeliveryContext,
    );
    await runner.start();
    await runner.stop();
    return faults.all().map(({ about }) => about);
  };
  for (const event of ['delivered', 'failed'])
    faults.begin(`hook ${event}`, 'it ended with 3', { words: `the hook after ${event} fails` });
  assert.deepEqual(await started(hooks({ delivered: [program], failed: [program] })), [
    'hook delivered',
    'hook failed',
  ]);
  assert.deepEqual(await started(hooks({ delivered: [program] })), ['hook delivered']);
  assert.deepEqual(await started(undefined), []);
});
