import assert from 'node:assert/strict';
import { rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import type { SluiceError } from '../../src/base/errors.ts';
import { changedPaths } from '../../src/config/changes.ts';
import type { LoadOptions } from '../../src/config/load.ts';
import { type ConfigChange, ConfigWatch, type ConfigWatchOptions } from '../../src/config/watch.ts';
import { loadConfig, schema } from '../support/config.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { folderWith } from './support.ts';

const port = (number: number): string => `server: {port: ${number}}\n`;

/** A watch over a folder's sluice.yaml that collects what it tells. */
async function watching(
  t: TestContext,
  files: Record<string, string>,
  options: Partial<ConfigWatchOptions> = {},
) {
  const folder = await folderWith(t, files);
  const load: LoadOptions = { schema, env: {}, cwd: folder, ...options.load };
  const clock = new VirtualClock();
  const received: (ConfigChange | SluiceError)[] = [];
  let wake = (): void => undefined;
  const tell = (news: ConfigChange | SluiceError): void => {
    received.push(news);
    wake();
  };
  const watch = new ConfigWatch({
    initial: await loadConfig(load),
    clock,
    onChange: tell,
    onFailure: tell,
    onUnwatched: () => undefined,
    ...options,
    load,
  });
  t.after(() => watch.stop());
  /** Resolves once so many changes and failures were received. */
  const until = async (count: number): Promise<void> => {
    while (received.length < count) await new Promise<void>(resolve => (wake = resolve));
  };
  return { folder, file: join(folder, 'sluice.yaml'), clock, received, watch, until };
}

test('reload: unchanged says nothing, valid is applied with what changed, invalid keeps the old one (S-12)', async t => {
  const { file, received, watch } = await watching(t, { 'sluice.yaml': port(1) });
  await watch.start();
  assert.deepEqual(await watch.reload(), { outcome: 'unchanged' });
  const before = watch.current;

  await writeFile(file, `${port(2)}schedule: {minInterval: 3m}\n`);
  const changed = await watch.reload();
  assert.equal(changed.outcome, 'changed');
  const change = received[0] as ConfigChange;
  assert.deepEqual(change.changedPaths, ['schedule.minIntervalMs', 'server.port']);
  assert.equal(change.previous, before);
  assert.equal(change.next, watch.current);
  assert.equal(watch.current.server.port, 2);

  await writeFile(file, 'server: {prot: 3}\nx: 1\n');
  const refused = await watch.reload();
  assert.equal(refused.outcome, 'refused');
  assert.equal((received[1] as SluiceError).code, 'config_invalid');
  assert.equal((received[1] as SluiceError).message.split('\n').length, 2);
  assert.equal(watch.current.server.port, 2);
  assert.equal(received.length, 2);
});

test('a change of comments and order is none', async t => {
  const { file, received, watch } = await watching(t, { 'sluice.yaml': 'log: {level: warn}\nroot: a\n' });
  const before = watch.current;
  await writeFile(file, '# new\nroot: ./a\nlog:\n  level: "warn"\n');
  assert.deepEqual(await watch.reload(), { outcome: 'unchanged' });
  assert.equal(watch.current, before);
  assert.equal(received.length, 0);
});

test('options and variables keep going before the file', async t => {
  const load = {
    env: { SLUICE_LOG_LEVEL: 'warn' },
    overrides: { port: 7 },
  } as Partial<LoadOptions> as LoadOptions;
  const { file, watch } = await watching(t, { 'sluice.yaml': port(1) }, { load });
  await writeFile(file, `${port(2)}log: {level: debug}\n`);
  assert.deepEqual(await watch.reload(), { outcome: 'unchanged' });
  assert.equal(watch.current.server.port, 7);
});

test('the system reports a written, a replaced, and a newly linked file', async t => {
  const { folder, file, received, watch, until } = await watching(
    t,
    { 'sluice.yaml': port(1) },
    { clock: systemClock, settleMs: 20, pollMs: 60_000 },
  );
  await watch.start();
  await writeFile(file, port(2));
  await until(1);
  await writeFile(join(folder, 'new'), port(3));
  await rename(join(folder, 'new'), file);
  await until(2);
  await writeFile(join(folder, 'target'), port(4));
  await symlink('target', join(folder, 'link'));
  await rename(join(folder, 'link'), file);
  await until(3);
  assert.deepEqual(
    received.map(news => (news as ConfigChange).next.server.port),
    [2, 3, 4],
  );
});

test('a file that appears is picked up; one that vanishes is a failure and changes nothing', async t => {
  const options = { clock: systemClock, settleMs: 20, pollMs: 60_000 };
  const { file, received, watch, until } = await watching(t, {}, options);
  await watch.start();
  await writeFile(file, port(2));
  await until(1);
  assert.equal(watch.current.server.port, 2);
  await rm(file);
  await until(2);
  assert.match((received[1] as SluiceError).message, /does not exist/);
  assert.equal(watch.current.server.port, 2);
});

/** Moves the clock in steps until a condition holds; file system calls answer in between. */
async function advanceUntil(clock: VirtualClock, stepMs: number, condition: () => boolean): Promise<void> {
  while (!condition()) await clock.advance(stepMs);
}

test('where no event comes, the poll finds the change; a half-written file is waited for (S-12)', async t => {
  const target = await folderWith(t, { 'real.yaml': port(1) });
  const folder = await folderWith(t, {});
  await symlink(join(target, 'real.yaml'), join(folder, 'sluice.yaml'));
  // Events come from the link's folder only, so writing to the target is seen by the poll alone.
  const load = { schema, env: {}, cwd: folder };
  const { clock, received, watch } = await watching(t, {}, { load, initial: await loadConfig(load) });
  await watch.start();
  await writeFile(join(target, 'real.yaml'), '');
  // The poll has seen the truncated file once a second timer, of the settling, waits beside its own.
  // Steps shorter than settling takes, so that its timer is not passed over.
  await advanceUntil(clock, 100, () => clock.pendingTimers === 2);
  await writeFile(join(target, 'real.yaml'), port(2));
  await advanceUntil(clock, 200, () => received.length >= 1);
  assert.equal((received[0] as ConfigChange).next.server.port, 2, 'the empty file in between was never read');
});

test('a refused file is received once, not at every poll (S-12)', async t => {
  const { file, clock, received, watch } = await watching(t, { 'sluice.yaml': port(1) });
  await watch.start();
  await writeFile(file, 'x: 1\n');
  await advanceUntil(clock, 200, () => received.length >= 1);
  await clock.advance(50_000);
  await watch.reload();
  assert.equal(received.length, 2, 'only asking for it tells it again');
});

test('changes are applied one after the other; one that fails is received, the next goes on', async t => {
  const gate = Promise.withResolvers<void>();
  const seen: number[] = [];
  const failures: string[] = [];
  const onChange = async ({ next }: ConfigChange): Promise<void> => {
    seen.push(next.server.port);
    if (next.server.port !== 2) return;
    await gate.promise;
    throw new Error('cannot listen');
  };
  const onFailure = (error: SluiceError): void => void failures.push(error.message);
  const { file, watch } = await watching(t, { 'sluice.yaml': port(1) }, { onChange, onFailure });
  await writeFile(file, port(2));
  const first = watch.reload();
  const second = first.then(() => undefined);
  while (seen.length === 0) await new Promise(resolve => setImmediate(resolve));
  await writeFile(file, port(3));
  const third = watch.reload();
  assert.deepEqual(seen, [2]);
  gate.resolve();
  await Promise.all([first, second, third]);
  assert.deepEqual(seen, [2, 3]);
  assert.deepEqual(failures, ['cannot listen']);
});

test('after stop nothing is left behind and nothing changes', async t => {
  const { file, clock, received, watch } = await watching(t, { 'sluice.yaml': port(1) });
  await watch.start();
  await watch.start();
  await watch.stop();
  await watch.stop();
  await writeFile(file, port(2));
  assert.deepEqual(await watch.reload(), { outcome: 'unchanged' });
  assert.equal(clock.pendingTimers, 0);
  assert.equal(received.length, 0);
});

test('changedPaths: mappings are compared inside, lists as a whole', () => {
  assert.deepEqual(changedPaths({ a: 1, b: { c: [1], d: 2 } }, { a: 1, b: { c: [1], d: 2 } }), []);
  assert.deepEqual(changedPaths({ a: 1, b: { c: [1], d: 2 } }, { b: { c: [1, 2], d: 3 }, e: 1 }), [
    'a',
    'b.c',
    'b.d',
    'e',
  ]);
  assert.deepEqual(changedPaths({ hosts: {} }, { hosts: { 'a.b': { token: 'x' } } }), ['hosts["a.b"]']);
  assert.deepEqual(changedPaths({ a: { b: 1 } }, { a: undefined }), ['a']);
});
