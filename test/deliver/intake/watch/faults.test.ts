import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { callError } from '../../../../src/base/files/calls.ts';
import { type Libc, loadLibc } from '../../../../src/deliver/intake/watch/libc.ts';
import type {
  Arrival,
  FailingRoot,
  WatchEvent,
  WatchTrouble,
} from '../../../../src/deliver/intake/watch/messages.ts';
import { WatchCore } from '../../../../src/deliver/intake/watch/watch-core.ts';
import { running, scratch } from '../../../support/arrivals.ts';

const ENOSPC = 28;
const ESTALE = 116;
const EACCES = 13;

/** The watching thread's work in this thread, on a real kernel queue, with some calls of the C library replaced. */
async function core(t: TestContext, root: string, replace: (real: Libc) => Partial<Libc>, settleMs = 1000) {
  const real = await loadLibc();
  const libc = { ...real, ...replace(real) };
  const descriptors = { inotify: real.openInotify(), wake: real.openWake() };
  t.after(() => {
    real.close(descriptors.inotify);
    real.close(descriptors.wake);
  });
  const arrivals: Arrival[] = [];
  const troubles: WatchTrouble[] = [];
  const failing: (readonly FailingRoot[])[] = [];
  const time = { ms: 0 };
  const sendEvent = (event: WatchEvent): void => {
    if (event.type === 'arrivals') arrivals.push(...event.arrivals);
    else if (event.type === 'trouble') troubles.push(event.trouble);
    else if (event.type === 'failing') failing.push(event.roots);
  };
  const watching = new WatchCore({
    descriptors,
    libc,
    sendEvent,
    settleMs,
    settleAfterCloseMs: 0,
    temporaryRestMs: 60_000,
    names: { temporary: [], ignore: [], selections: {}, placeDepths: {} },
    stayingRoots: [],
    maxRemembered: 1000,
    monotonicMs: () => time.ms,
    nowMs: Date.now,
  });
  const turn = (): void => {
    do watching.turn();
    while (watching.idleMs() === 0);
  };
  const sweep = (deep: boolean): void => {
    void watching.sweep(deep);
    turn();
  };
  void watching.addRoot(root);
  turn();
  return {
    arrivals,
    troubles,
    failing,
    turn,
    sweep,
    time,
    paths: () => arrivals.map(({ path }) => path).sort(),
  };
}

test('events lost to an overflow lose no file (D-17)', async t => {
  const { root, outside } = scratch(t);
  mkdirSync(join(root, 'moved'));
  writeFileSync(join(root, 'changed'), 'x');
  const lost = { now: false };
  const overflow = Buffer.from(new Int32Array([-1, 0x4000, 0, 0]).buffer);
  const { turn, paths } = await core(t, root, real => ({
    read: (descriptor, buffer) => {
      const length = real.read(descriptor, buffer);
      if (!lost.now || length === 0) return length;
      lost.now = false;
      while (real.read(descriptor, Buffer.alloc(65_536)) > 0);
      return overflow.copy(buffer);
    },
  }));
  lost.now = true;
  mkdirSync(join(root, 'new/deep'), { recursive: true });
  writeFileSync(join(root, 'new/deep/f'), 'x');
  writeFileSync(join(root, 'changed'), 'longer');
  renameSync(join(root, 'moved'), join(root, 'elsewhere'));
  writeFileSync(join(root, 'elsewhere/g'), 'x');
  writeFileSync(join(outside, 'h'), 'x');
  renameSync(join(outside, 'h'), join(root, 'h'));
  turn();
  const found = ['changed', 'changed', 'elsewhere/g', 'h', 'new/deep/f'];
  assert.deepEqual(
    paths(),
    found.map(name => join(root, name)),
  );
  writeFileSync(join(root, 'new/deep/later'), 'x');
  writeFileSync(join(root, 'elsewhere/later'), 'x');
  turn();
  assert.equal(paths().length, found.length + 2);
});

test('without watches left, directories are swept, the sysctl is named once, and a freed watch is taken (D-17, T-15)', async t => {
  const { root } = scratch(t);
  mkdirSync(join(root, 'a'));
  mkdirSync(join(root, 'b'));
  const watches = { exhausted: true };
  const { turn, sweep, paths, troubles } = await core(t, root, real => ({
    addWatch: (inotify, path, mask) =>
      watches.exhausted && path !== root ? -ENOSPC : real.addWatch(inotify, path, mask),
  }));
  writeFileSync(join(root, 'a/f'), 'x');
  turn();
  assert.deepEqual(paths(), []);
  sweep(false);
  assert.deepEqual(paths(), [join(root, 'a/f')]);
  assert.deepEqual(
    troubles.map(({ kind }) => kind),
    ['watch_limit'],
  );
  assert.match(troubles[0]?.message ?? '', /fs\.inotify\.max_user_watches/);
  watches.exhausted = false;
  sweep(false);
  writeFileSync(join(root, 'b/g'), 'x');
  turn();
  assert.deepEqual(paths(), [join(root, 'a/f'), join(root, 'b/g')]);
});

test('where the kernel grants no lease, a close is believed after two seconds and anything else settles', async t => {
  const { root, outside } = scratch(t);
  const { turn, paths, time } = await core(t, root, () => ({ withReadLease: () => EACCES }), 5000);
  writeFileSync(join(root, 'closed'), 'x');
  writeFileSync(join(outside, 'moved'), 'x');
  renameSync(join(outside, 'moved'), join(root, 'moved'));
  turn();
  for (const [atMs, expected] of [
    [1999, []],
    [2000, ['closed']],
    [4999, ['closed']],
    [5000, ['closed', 'moved']],
  ] as const) {
    time.ms = atMs;
    turn();
    assert.deepEqual(
      paths(),
      expected.map(name => join(root, name)),
    );
  }
});

test('a lease granted before the kernel counts the writer of a new file makes no early report (D-15)', async t => {
  const { root } = scratch(t);
  const kernel = { tooEarly: true };
  const { turn, sweep, arrivals, time } = await core(t, root, real => ({
    withReadLease: (descriptor, whileHeld) => {
      if (!kernel.tooEarly) return real.withReadLease(descriptor, whileHeld);
      whileHeld();
      return 0;
    },
  }));
  const file = openSync(join(root, 'f'), 'w');
  sweep(true);
  assert.deepEqual(arrivals, []);
  kernel.tooEarly = false;
  writeSync(file, 'half');
  time.ms = 60_000;
  turn();
  sweep(true);
  assert.deepEqual(arrivals, []);
  writeSync(file, 'whole');
  closeSync(file);
  turn();
  assert.deepEqual(
    arrivals.map(({ size }) => size),
    [9],
  );
});

test('a watch that went silent is made good by the sweep (D-17)', async t => {
  const { root } = scratch(t);
  const { turn, sweep, paths } = await core(t, root, () => ({ read: () => 0 }));
  writeFileSync(join(root, 'f'), 'x');
  turn();
  assert.deepEqual(paths(), []);
  sweep(false);
  assert.deepEqual(paths(), [join(root, 'f')]);
  writeFileSync(join(root, 'f'), 'changed');
  sweep(true);
  assert.equal(paths().length, 2);
});

test('the kernel queue really overflows while nobody reads it, and no file is lost (D-17)', {
  timeout: 30_000,
}, async t => {
  const { root } = scratch(t);
  const { watch, got } = await running(t, root, { sweepIntervalMs: 3_600_000 });
  await watch.injectFault('pause-events');
  // Two events a file; the queue holds 16 384 unless the machine is set up otherwise.
  for (let n = 0; n < 8600; n += 1) writeFileSync(join(root, `f${n}`), 'x');
  await watch.injectFault('resume-events');
  await got.until(() => got.arrivals.length >= 8600);
  await watch.sweepNow();
  assert.deepEqual([got.arrivals.length, new Set(got.arrivals.map(({ path }) => path)).size], [8600, 8600]);
});

test('without koffi the watch sweeps and says so once (T-15)', async t => {
  const { root } = scratch(t);
  const { watch, got } = await running(t, root, { foreignFunctionModule: 'koffi-that-is-not-there' });
  assert.equal(watch.mode, 'sweep');
  writeFileSync(join(root, 'f'), 'x');
  await got.untilArrived(join(root, 'f'));
  assert.deepEqual(
    got.troubles.map(({ kind }) => kind),
    ['fallback'],
  );
});

test('a watching thread that dies is reported and replaced by one that sweeps (T-15)', {
  timeout: 20_000,
}, async t => {
  const { root } = scratch(t);
  const { watch, got } = await running(t, root);
  await assert.rejects(watch.injectFault('crash'), /crash asked for/);
  await got.untilTrouble('thread_failed');
  writeFileSync(join(root, 'f'), 'x');
  await got.untilArrived(join(root, 'f'));
  assert.equal(watch.mode, 'sweep');
});

test('roots that lie within one another are refused', async t => {
  const { base, root } = scratch(t);
  const { watch } = await running(t, root, { mode: 'sweep' });
  await assert.rejects(watch.addRoot(base), { code: 'usage' });
  await assert.rejects(watch.addRoot(join(root, 'x')), { code: 'usage' });
  await watch.addRoot(`${root}/`);
  await watch.addRoot(`${root}-sibling`);
});

test('files whose disk fails are told together by folder, and arrive when it answers again (D-665)', async t => {
  const { root } = scratch(t);
  for (let n = 0; n < 50; n += 1) writeFileSync(join(root, `f${n}`), 'x');
  const disk = { isDead: true };
  const { arrivals, troubles, failing, sweep } = await core(t, root, ({ withReadLease }) => ({
    withReadLease(descriptor, during) {
      if (disk.isDead) throw callError(ESTALE, 'fstat', join(root, 'f0'));
      return withReadLease(descriptor, during);
    },
  }));
  sweep(false);
  sweep(false);
  assert.deepEqual([arrivals.length, troubles.length], [0, 0]);
  const told = failing.map(roots =>
    roots.map(one => [one.root, one.files, one.hasAnswered, one.example.errno]),
  );
  assert.deepEqual(told, [[[root, 50, false, ESTALE]], [[root, 50, false, ESTALE]]]);
  disk.isDead = false;
  sweep(false);
  sweep(false);
  assert.equal(arrivals.length, 50);
  assert.deepEqual(failing.at(-1), []);
});
