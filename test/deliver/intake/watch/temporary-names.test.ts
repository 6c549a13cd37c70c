import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { TEMPORARY_NAMES } from '../../../../src/config/sections/temporary-names.ts';
import { loadLibc } from '../../../../src/deliver/intake/watch/libc.ts';
import type { LeftFiles } from '../../../../src/deliver/intake/watch/messages.ts';
import { WatchCore } from '../../../../src/deliver/intake/watch/watch-core.ts';
import { scratch } from '../../../support/arrivals.ts';

/** The watching thread's work in this thread, on a real kernel queue, in time of the test's own. */
async function watching(
  t: TestContext,
  options: { ignore?: string[]; settleAfterCloseMs?: number; onArrivals?: () => void } = {},
) {
  const { root, outside } = scratch(t);
  const libc = await loadLibc();
  const descriptors = { inotify: libc.openInotify(), wake: libc.openWake() };
  t.after(() => {
    libc.close(descriptors.inotify);
    libc.close(descriptors.wake);
  });
  const time = { ms: 0, aheadMs: 0 };
  const arrived: string[] = [];
  let left: readonly LeftFiles[] = [];
  const core = new WatchCore({
    descriptors,
    libc,
    settleMs: 1000,
    settleAfterCloseMs: options.settleAfterCloseMs ?? 0,
    temporaryRestMs: 60_000,
    names: {
      temporary: TEMPORARY_NAMES,
      ignore: options.ignore ?? [],
      selections: {},
      placeDepths: { [root]: 2 },
    },
    stayingRoots: [],
    maxRemembered: 1000,
    monotonicMs: () => time.ms,
    nowMs: () => Date.now() + time.aheadMs,
    sendEvent: event => {
      if (event.type === 'arrivals')
        arrived.push(...event.arrivals.map(({ path }) => path.slice(root.length + 1)));
      if (event.type === 'left') left = event.left;
    },
  });
  const turn = (): void => {
    do core.turn();
    while (core.idleMs() === 0);
  };
  const pass = (ms: number): void => {
    time.ms += ms;
    turn();
  };
  const sweep = (): void => {
    void core.sweep(false);
    turn();
  };
  const at = join(root, 'cloud/bucket');
  mkdirSync(at, { recursive: true });
  void core.addRoot(root);
  turn();
  return { core, root, at, outside, arrived, time, pass, sweep, turn, left: () => left };
}

/** As each program names a file before it gives it its own name. */
const WRITERS: Readonly<Record<string, string>> = {
  'a.bin.filepart': 'WinSCP',
  '.b.bin.Xy12Zq': 'rsync',
  'c.bin.tmp': 'scripts',
  'C.BIN.TMP': 'scripts of Windows',
  'd.bin.part': 'Firefox, curl',
  'e.bin.crdownload': 'Chrome',
  '.syncthing.f.bin.tmp': 'Syncthing',
  '~syncthing~f.bin.tmp': 'Syncthing on Windows',
  'g.bin~': 'editors',
  '~$h.docx': 'Word',
  '.~lock.h.odt#': 'LibreOffice',
  '.i.txt.swp': 'vim',
  '.goutputstream-AB12CD': 'GLib',
  '.pureftpd-upload.5f.15.1a': 'Pure-FTPd',
  '.in.j.bin.': 'ProFTPD',
  sedAbC123: 'sed -i',
  'k.bin.partial': 'rclone',
  '.rsync-partial/l.bin': 'rsync --partial-dir',
  'sub/.~tmp~/m.bin': 'rsync --delay-updates',
};

test('a file under a temporary name is taken when it has rested for a minute, a renamed one at once (D-163)', async t => {
  const { at, arrived, pass, sweep, left } = await watching(t);
  for (const name of Object.keys(WRITERS)) {
    mkdirSync(join(at, name, '..'), { recursive: true });
    writeFileSync(join(at, name), 'x');
  }
  writeFileSync(join(at, 'kept.txt'), 'x');
  pass(0);
  assert.deepEqual(arrived, ['cloud/bucket/kept.txt']);
  sweep();
  assert.deepEqual(
    left().map(({ kind, files }) => [kind, files]),
    [['temporary', Object.keys(WRITERS).length]],
  );
  pass(30_000);
  renameSync(join(at, 'a.bin.filepart'), join(at, 'a.bin'));
  renameSync(join(at, '.rsync-partial'), join(at, 'whole'));
  const growing = openSync(join(at, 'c.bin.tmp'), 'a');
  writeSync(growing, 'more');
  closeSync(growing);
  pass(0);
  assert.deepEqual(arrived.splice(0).sort(), [
    'cloud/bucket/a.bin',
    'cloud/bucket/kept.txt',
    'cloud/bucket/whole/l.bin',
  ]);
  pass(30_000);
  const rested = Object.keys(WRITERS).filter(
    name => !['a.bin.filepart', '.rsync-partial/l.bin', 'c.bin.tmp'].includes(name),
  );
  assert.deepEqual(arrived.splice(0).sort(), rested.map(name => `cloud/bucket/${name}`).sort());
  pass(30_000);
  assert.deepEqual(arrived, ['cloud/bucket/c.bin.tmp']);
  sweep();
  assert.deepEqual(left(), []);
});

test('profile and bucket are no names of files: a bucket called backup.tmp waits for nothing (D-163)', async t => {
  const { root, arrived, pass } = await watching(t);
  mkdirSync(join(root, 'x.part/backup.tmp/d'), { recursive: true });
  writeFileSync(join(root, 'x.part/backup.tmp/d/a.txt'), 'x');
  pass(0);
  assert.deepEqual(arrived, ['x.part/backup.tmp/d/a.txt']);
});

test('ordinary names are taken at once (D-163)', async t => {
  const { at, arrived, pass } = await watching(t);
  const names = [
    'a~b',
    '~',
    '.hidden',
    'partial',
    'tmp',
    'x.party',
    'download.zip',
    '50%',
    'folder/.keep',
    'a.b.c',
  ];
  for (const name of names) {
    mkdirSync(join(at, name, '..'), { recursive: true });
    writeFileSync(join(at, name), 'x');
  }
  pass(0);
  assert.deepEqual(arrived.sort(), names.map(name => `cloud/bucket/${name}`).sort());
});

test('settleAfterClose has each file rest after it was closed (D-164)', async t => {
  const { at, arrived, pass } = await watching(t, { settleAfterCloseMs: 5000 });
  writeFileSync(join(at, 'a.txt'), 'x');
  pass(0);
  pass(4000);
  assert.deepEqual(arrived, []);
  pass(1000);
  assert.deepEqual(arrived, ['cloud/bucket/a.txt']);
});

test('what deliver.ignore names is left and counted, and only that (D-165)', async t => {
  const ignore = ['.DS_Store', 'scratch/**', '*.bak'];
  const { at, arrived, pass, sweep, left } = await watching(t, { ignore });
  for (const name of ['.DS_Store', 'sub/.DS_Store', 'scratch/deep/a', 'b.BAK', 'c.txt', 'other/scratch/d']) {
    mkdirSync(join(at, name, '..'), { recursive: true });
    writeFileSync(join(at, name), 'x');
  }
  pass(0);
  pass(60_000);
  assert.deepEqual(arrived.sort(), ['cloud/bucket/c.txt', 'cloud/bucket/other/scratch/d']);
  sweep();
  assert.deepEqual(
    left().map(({ kind, files }) => [kind, files]),
    [['ignored', 4]],
  );
});

test('a batch that was refused while its folder was being listed is found again by the next sweep (D-17)', async t => {
  const { core, at, arrived, time, pass, sweep, turn, root } = await watching(t);
  // Old enough that a listing of it counts, and more than one slice of it.
  for (let index = 0; index < 700; index += 1) writeFileSync(join(at, `f${index}`), 'x');
  core.pauseEvents(true);
  turn();
  time.aheadMs = 10_000;
  let isFirst = true;
  const arrivedOf = arrived.push.bind(arrived);
  arrived.push = (...paths: string[]) => {
    if (isFirst && paths.length > 0) {
      isFirst = false;
      // As the intake does with a batch that it cannot take: while the listing that it came of still runs.
      core.forget(paths.map(path => join(root, path)));
      return 0;
    }
    return arrivedOf(...paths);
  };
  void core.sweep(true);
  turn();
  assert.equal(isFirst, false);
  const missing = 700 - arrived.length;
  assert.ok(missing > 0);
  sweep();
  pass(0);
  assert.equal(new Set(arrived).size, 700);
});
