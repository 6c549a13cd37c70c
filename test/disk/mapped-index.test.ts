import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { standingPlace } from '../support/sluice.ts';

const PROCESS = resolve(import.meta.dirname, '../support/database-on-full-disk.ts');

/** Why no image of a file system can be made and mounted here, if so. */
function cannotMount(makes: string): string | false {
  if (process.getuid?.() !== 0) return 'only root mounts an image';
  return spawnSync('sh', ['-c', `command -v ${makes}`]).status === 0 ? false : `there is no ${makes}`;
}

/** Runs the process on an image that is mounted in a namespace of its own, and goes with it. */
function onImage(
  t: TestContext,
  make: string,
  prepare = 'D=.',
): { [key: string]: string[] | number | string } {
  const folder = standingPlace(t);
  const script = `set -e; cd ${folder}; truncate -s 320M image; ${make} image > /dev/null; mkdir disk
mount -o loop image disk; cd disk; { ${prepare}; } > /dev/null; ${process.execPath} ${PROCESS} $D; cd ..; umount disk`;
  return JSON.parse(execFileSync('unshare', ['-m', 'sh', '-c', script], { encoding: 'utf8' }));
}

function assertHeldAndWentOn(outcome: ReturnType<typeof onImage>): void {
  const { before, full, after, rows, check } = outcome as Record<string, string[]>;
  assert.deepEqual(new Set(before), new Set(['ok']));
  const refused = (full ?? []).filter(code => code !== 'ok');
  assert.ok(refused.length > 0);
  // A used-up quota is an error of input and output to SQLite.
  for (const words of new Set(refused)) assert.match(words, /^disk_full |^disk_failed .*quotas/);
  assert.deepEqual(new Set(after), new Set(['ok']));
  const made = [...(before ?? []), ...(full ?? []), ...(after ?? [])].filter(code => code === 'ok').length;
  assert.deepEqual([rows, check], [made, 'ok']);
}

const BTRFS = { skip: cannotMount('mkfs.btrfs') };

test('a full disk that is copied on write fails changes, and never ends the process (T-123)', BTRFS, t => {
  assertHeldAndWentOn(onImage(t, 'mkfs.btrfs -q'));
});

test('nor does a quota of btrfs that is used up (T-123)', BTRFS, t => {
  const quota = 'btrfs quota enable .; btrfs subvolume create own; btrfs qgroup limit 20M own; D=own';
  assertHeldAndWentOn(onImage(t, 'mkfs.btrfs -q', quota));
});

for (const [make, name] of [
  ['mkfs.ext4 -q', 'ext4'],
  ['mkfs.xfs -q', 'xfs'],
] as const)
  test(`nor does a full ${name}, where the index is mapped (T-123)`, {
    skip: cannotMount(make.split(' ')[0] ?? ''),
  }, t => {
    assertHeldAndWentOn(onImage(t, make));
  });
