import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type FileCalls, nativeFileCalls, procFileCalls } from '../../../src/base/files/calls.ts';
import { Enclosure } from '../../../src/base/files/enclosure.ts';
import { interrupted } from '../../support/file-calls.ts';
import { tempDirectory } from '../../support/temp-directory.ts';

/** As on a kernel, or in a container, that has no openat2 and renameat2. */
const withoutNewCalls = nativeFileCalls({ withoutNewCalls: true });
const ALL_CALLS: readonly (readonly [string, FileCalls])[] = [
  ['openat2', nativeFileCalls()],
  ['openat, step by step', withoutNewCalls],
  ['/proc/self/fd', procFileCalls],
];

/** A folder that is enclosed, and beside it one of somebody else's with a file of the same name. */
async function place(t: TestContext, calls: FileCalls) {
  const base = await tempDirectory(t);
  const root = join(base, 'root');
  const outside = join(base, 'outside');
  for (const folder of [root, outside]) mkdirSync(join(folder, 'a/b/c'), { recursive: true });
  writeFileSync(join(root, 'a/b/c/file'), 'inside');
  writeFileSync(join(outside, 'a/b/c/file'), 'secret');
  const enclosure = new Enclosure(root, { calls });
  t.after(() => enclosure.close());
  return { base, root, outside, enclosure };
}

function contentOf(enclosure: Enclosure, relative: string): string | undefined {
  const file = enclosure.open(relative);
  if (!file) return undefined;
  const buffer = Buffer.alloc(100);
  const text = buffer.toString('utf8', 0, file.readNow(buffer, 0, 100, 0));
  file.close();
  return text;
}

for (const [name, calls] of ALL_CALLS) {
  test(`${name}: files beneath are looked at, opened, moved and removed (D-160)`, async t => {
    const { root, enclosure } = await place(t, calls);
    assert.equal(contentOf(enclosure, 'a/b/c/file'), 'inside');
    assert.equal(enclosure.stat('a/b/nothing'), undefined);
    assert.equal(enclosure.stat('a/b/c')?.isDirectory(), true);
    assert.equal(enclosure.open('a/b/c'), undefined);
    enclosure.rename('a/b/c/file', enclosure, 'x/y/z', true);
    assert.equal(readFileSync(join(root, 'x/y/z'), 'utf8'), 'inside');
    writeFileSync(join(root, 'other'), 'other');
    assert.throws(() => enclosure.rename('other', enclosure, 'x/y/z', true), { code: 'EEXIST' });
    enclosure.rename('other', enclosure, 'x/y/z', false);
    assert.equal(contentOf(enclosure, 'x/y/z'), 'other');
    enclosure.unlink('x/y/z');
    enclosure.rmdir('x/y');
    assert.deepEqual(readdirSync(join(root, 'x')), []);
    assert.throws(() => enclosure.rmdir('a'), { code: 'ENOTEMPTY' });
    assert.equal(enclosure.makeFolder('m/n/o/p'), true);
    assert.equal(enclosure.makeFolder('m/n/o/p'), false);
    assert.equal(enclosure.makeFolder('m/n'), false);
    assert.equal(enclosure.makeFolder('m/n/o/q'), true);
    assert.ok(existsSync(join(root, 'm/n')));
  });

  for (const depth of ['a', 'a/b', 'a/b/c'])
    test(`${name}: a link in the place of ${depth} leads nowhere (D-160)`, async t => {
      const { root, outside, enclosure } = await place(t, calls);
      rmSync(join(root, depth), { recursive: true });
      symlinkSync(join(outside, depth), join(root, depth));
      writeFileSync(join(root, 'mine'), 'mine');
      assert.equal(enclosure.stat('a/b/c/file'), undefined);
      assert.equal(enclosure.open('a/b/c/file'), undefined);
      assert.throws(() => enclosure.unlink('a/b/c/file'));
      assert.throws(() => enclosure.rename('a/b/c/file', enclosure, 'taken', false));
      assert.throws(() => enclosure.rename('mine', enclosure, 'a/b/c/file', false));
      assert.throws(() => enclosure.makeFolder('a/b/c/made'));
      assert.equal(readFileSync(join(outside, 'a/b/c/file'), 'utf8'), 'secret');
      assert.deepEqual(readdirSync(join(outside, 'a/b/c')), ['file']);
    });

  test(`${name}: no path leads out: dots, links to files and to open descriptors, absolute paths (D-160)`, async t => {
    const { base, root, outside, enclosure } = await place(t, calls);
    symlinkSync(join(outside, 'a/b/c/file'), join(root, 'link'));
    symlinkSync('/proc/self/fd', join(root, 'descriptors'));
    symlinkSync('/proc/self/root', join(root, 'system'));
    symlinkSync('..', join(root, 'up'));
    for (const path of [
      'link',
      '../outside/a/b/c/file',
      'a/../../outside/a/b/c/file',
      'descriptors/0',
      `system${base}/outside/a/b/c/file`,
      'up/outside/a/b/c/file',
      join(outside, 'a/b/c/file'),
    ]) {
      assert.equal(enclosure.open(path), undefined, path);
      assert.equal(enclosure.regularFile(path), undefined, path);
    }
    assert.equal(enclosure.stat('link')?.isSymbolicLink(), true);
  });

  test(`${name}: pipes, sockets and devices are not opened, and nothing waits for them (D-161)`, async t => {
    const { root, enclosure } = await place(t, calls);
    execFileSync('mkfifo', [join(root, 'pipe')]);
    const server = createServer().listen(join(root, 'socket'));
    t.after(() => server.close());
    await new Promise(resolve => server.once('listening', resolve));
    for (const path of ['pipe', 'socket']) assert.equal(enclosure.open(path), undefined, path);
    // A pipe that comes between the look and the opening does not block either.
    let looks = 0;
    const swapping = interrupted(calls, (call, path) => {
      if (call !== 'openBeneath' || path !== 'a/b/c/file') return;
      looks += 1;
      if (looks === 2) renameSync(join(root, 'pipe'), join(root, 'a/b/c/file'));
    });
    assert.equal(new Enclosure(root, { calls: swapping }).open('a/b/c/file'), undefined);
    assert.equal(looks, 2);
  });

  test(`${name}: a folder swapped for a link between two calls, at any depth (D-160)`, async t => {
    for (const depth of ['a', 'a/b', 'a/b/c']) {
      for (let turn = 1; turn <= 4; turn += 1) {
        const { root, outside, enclosure: _ } = await place(t, calls);
        let count = 0;
        const swapping = interrupted(calls, () => {
          count += 1;
          if (count !== turn) return;
          renameSync(join(root, depth), join(root, 'aside'));
          symlinkSync(join(outside, depth), join(root, depth));
        });
        const enclosure = new Enclosure(root, { calls: swapping });
        try {
          const file = enclosure.open('a/b/c/file');
          if (file) {
            assert.equal(file.stats.ino === undefined, false);
            file.close();
          }
          enclosure.rename('a/b/c/file', enclosure, 'taken', true);
        } catch (error) {
          assert.match(String((error as NodeJS.ErrnoException).code), /ENOENT|ENOTDIR|ELOOP/);
        }
        if (existsSync(join(root, 'taken')))
          assert.equal(readFileSync(join(root, 'taken'), 'utf8'), 'inside');
        assert.equal(readFileSync(join(outside, 'a/b/c/file'), 'utf8'), 'secret');
      }
    }
  });

  test(`${name}: a root that was replaced is noticed when something is not there (D-160)`, async t => {
    const { root, base, enclosure } = await place(t, calls);
    assert.equal(contentOf(enclosure, 'a/b/c/file'), 'inside');
    renameSync(root, join(base, 'before'));
    mkdirSync(root);
    writeFileSync(join(root, 'new'), 'new');
    assert.equal(contentOf(enclosure, 'new'), 'new');
  });
}

test('a root that is held for its next use does not keep the process from ending (S-615)', async t => {
  const waitedFor = (): number => process.getActiveResourcesInfo().filter(one => one === 'Timeout').length;
  const { enclosure } = await place(t, nativeFileCalls());
  const before = waitedFor();
  assert.equal(contentOf(enclosure, 'a/b/c/file'), 'inside');
  assert.equal(waitedFor(), before);
});

test('a file is read to its end from one descriptor, whatever becomes of its name (D-160)', async t => {
  const { root, outside, enclosure } = await place(t, nativeFileCalls());
  const file = enclosure.open('a/b/c/file');
  assert.ok(file);
  rmSync(join(root, 'a'), { recursive: true });
  symlinkSync(join(outside, 'a'), join(root, 'a'));
  const buffer = Buffer.alloc(10);
  assert.equal(await file.read(buffer, 0, 10, 0), 6);
  assert.equal(buffer.toString('utf8', 0, 6), 'inside');
  const reading = file.read(buffer, 0, 10, 0);
  file.close();
  file.close();
  assert.equal(await reading, 6);
  await assert.rejects(file.read(buffer, 0, 10, 0), { code: 'EBADF' });
});
