import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasObject } from '../../../../src/gather/repos/git/has-object.ts';
import { GitFixture } from '../../../support/git-fixture.ts';
import { temporaryDirectory } from '../../../support/git-repositories.ts';

for (const objectFormat of ['sha1', 'sha256'] as const) {
  test(`an object is found loose and in packs, and missed when it is gone (${objectFormat})`, async t => {
    const git = new GitFixture(join(temporaryDirectory(t), 'a.git'), { objectFormat });
    const shapes = Array.from({ length: 3000 }, (_, index) => ({
      parents: index === 0 ? [] : [index - 1],
      message: `${index}`,
    }));
    const packed = git.commits(shapes);
    const loose = git.commit({ parents: packed.slice(-1) });
    git.setRefs(new Map([['refs/heads/main', loose]]));
    for (const id of packed.filter((_, index) => index % 100 === 0))
      assert.ok(await hasObject(git.gitDir, id));
    assert.ok(await hasObject(git.gitDir, loose));
    const digits = loose.length;
    for (const byte of ['00', '7f', 'ff']) {
      assert.equal(await hasObject(git.gitDir, byte.repeat(digits / 2)), false);
    }
    // Of every byte that an id begins with, the neighbours of one that is there.
    for (const id of packed.slice(0, 300)) {
      const other = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`;
      assert.equal(await hasObject(git.gitDir, other), false);
    }
    rmSync(join(git.gitDir, 'objects', loose.slice(0, 2), loose.slice(2)));
    assert.equal(await hasObject(git.gitDir, loose), false);
  });
}
