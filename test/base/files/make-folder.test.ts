import assert from 'node:assert/strict';
import { existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder, makeFolderSync } from '../../../src/base/files/make-folder.ts';
import { tempDirectory } from '../../support/temp-directory.ts';

const WAYS = {
  'at once': async (path: string, mode?: number) => makeFolderSync(path, mode),
  'beside others': makeFolder,
};

for (const [name, make] of Object.entries(WAYS)) {
  test(`a folder is made with all above it, and told from where on, ${name} (D-702)`, async t => {
    const root = await tempDirectory(t);
    assert.equal(await make(join(root, 'a/b/c'), 0o700), join(root, 'a'));
    assert.equal(statSync(join(root, 'a/b')).mode & 0o777, 0o700);
    assert.equal(await make(join(root, 'a/b/c')), undefined);
    assert.equal(await make(join(root, 'a/b/d/e')), join(root, 'a/b/d'));
    symlinkSync(join(root, 'a'), join(root, 'link'));
    assert.equal(await make(join(root, 'link')), undefined);
    assert.equal(await make(join(root, 'link/f')), join(root, 'link/f'));
  });

  test(`what is in the way is told, ${name} (D-702)`, async t => {
    const root = await tempDirectory(t);
    writeFileSync(join(root, 'file'), '');
    await assert.rejects(make(join(root, 'file')), { code: 'EEXIST' });
    await assert.rejects(make(join(root, 'file/below')), { code: 'ENOTDIR' });
    symlinkSync(join(root, 'nowhere'), join(root, 'broken'));
    await assert.rejects(make(join(root, 'broken')), { code: 'EEXIST' });
  });

  test(`a file system in which no folder can be made is no endless loop, ${name} (D-702)`, {
    skip: existsSync('/proc/self') ? false : 'there is no procfs',
  }, async () => {
    await assert.rejects(make('/proc/a/b'), { code: 'ENOENT', path: '/proc/a/b', syscall: 'mkdir' });
  });
}
