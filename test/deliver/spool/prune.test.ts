import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type FileCalls, fileCalls } from '../../../src/base/files/calls.ts';
import { Spool } from '../../../src/deliver/spool/spool.ts';
import { interrupted } from '../../support/file-calls.ts';
import { tempDirectory } from '../../support/temp-directory.ts';

/** A spool out of whose `failed` so many files have been moved, each from a folder of its own; and the calls it makes. */
async function emptied(t: TestContext, folders: number, msEach: number) {
  const root = await tempDirectory(t);
  const time = { ms: 0 };
  let removals = 0;
  const calls: FileCalls = interrupted(fileCalls(), call => {
    if (call !== 'rmdirAt') return;
    removals += 1;
    time.ms += msEach;
  });
  const clock = { monotonicMs: () => time.ms, timer: () => () => undefined };
  const spool = new Spool(root, { calls, clock });
  spool.prepare([]);
  for (let index = 0; index < folders; index += 1) {
    const address = { profile: 'p', bucket: 'b', filepath: `deep/er/${index}/file` };
    const path = spool.pathOf('failed', address);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'x');
    assert.equal(spool.retake(address, null), 'moved');
  }
  return { root, spool, time, removals: () => removals };
}

test('the last pruning ends in half a second, however many directories were left (D-169)', async t => {
  const { spool, time } = await emptied(t, 120, 10);
  spool.prune(true);
  assert.ok(time.ms <= 510, `${time.ms} ms`);
});

test('each empty directory is tried once in a pass, and those around it as often as they lose one (D-169)', async t => {
  const { root, spool, removals } = await emptied(t, 50, 1);
  spool.prune(true);
  assert.ok(!existsSync(join(root, 'failed/p/b/deep')));
  assert.ok(existsSync(join(root, 'failed/p/b')));
  assert.ok(removals() <= 102, String(removals()));
});

test('a pass while the station runs takes 50 ms at most; later ones go on where it ended (D-169)', async t => {
  const { root, spool, time } = await emptied(t, 60, 2);
  spool.prune();
  assert.equal(time.ms, 0);
  for (let pass = 1; pass <= 6; pass += 1) {
    const before: number = time.ms;
    spool.prune();
    assert.ok(time.ms - before <= 52, `${time.ms - before} ms`);
  }
  assert.ok(!existsSync(join(root, 'failed/p/b/deep')));
});
