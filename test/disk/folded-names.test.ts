import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { standingPlace } from '../support/sluice.ts';

const PROCESS = resolve(import.meta.dirname, '../support/folded-names-process.ts');
const isThere = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const CANNOT =
  process.getuid?.() !== 0 || !isThere('mkfs.exfat') || !isThere('mount.exfat-fuse')
    ? 'needs root, exfatprogs and exfat-fuse'
    : false;

test('on a stick that takes a.txt for A.txt the second of them is refused, and replaces nothing (D-810)', {
  skip: CANNOT,
}, t => {
  const folder = standingPlace(t);
  const script = `set -e; cd ${folder}; truncate -s 16M image; mkfs.exfat image > /dev/null; mkdir disk
loop=$(losetup -f --show image); trap 'umount disk; losetup -d $loop' EXIT
mount.exfat-fuse $loop disk > /dev/null 2>&1; ${process.execPath} ${PROCESS} disk`;
  const outcomes = JSON.parse(execFileSync('unshare', ['-m', 'sh', '-c', script], { encoding: 'utf8' }));
  assert.deepEqual(outcomes, [
    ['A.txt', 'ok'],
    ['a.txt', 'key_invalid'],
    ['A.txt', 'ok'],
    ['Dir/x', 'ok'],
    ['Dir/y', 'ok'],
    ['dir/x', 'key_invalid'],
    ['dir/z', 'key_invalid'],
    ['at once', 'ok'],
    ['at once', 'key_invalid'],
  ]);
});
