import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { liesIn, locationsOf, mountsOf } from '../../../src/base/files/locations.ts';
import { tempDirectory } from '../../support/temp-directory.ts';

/** A disk at /, another one at /disk, of which a folder is bound to two places, one of them with a blank in its name. */
const MOUNTS = mountsOf(`1 0 8:1 / / rw - ext4 /dev/a rw
2 1 8:2 / /disk rw - ext4 /dev/b rw
3 1 8:2 /data/in /srv/in rw - ext4 /dev/b rw
4 1 8:2 /data/in /srv/with\\040blank rw - ext4 /dev/b rw
`);

test('a folder has one location under all its names, by links and by mounts (D-604)', async t => {
  const base = await tempDirectory(t);
  mkdirSync(join(base, 'one/in'), { recursive: true });
  symlinkSync(join(base, 'one'), join(base, 'two'));
  const cases = [
    [join(base, 'one'), join(base, 'two'), true, true],
    [join(base, 'two/in'), join(base, 'one'), true, false],
    [join(base, 'two/later'), join(base, 'one'), true, false],
    ['/srv/in', '/disk/data', true, false],
    ['/srv/in/deep', '/disk/data/in', true, false],
    ['/srv/in', '/srv/with blank', true, true],
    // What is mounted below is reached by going down.
    ['/disk/data/in', '/srv', true, false],
    ['/disk/data/other', '/srv/in', false, false],
    ['/disk', '/', true, false],
    ['/disk2', '/disk', false, false],
  ] as const;
  for (const [one, other, isIn, isAround] of cases) {
    const [inner, outer] = [locationsOf(one, MOUNTS), locationsOf(other, MOUNTS)];
    assert.deepEqual([liesIn(inner, outer), liesIn(outer, inner)], [isIn, isAround], `${one} and ${other}`);
  }
});
