import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileCalls } from '../../src/base/files/calls.ts';
import { hardLinkFault } from '../../src/deliver/origin/hard-link.ts';
import type { FolderSettings } from '../../src/deliver/settings.ts';
import type { ObjectStore } from '../../src/keep/buckets/bucket.ts';
import {
  filesBelow,
  openStore,
  type Rig,
  type RigOptions,
  startDelivery,
  until,
} from '../support/delivery.ts';
import { interrupted } from '../support/file-calls.ts';
import { tempDirectory } from '../support/temp-directory.ts';

/** A file of somebody else's, in a folder of its own, named as the one that was dropped. */
async function victim(t: TestContext): Promise<string> {
  const file = join(await tempDirectory(t), 'd/e/f/report.txt');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, 'another user’s secret');
  return file;
}

function assertUntouched(file: string, rig: Rig): void {
  assert.equal(readFileSync(file, 'utf8'), 'another user’s secret');
  for (const stored of filesBelow(rig.target))
    assert.doesNotMatch(readFileSync(join(rig.target, stored), 'utf8'), /secret/, stored);
  for (const area of ['processing', 'completed', 'failed'])
    assert.ok(
      filesBelow(join(rig.root, area)).every(path => !/secret/.test(String(rig.read(`${area}/${path}`)))),
    );
}

/** Puts a link to the other user's folder in the place of one that leads to the file. */
function swap(folder: string, target: string): void {
  renameSync(folder, `${folder}.aside`);
  symlinkSync(target, folder);
}

/** Resolves when the file that was swapped aside has ended: its record goes with it. */
async function endedAside(rig: Rig): Promise<void> {
  await until(
    () =>
      rig.records().length > 0 &&
      rig.records().every(({ state }) => state === 'completed' || state === 'failed') &&
      rig.records().some(({ filepath, state }) => filepath.includes('.aside') && state === 'completed'),
    () => JSON.stringify(rig.records()),
  );
}

const WAITING: RigOptions = { settings: { automatic: false } };

for (const [depth, up] of [
  ['d/e/f', 0],
  ['d/e', 1],
  ['d', 2],
] as const)
  test(`a folder below incoming (${depth}) swapped for a link after its file was entered delivers nothing of others (D-160)`, async t => {
    const file = await victim(t);
    const rig = await startDelivery(t, WAITING);
    rig.write('incoming/local/outbox/d/e/f/report.txt', 'mine');
    await rig.until('d/e/f/report.txt', ({ state }) => state === 'incoming');
    let target = dirname(file);
    for (let step = 0; step < up; step += 1) target = dirname(target);
    swap(join(rig.root, 'incoming/local/outbox', depth), target);
    await rig.delivery.syncNow(AbortSignal.timeout(10_000));
    await endedAside(rig);
    assertUntouched(file, rig);
  });

test('a folder swapped for a link between any two calls of taking a file off (D-160)', async t => {
  const take = async (turn: number): Promise<void> => {
    const file = await victim(t);
    let armed = false;
    let count = 0;
    let swapped = '';
    const calls = interrupted(fileCalls(), () => {
      if (!armed) return;
      count += 1;
      if (count === turn) swap(swapped, dirname(file));
    });
    const rig = await startDelivery(t, { ...WAITING, files: { calls } });
    rig.write('incoming/local/outbox/d/e/f/report.txt', 'mine');
    swapped = join(rig.root, 'incoming/local/outbox/d/e/f');
    await rig.until('d/e/f/report.txt', ({ state }) => state === 'incoming');
    armed = true;
    await rig.delivery.syncNow(AbortSignal.timeout(10_000));
    await until(
      () => rig.records().every(({ state }) => state !== 'processing'),
      () => JSON.stringify(rig.records()),
    );
    assertUntouched(file, rig);
    await rig.delivery.stop();
  };
  await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(take));
});

test('what got the name of a file while it was taken goes back to incoming, and is judged anew (D-160)', async t => {
  let path = '';
  let isSwapped = false;
  const calls = interrupted(fileCalls(), call => {
    if (call !== 'renameAt' || path === '' || isSwapped) return;
    isSwapped = true;
    renameSync(path, `${path}.aside`);
    mkdirSync(path);
    writeFileSync(join(path, 'inner'), 'a folder in the place of a file');
  });
  const rig = await startDelivery(t, { ...WAITING, files: { calls } });
  path = rig.write('incoming/local/outbox/a.txt', 'mine');
  await rig.until('a.txt', ({ state }) => state === 'incoming');
  await rig.delivery.syncNow(AbortSignal.timeout(10_000));
  await rig.until('a.txt.aside', () => true);
  await rig.until('a.txt/inner', () => true);
  assert.deepEqual(filesBelow(join(rig.root, 'processing')), []);
});

/** Delivery of a folder that others can write to, its file not yet rested. */
async function folderRig(t: TestContext, after: FolderSettings['after'], options: RigOptions = {}) {
  const path = join(await tempDirectory(t), 'shared');
  mkdirSync(join(path, 'd/e/f'), { recursive: true });
  writeFileSync(join(path, 'd/e/f/report.txt'), 'mine');
  const folder = { path, profile: 'local', bucket: 'outbox', prefix: '', settleMs: 0, after };
  const settings = { automatic: false, folders: [folder], ...options.settings };
  const rig = await startDelivery(t, { ...options, settings });
  await rig.until('d/e/f/report.txt', ({ state }) => state === 'incoming');
  return { rig, path };
}

for (const after of ['delete', 'completed', 'keep'] as const)
  test(`a folder of deliver.folders (${after}) swapped for a link while its file rests delivers and removes nothing of others (D-160)`, async t => {
    const file = await victim(t);
    const { rig, path } = await folderRig(t, after);
    swap(join(path, 'd/e'), dirname(dirname(file)));
    await rig.delivery.syncNow(AbortSignal.timeout(10_000));
    await endedAside(rig);
    assertUntouched(file, rig);
  });

for (const after of ['delete', 'completed'] as const)
  test(`a folder (${after}) swapped for a link after its file was sent removes nothing of others (D-160)`, async t => {
    const file = await victim(t);
    let inner = '';
    const store = (real: ObjectStore): ObjectStore =>
      withCall(real, 'headObject', () => {
        if (inner !== '' && !existsSync(`${inner}.aside`)) swap(inner, dirname(file));
      });
    const { rig, path } = await folderRig(t, after, { openStore: profile => store(openStore(profile)) });
    inner = join(path, 'd/e/f');
    await rig.delivery.syncNow(AbortSignal.timeout(10_000));
    await rig.until('d/e/f/report.txt', ({ state }) => state === 'completed');
    assert.equal(readFileSync(join(rig.target, 'outbox/d/e/f/report.txt'), 'utf8'), 'mine');
    assertUntouched(file, rig);
  });

test('a folder swapped for a link, a file replaced, grown or cut between two parts: one content or none (D-160, D-32)', async t => {
  const PART = 2 ** 20;
  const old = Buffer.from('o'.repeat(4 * PART));
  const changes: readonly (readonly [string, (path: string, secret: string) => void, 'old' | 'new'])[] = [
    ['folder swapped', (path, secret) => swap(dirname(path), dirname(secret)), 'old'],
    ['file deleted', path => unlinkSync(path), 'old'],
    [
      'file replaced',
      path => {
        writeFileSync(`${path}.new`, 'n'.repeat(3 * PART));
        renameSync(`${path}.new`, path);
      },
      'old',
    ],
    ['file grown', path => writeFileSync(path, 'n'.repeat(9 * PART)), 'new'],
    ['file cut', path => writeFileSync(path, 'n'.repeat(PART + 1)), 'new'],
    [
      'pipe',
      path => {
        unlinkSync(path);
        execFileSync('mkfifo', [path]);
      },
      'old',
    ],
  ];
  const send = async ([name, change, wanted]: (typeof changes)[number]): Promise<void> => {
    const file = await victim(t);
    const shared = join(await tempDirectory(t), 'shared');
    const path = join(shared, 'd/report.txt');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, old);
    let parts = 0;
    const store = (real: ObjectStore): ObjectStore =>
      withCall({ ...bound(real), limits: { ...real.limits, maxSinglePutBytes: 1e9 } }, 'uploadPart', () => {
        parts += 1;
        if (parts === 2) change(path, file);
      });
    const folder = {
      path: shared,
      profile: 'local',
      bucket: 'outbox',
      prefix: '',
      settleMs: 0,
      after: 'keep',
    } as const;
    const rig = await startDelivery(t, {
      settings: { folders: [folder], partsAboveBytes: PART, partBytes: PART, partsAtOnce: 1 },
      openStore: profile => store(openStore(profile)),
    });
    const stored = join(rig.target, 'outbox/d/report.txt');
    await until(
      () => existsSync(stored) && (wanted === 'old' || String(readFileSync(stored)).startsWith('n')),
      () => `${name}: ${JSON.stringify(rig.records())}`,
    );
    assert.ok(parts >= 2, name);
    const content = String(readFileSync(stored));
    const isWhole = wanted === 'old' ? /^(o{4194304}|n{3145728})$/.test(content) : /^n+$/.test(content);
    assert.ok(isWhole, name);
    assertUntouched(file, rig);
    await rig.delivery.stop();
  };
  await Promise.all(changes.map(send));
});

test('a pipe in the place of a file that waits blocks nothing (D-161)', async t => {
  const rig = await startDelivery(t, WAITING);
  const path = rig.write('incoming/local/outbox/a.txt', 'mine');
  rig.write('incoming/local/outbox/b.txt', 'other');
  await rig.until('a.txt', ({ state }) => state === 'incoming');
  await rig.until('b.txt', ({ state }) => state === 'incoming');
  unlinkSync(path);
  execFileSync('mkfifo', [path]);
  await rig.delivery.syncNow(AbortSignal.timeout(10_000));
  await rig.until('b.txt', ({ state }) => state === 'completed');
  await rig.until('a.txt', ({ state }) => state === 'failed');
});

test('a pipe in the place of a file to be retried blocks nothing (D-161)', async t => {
  const rig = await startDelivery(t, { ...WAITING, openStore: profile => failing(openStore(profile)) });
  rig.write('incoming/local/outbox/a.txt', 'mine');
  await rig.until('a.txt', ({ state }) => state === 'incoming');
  await rig.delivery.syncNow(AbortSignal.timeout(10_000));
  await rig.until('a.txt', ({ state, failures }) => state === 'processing' && failures > 0);
  const path = join(rig.root, 'processing/local/outbox/a.txt');
  unlinkSync(path);
  execFileSync('mkfifo', [path]);
  await rig.delivery.syncNow(AbortSignal.timeout(10_000));
  await rig.until('a.txt', ({ state }) => state === 'failed');
});

test('a file with a second name is taken only where its owner alone can have put it (D-162)', () => {
  const own = { uid: 7, mode: 0o40755 };
  const shared = { uid: 7, mode: 0o41777 };
  const group = { uid: 7, mode: 0o40775 };
  const cases: readonly (readonly [number, number, { uid: number; mode: number }, boolean, boolean])[] = [
    [1, 8, shared, false, true],
    [2, 7, own, false, true],
    [2, 7, own, true, true],
    [2, 7, group, true, true],
    [2, 7, group, false, false],
    [2, 7, shared, true, true],
    [2, 7, shared, false, false],
    [2, 8, own, true, false],
    [2, 0, own, true, false],
    [3, 8, shared, true, false],
  ];
  for (const [nlink, uid, folder, isProtected, isTaken] of cases) {
    const fault = hardLinkFault({ nlink, uid }, folder, isProtected);
    assert.equal(fault === undefined, isTaken, JSON.stringify({ nlink, uid, folder, isProtected }));
  }
});

test('a hard link to another user’s file stays where it is, is told of, and goes once it is its own (D-162)', {
  skip: process.getuid?.() !== 0 && 'only root can give files away',
}, async t => {
  const file = await victim(t);
  chownSync(file, 12_345, 12_345);
  const rig = await startDelivery(t, { start: false });
  const link = rig.write('incoming/local/outbox/other.txt', '');
  rmSync(link);
  linkSync(file, link);
  rig.write('incoming/local/outbox/second.txt', 'mine');
  linkSync(
    join(rig.root, 'incoming/local/outbox/second.txt'),
    join(rig.root, 'incoming/local/outbox/first.txt'),
  );
  await rig.delivery.start();
  await rig.until('first.txt', ({ state }) => state === 'completed');
  await until(() => rig.delivery.status().refused === 1);
  assertUntouched(file, rig);
  chmodSync(file, 0o600);
  unlinkSync(file);
  await rig.until('other.txt', ({ state }) => state === 'completed');
});

/** The store with something done before each call of a name. */
function withCall(store: ObjectStore, name: keyof ObjectStore, before: () => void): ObjectStore {
  const methods = bound(store);
  const call = methods[name] as unknown as (...args: unknown[]) => unknown;
  return {
    ...methods,
    [name]: (...args: unknown[]) => {
      before();
      return call(...args);
    },
  };
}

/** A store's methods as properties of their own. */
function bound(store: ObjectStore): ObjectStore {
  const names: (keyof ObjectStore)[] = [
    'listBuckets',
    'headBucket',
    'putObject',
    'headObject',
    'getObject',
    'deleteObject',
    'listObjects',
    'createUpload',
    'uploadPart',
    'listParts',
    'completeUpload',
    'abortUpload',
    'listUploads',
    'close',
  ];
  const methods = names.map(name => [name, (store[name] as (...args: unknown[]) => unknown).bind(store)]);
  return { description: store.description, limits: store.limits, ...Object.fromEntries(methods) };
}

/** The store with uploads that fail for a passing reason: one manual sync may try a file twice. */
function failing(store: ObjectStore): ObjectStore {
  return withCall(store, 'putObject', () => {
    throw Object.assign(new Error('ECONNRESET'), { code: 'ECONNRESET', syscall: 'write' });
  });
}

const ALICE = 61_001;

/** Runs a few calls of the file system as another user of this machine. */
function asAlice(code: string): void {
  const script = `const fs = require('node:fs'); ${code}`;
  execFileSync(process.execPath, ['-e', script], { uid: ALICE, gid: ALICE });
}

for (const when of ['before the start', 'while it runs'] as const)
  test(`a folder of deliver.folders whose parent is somebody's, swapped for a link ${when}: held, nothing of others goes (D-320)`, async t => {
    const file = await victim(t);
    const home = join(await tempDirectory(t), 'alice');
    const drop = join(home, 'drop');
    mkdirSync(join(drop, 'd/e/f'), { recursive: true });
    writeFileSync(join(drop, 'd/e/f/report.txt'), 'alice’s own');
    for (const path of [home, drop, join(drop, 'd'), join(drop, 'd/e'), join(drop, 'd/e/f')])
      chownSync(path, ALICE, ALICE);
    chmodSync(dirname(home), 0o755);
    const swapIn = (): void =>
      asAlice(
        `fs.renameSync('${drop}', '${drop}.aside'); fs.symlinkSync('${dirname(dirname(dirname(dirname(file))))}', '${drop}')`,
      );
    if (when === 'before the start') swapIn();
    const folders: readonly FolderSettings[] = [
      { path: drop, profile: 'local', bucket: 'outbox', prefix: '', settleMs: 0, after: 'delete' },
    ];
    const rig = await startDelivery(t, { settings: { folders } });
    if (when === 'while it runs') {
      await until(() => !existsSync(join(drop, 'd/e/f/report.txt')));
      swapIn();
    }
    await until(
      () => rig.delivery.status().holds.some(({ code, place }) => code === 'folder_unsafe' && place === drop),
      () => JSON.stringify(rig.delivery.status().holds),
    );
    const held = rig.delivery.status().holds.find(({ place }) => place === drop);
    assert.match(held?.message ?? '', /drop is a link that belongs to uid 61001/);
    assertUntouched(file, rig);
    asAlice(`fs.unlinkSync('${drop}'); fs.renameSync('${drop}.aside', '${drop}')`);
    asAlice(
      `fs.mkdirSync('${drop}/d', { recursive: true }); fs.writeFileSync('${drop}/d/later.txt', 'mine')`,
    );
    await until(
      () => rig.records().some(one => one.filepath === 'd/later.txt' && one.state === 'completed'),
      () => JSON.stringify([rig.records(), rig.delivery.status().holds]),
    );
    assert.deepEqual(rig.delivery.status().holds, []);
    assertUntouched(file, rig);
  });

test('a station’s folder that others could swap is refused at start (D-320)', async t => {
  const home = join(await tempDirectory(t), 'alice');
  mkdirSync(home);
  chownSync(home, ALICE, ALICE);
  await assert.rejects(startDelivery(t, { root: home }), {
    code: 'spool_invalid',
    message: /alice belongs to uid 61001/,
  });
});
