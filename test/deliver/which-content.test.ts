import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import type { FolderSettings } from '../../src/deliver/settings.ts';
import type { ObjectStore } from '../../src/keep/buckets/bucket.ts';
import { bentStore } from '../support/bent-store.ts';
import { openStore, type Rig, type RigOptions, startDelivery, until } from '../support/delivery.ts';
import { DELIVERY_RETRY } from '../support/delivery-settings.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const OLD = new Date(Date.now() - 3_600_000);

/** Delivery of a folder whose files stay, and how often each was sent. */
async function folderRig(t: TestContext, files: Readonly<Record<string, string>>, options: RigOptions = {}) {
  const path = join(await tempDirectory(t), 'data');
  const put = (name: string, content: string): void => {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), content);
    utimesSync(join(path, name), OLD, OLD);
  };
  for (const [name, content] of Object.entries(files)) put(name, content);
  const sent: string[] = [];
  const counted = (store: ObjectStore): ObjectStore =>
    new Proxy(store, {
      get(target, property) {
        const value = Reflect.get(target, property, target) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (property === 'putObject') sent.push((args[0] as { key: string }).key);
          return (value as (...args: unknown[]) => unknown).apply(target, args);
        };
      },
    });
  const folder: FolderSettings = {
    path,
    profile: 'local',
    bucket: 'outbox',
    prefix: '',
    settleMs: 0,
    after: 'keep',
  };
  const rig = await startDelivery(t, {
    ...options,
    settings: { folders: [folder], ...options.settings },
    openStore: profile => counted(openStore(profile)),
  });
  return { rig, path, put, sent };
}

const stored = (rig: Rig, name: string): string => readFileSync(join(rig.target, 'outbox', name), 'utf8');

async function arrivedAll(rig: Rig, names: readonly string[]): Promise<void> {
  for (const name of names) await rig.until(name, ({ state }) => state === 'completed');
}

test('a folder that was restored, touched or given other rights is not sent again (D-167)', async t => {
  const files = { a: 'A'.repeat(5000), 'sub/b': 'B'.repeat(100), c: 'C', empty: 'x' };
  const names = Object.keys(files);
  const { rig, path, sent } = await folderRig(t, files);
  await arrivedAll(rig, names);
  assert.equal(sent.length, names.length);
  await rig.delivery.stop();
  // As after a restore: other inodes, and other times for two.
  cpSync(path, `${path}.copy`, { recursive: true, preserveTimestamps: true });
  rmSync(path, { recursive: true });
  renameSync(`${path}.copy`, path);
  utimesSync(join(path, 'c'), new Date(), new Date());
  chmodSync(join(path, 'a'), 0o600);
  const again = await rig.restart();
  const inodes = new Map(names.map(name => [name, statSync(join(path, name)).ino]));
  await until(
    () => {
      const records = again.records();
      return records.length === names.length && records.every(one => one.inode === inodes.get(one.filepath));
    },
    () => JSON.stringify(again.records()),
  );
  assert.equal(sent.length, names.length);
  assert.ok(again.records().every(({ state, attempts }) => state === 'completed' && attempts === 1));
});

test('a file changed in place whose size and time are as before is sent again (D-167)', async t => {
  const { rig, path, sent } = await folderRig(t, { volume: 'v'.repeat(5000), untouched: 'u' });
  await arrivedAll(rig, ['volume', 'untouched']);
  const descriptor = openSync(join(path, 'volume'), 'r+');
  writeSync(descriptor, 'CHANGED', 100);
  closeSync(descriptor);
  utimesSync(join(path, 'volume'), OLD, OLD);
  await until(() => stored(rig, 'volume').includes('CHANGED'));
  await rig.delivery.stop();
  // And while no station runs.
  const other = openSync(join(path, 'volume'), 'r+');
  writeSync(other, 'ONCE MORE', 300);
  closeSync(other);
  utimesSync(join(path, 'volume'), OLD, OLD);
  const again = await rig.restart();
  await until(() => stored(again, 'volume').includes('ONCE MORE'));
  assert.deepEqual(sent.toSorted(), ['untouched', 'volume', 'volume', 'volume']);
});

test('a file replaced by another of its size and time is sent, one that comes back as it was is not (D-167)', async t => {
  const { rig, path, sent } = await folderRig(t, { same: 's'.repeat(100), other: 'o'.repeat(100) });
  await arrivedAll(rig, ['same', 'other']);
  for (const [name, content] of [
    ['same', 's'],
    ['other', 'n'],
  ] as const) {
    writeFileSync(`${path}.new`, content.repeat(100));
    utimesSync(`${path}.new`, OLD, OLD);
    renameSync(`${path}.new`, join(path, name));
  }
  await until(() => stored(rig, 'other').startsWith('n'));
  const inode = statSync(join(path, 'same')).ino;
  await until(() =>
    rig.records().some(one => one.filepath === 'same' && one.inode === inode && one.state === 'completed'),
  );
  assert.deepEqual(sent.toSorted(), ['other', 'other', 'same']);
});

test('a time that moves while a file is sent does not have it sent again (D-167, D-32)', async t => {
  const MIB = 2 ** 20;
  const files = { small: 's', read: 'r'.repeat(100_000), streamed: 't'.repeat(3 * MIB) };
  const path: { at?: string } = {};
  let calls = 0;
  const wavering = (store: ObjectStore): ObjectStore =>
    new Proxy(store, {
      get(target, property) {
        const value = Reflect.get(target, property, target) as unknown;
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          if (property === 'putObject' && path.at !== undefined) {
            calls += 1;
            utimesSync(join(path.at, (args[0] as { key: string }).key), OLD, new Date(OLD.getTime() + calls));
          }
          return (value as (...args: unknown[]) => unknown).apply(target, args);
        };
      },
    });
  path.at = join(await tempDirectory(t), 'data');
  mkdirSync(path.at);
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(path.at, name), content);
    utimesSync(join(path.at, name), OLD, OLD);
  }
  const folder: FolderSettings = {
    path: path.at,
    profile: 'local',
    bucket: 'outbox',
    prefix: '',
    settleMs: 0,
    after: 'keep',
  };
  const rig = await startDelivery(t, {
    settings: { folders: [folder], partsAboveBytes: MIB },
    openStore: profile => wavering(openStore(profile)),
  });
  await arrivedAll(rig, Object.keys(files));
  assert.equal(calls, 3);
  assert.deepEqual(
    rig.records().map(({ attempts }) => attempts),
    [1, 1, 1],
  );
});

test('a folder renamed while its files wait takes their records along: none is said to be missing (D-168)', async t => {
  const rig = await startDelivery(t, { settings: { automatic: false } });
  const names = Array.from({ length: 62 }, (_, index) => `f${index}`);
  for (const name of names) rig.write(`incoming/local/outbox/before/deep/${name}`, name);
  await until(() => rig.records({ states: ['incoming'], limit: 1000 }).length === names.length);
  const ids = rig.records({ limit: 1000 }).map(({ id }) => id);
  renameSync(join(rig.root, 'incoming/local/outbox/before'), join(rig.root, 'incoming/local/outbox/after'));
  await until(() =>
    rig
      .records({ limit: 1000 })
      .every(({ filepath, state }) => filepath.startsWith('after/') && state === 'incoming'),
  );
  assert.deepEqual(
    rig
      .records({ limit: 1000 })
      .map(({ id }) => id)
      .toSorted(),
    ids.toSorted(),
  );
  await rig.delivery.syncNow(AbortSignal.timeout(10_000));
  await until(() => rig.records({ states: ['completed'], limit: 1000 }).length === names.length);
  assert.ok(
    rig
      .records({ limit: 1000 })
      .every(({ errorCode, outcome }) => errorCode === null && outcome === 'success'),
  );
  assert.equal(stored(rig, 'after/deep/f61'), 'f61');
});

test('a second name of a file that waits is another file (D-168)', async t => {
  const rig = await startDelivery(t, { settings: { automatic: false } });
  const file = rig.write('incoming/local/outbox/a', 'x');
  await rig.until('a', ({ state }) => state === 'incoming');
  linkSync(file, join(rig.root, 'incoming/local/outbox/b'));
  await rig.until('b', ({ state }) => state === 'incoming');
  assert.deepEqual(
    rig
      .records()
      .map(({ filepath }) => filepath)
      .toSorted(),
    ['a', 'b'],
  );
});

test('a file of an extra folder renamed while it rests keeps its record, under its new key (D-168)', async t => {
  const { rig, path } = await folderRig(t, { 'x/a': 'A' }, { settings: { automatic: false } });
  const { id } = await rig.until('x/a', ({ state }) => state === 'incoming');
  renameSync(join(path, 'x'), join(path, 'y'));
  const moved = await rig.until('y/a', ({ state }) => state === 'incoming');
  assert.equal(moved.id, id);
  assert.equal(moved.objectKey, 'y/a');
  await rig.delivery.syncNow(AbortSignal.timeout(10_000));
  await rig.until('y/a', ({ state }) => state === 'completed');
  assert.equal(stored(rig, 'y/a'), 'A');
});

test('a file of the spool that comes back as it was is asked for, not sent again; where the object is gone it is (D-305)', async t => {
  const { rig, sent } = await folderRig(t, {});
  const path = rig.write('incoming/local/outbox/a', 'content');
  const { id } = await rig.until('a', ({ state }) => state === 'completed');
  const restore = (time?: Date): void => {
    const from = join(rig.root, 'completed/local/outbox/a');
    const aside = join(rig.root, 'restored');
    cpSync(from, aside, { preserveTimestamps: true });
    if (time) utimesSync(aside, time, time);
    renameSync(aside, path);
  };
  restore();
  const again = await rig.until('a', record => record.id > id && record.state === 'completed');
  assert.deepEqual([sent.length, again.verified], [1, 'checksum']);
  rmSync(join(rig.target, 'outbox/a'));
  restore();
  await rig.until('a', record => record.id > again.id && record.state === 'completed');
  assert.equal(sent.length, 2);
  // Given anew, with a time of its own, it is sent whatever it holds.
  restore(OLD);
  await until(() => sent.length === 3);
});

for (const after of ['delete', 'completed'] as const)
  test(`a file of a folder restored after it was taken away (after: ${after}) is not sent again, and goes as before (D-305)`, async t => {
    const path = join(await tempDirectory(t), 'data');
    mkdirSync(path);
    const folder: FolderSettings = {
      path,
      profile: 'local',
      bucket: 'outbox',
      prefix: 'x',
      settleMs: 0,
      after,
    };
    const { rig, sent } = await folderRig(t, {}, { settings: { folders: [folder] } });
    const put = (name: string, content: string): void => {
      writeFileSync(`${path}.new`, content);
      utimesSync(`${path}.new`, OLD, OLD);
      renameSync(`${path}.new`, join(path, name));
    };
    put('a', 'content');
    const { id } = await rig.until('a', ({ state }) => state === 'completed');
    put('a', 'content');
    await rig.until('a', record => record.id > id && record.state === 'completed');
    assert.ok(!existsSync(join(path, 'a')));
    assert.equal(sent.length, 1);
    put('a', 'CONTENT');
    await until(() => stored(rig, 'x/a') === 'CONTENT');
    assert.equal(sent.length, 2);
  });

for (const place of ['spool', 'folder'] as const)
  test(`what was sent and waits for its proof is not sent again when it was restored meanwhile (${place}) (D-305)`, async t => {
    const path = join(await tempDirectory(t), 'data');
    mkdirSync(path);
    const folder: FolderSettings = {
      path,
      profile: 'local',
      bucket: 'outbox',
      prefix: '',
      settleMs: 0,
      after: 'delete',
    };
    let isSilent = true;
    const opened: ReturnType<typeof bentStore>[] = [];
    const rig = await startDelivery(t, {
      settings: { folders: [folder], retry: { ...DELIVERY_RETRY, firstMs: 20, factor: 1, jitter: 0 } },
      openStore: profile => {
        const made = bentStore(openStore(profile), ({ name }) =>
          isSilent && name === 'headObject' ? new SluiceError('timed_out', 'silence') : undefined,
        );
        opened.push(made);
        return made.store;
      },
    });
    if (place === 'spool') rig.write('incoming/local/outbox/a', 'content');
    else writeFileSync(join(path, 'a'), 'content');
    await rig.until('a', ({ sentAtMs }) => sentAtMs !== null);
    await rig.delivery.stop();
    const at = place === 'spool' ? join(rig.root, 'processing/local/outbox/a') : join(path, 'a');
    cpSync(at, `${path}.restored`);
    utimesSync(`${path}.restored`, OLD, OLD);
    renameSync(`${path}.restored`, at);
    const again = await rig.restart();
    isSilent = false;
    await again.until('a', ({ state }) => state === 'completed');
    assert.equal(
      opened.reduce((sum, one) => sum + (one.sent().a ?? 0), 0),
      1,
    );
  });

test('files that wait in a folder that is away as a whole wait with it, and are none of them missing (D-307)', async t => {
  const { rig, path, sent } = await folderRig(t, { a: 'A', b: 'B' }, { settings: { automatic: false } });
  for (const name of ['a', 'b']) await rig.until(name, ({ state }) => state === 'incoming');
  await rig.delivery.stop();
  renameSync(path, `${path}.away`);
  const again = await rig.restart();
  await again.delivery.syncNow(AbortSignal.timeout(10_000));
  for (const { state, errorCode, errorMessage } of again.records())
    assert.deepEqual([state, errorCode, errorMessage], ['incoming', null, null]);
  const held = again.delivery.status().holds.map(({ kind, place, files }) => [kind, place, files]);
  assert.deepEqual(held, [['disk', path, 2]]);
  renameSync(`${path}.away`, path);
  await again.delivery.syncNow(AbortSignal.timeout(10_000));
  await arrivedAll(again, ['a', 'b']);
  assert.deepEqual([sent.toSorted(), again.records().length], [['a', 'b'], 2]);
});

test('a file of a folder that is replaced while it is sent is sent anew (D-21)', async t => {
  const path = join(await tempDirectory(t), 'data');
  mkdirSync(path);
  const folder: FolderSettings = {
    path,
    profile: 'local',
    bucket: 'outbox',
    prefix: '',
    settleMs: 0,
    after: 'delete',
  };
  const seen: { rig?: Rig; puts: number } = { puts: 0 };
  const rig = await startDelivery(t, {
    settings: { folders: [folder] },
    openStore: profile =>
      new Proxy(openStore(profile), {
        get(target, name) {
          const value: unknown = Reflect.get(target, name, target);
          if (typeof value !== 'function') return value;
          return async (...args: unknown[]) => {
            if (name === 'putObject' && seen.puts++ === 0) {
              writeFileSync(`${path}.new`, 'the newer');
              renameSync(`${path}.new`, join(path, 'a'));
              await until(() => seen.rig?.records()[0]?.size === 9);
            }
            return value.apply(target, args);
          };
        },
      }),
  });
  seen.rig = rig;
  writeFileSync(join(path, 'a'), 'older');
  await until(() => !existsSync(join(path, 'a')));
  assert.equal(stored(rig, 'a'), 'the newer');
});

test('a file that a clock ahead of this one has dated goes once it has rested here, not when that date has come (D-605)', async t => {
  const { rig, path } = await folderRig(t, {});
  const ahead = new Date(Date.now() + 86_400_000);
  writeFileSync(join(path, '..', 'a'), 'A');
  utimesSync(join(path, '..', 'a'), ahead, ahead);
  mkdirSync(path, { recursive: true });
  renameSync(join(path, '..', 'a'), join(path, 'a'));
  await arrivedAll(rig, ['a']);
  assert.equal(stored(rig, 'a'), 'A');
});
