import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Logger, LogMethod } from '../../src/base/log.ts';
import type { TimedSteps } from '../../src/deliver/attempt/step-times.ts';
import { loadConfig } from '../support/config.ts';
import { startDelivery } from '../support/delivery.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';
import { profileFor } from '../support/s3-profile.ts';
import { startS3Server } from '../support/s3-server/server.ts';
import { tempDirectory } from '../support/temp-directory.ts';

interface Line {
  readonly level: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A logger that collects its lines. */
function collectingLogger(): { readonly lines: Line[]; readonly log: Logger } {
  const lines: Line[] = [];
  const method = (level: string): LogMethod =>
    ((facts: object | string, message?: string): void => {
      if (typeof facts === 'string') lines.push({ level, message: facts, facts: {} });
      else lines.push({ level, message: message ?? '', facts: facts as Line['facts'] });
    }) as LogMethod;
  const log: Logger = {
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    fatal: method('fatal'),
    child: () => log,
  };
  return { lines, log };
}

test('found, moved, delivered, retried and failed are logged with profile, bucket, path and record (D-46)', async t => {
  const server = await startS3Server();
  t.after(() => server.stop());
  const { lines, log } = collectingLogger();
  const rig = await startDelivery(t, {
    log,
    profiles: [profileFor(server, { name: 'cloud' })],
    settings: { retry: { ...DELIVERY_RETRY, firstMs: 50, jitter: 0 } },
  });
  server.faults.add({ kind: 'error', status: 503, code: 'SlowDown', operation: 'PutObject' });
  rig.write('incoming/cloud/bucket/slow.txt', 'a');
  const slow = await rig.until('slow.txt', ({ state }) => state === 'completed');
  server.faults.add({ kind: 'error', status: 403, code: 'AccessDenied', operation: 'PutObject' });
  rig.write('incoming/cloud/bucket/denied.txt', 'a');
  const denied = await rig.until('denied.txt', ({ state }) => state === 'failed');
  // The last line of an attempt follows its record.
  await rig.delivery.stop();
  const said = (record: { readonly id: number; readonly filepath: string }) =>
    lines.filter(
      ({ facts }) =>
        facts.record === record.id &&
        facts.profile === 'cloud' &&
        facts.bucket === 'bucket' &&
        facts.path === record.filepath,
    );
  const levels = new Map(said(slow).map(({ message, level }) => [message, level]));
  assert.equal(levels.get('found'), 'debug');
  assert.equal(levels.get('moved to processing'), 'debug');
  assert.equal(levels.get('delivered'), 'info');
  assert.equal(levels.get('delivered after backoff'), 'debug');
  const [retried] = said(slow).filter(({ level, message }) => level === 'info' && message !== 'delivered');
  assert.ok(retried, 'the backoff is logged at info');
  const [failed] = said(denied).filter(({ message }) => message === 'moved to failed');
  assert.equal(failed?.level, 'warn');
});

test('at info one line a file says when it was found and how long each step took (D-185)', async t => {
  const server = await startS3Server();
  t.after(() => server.stop());
  const { lines, log } = collectingLogger();
  const rig = await startDelivery(t, {
    log,
    profiles: [profileFor(server, { name: 'cloud' })],
    settings: { retry: { ...DELIVERY_RETRY, firstMs: 50, jitter: 0 } },
  });
  server.faults.add({ kind: 'error', status: 503, code: 'SlowDown', operation: 'PutObject' });
  rig.write('incoming/cloud/bucket/slow.txt', 'a');
  await rig.until('slow.txt', ({ state }) => state === 'completed');
  rig.write('incoming/cloud/bucket/plain.txt', 'a');
  await rig.until('plain.txt', ({ state }) => state === 'completed');
  await rig.delivery.stop();
  const said = (path: string) => lines.filter(({ level, facts }) => level === 'info' && facts.path === path);
  const [plain, ...more] = said('plain.txt');
  assert.deepEqual([plain?.message, more], ['delivered', []]);
  const { found, ...durations } = (plain?.facts.steps ?? {}) as TimedSteps;
  assert.ok(Math.abs(Date.now() - Date.parse(found ?? '')) < 60_000);
  assert.deepEqual(Object.keys(durations), ['waitedMs', 'movedMs', 'sentMs', 'verifiedMs', 'completedMs']);
  for (const ms of Object.values(durations)) assert.ok(ms >= 0 && ms < 60_000);
  const steps = said('slow.txt').map(({ facts }) => Object.keys(facts.steps as TimedSteps));
  assert.deepEqual(steps, [
    ['found', 'waitedMs', 'movedMs'],
    ['sentMs', 'verifiedMs', 'completedMs'],
  ]);
});

test('areas are there for every profile, and what lay in processing goes before what lies in incoming (D-10, D-16)', async t => {
  const server = await startS3Server();
  t.after(() => server.stop());
  const profiles = [profileFor(server, { name: 'cloud' })];
  const first = await startDelivery(t, { profiles, start: false });
  first.write('processing/cloud/bucket/left-over.txt', 'a');
  for (const name of ['a', 'b', 'c']) first.write(`incoming/cloud/bucket/${name}.txt`, name);
  await first.delivery.start();
  for (const area of ['incoming_tmp', 'incoming', 'processing', 'completed', 'failed'])
    assert.ok(existsSync(join(first.root, area, 'cloud')), area);
  for (const name of ['left-over', 'a', 'b', 'c'])
    await first.until(`${name}.txt`, ({ state }) => state === 'completed');
  const puts = server.requests.filter(({ operation }) => operation === 'PutObject');
  assert.equal(puts[0]?.key, 'left-over.txt');
  assert.equal(puts.length, 4);
});

test('the database is sluice.db in the current directory, and the defaults are those promised (D-25, D-43)', async t => {
  const cwd = await tempDirectory(t);
  const { config } = await loadConfig({ env: {}, cwd });
  assert.equal(config.database, join(cwd, 'sluice.db'));
  assert.equal(config.sync.intervalMs, 6000, '0.1 min');
  assert.ok(config.deliver.workers >= 1);
  assert.equal(config.deliver.settleMs, 10_000);
  const elsewhere = await loadConfig({ env: {}, cwd, overrides: { database: 'other/x.db' } });
  assert.equal(elsewhere.config.database, join(cwd, 'other/x.db'));
});

test('what lay in processing and is due goes before what has waited longer in incoming (D-16)', async t => {
  const server = await startS3Server();
  t.after(() => server.stop());
  const profiles = [profileFor(server, { name: 'cloud' })];
  const rig = await startDelivery(t, { profiles, settings: { automatic: false } });
  for (const name of ['a', 'b', 'c']) {
    rig.write(`incoming/cloud/bucket/${name}.txt`, name);
    await rig.until(`${name}.txt`, ({ state }) => state === 'incoming');
  }
  await rig.delivery.stop();
  rig.write('processing/cloud/bucket/left-over.txt', 'later');
  const again = await rig.restart({ automatic: true, smallAtOnce: 1 });
  for (const name of ['left-over', 'a', 'b', 'c'])
    await again.until(`${name}.txt`, ({ state }) => state === 'completed');
  const puts = server.requests.filter(({ operation }) => operation === 'PutObject').map(({ key }) => key);
  assert.deepEqual(puts, ['left-over.txt', 'a.txt', 'b.txt', 'c.txt']);
});
