import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLocalType } from '../../../../src/deliver/intake/watch/filesystems.ts';
import type { WatchedFile } from '../../../../src/deliver/intake/watch/judge.ts';
import { Rechecks } from '../../../../src/deliver/intake/watch/rechecks.ts';
import { type Directory, Tree } from '../../../../src/deliver/intake/watch/tree.ts';

const REPORTED: WatchedFile = { inode: 1, size: 1, mtimeMs: 1, ctimeMs: 1, state: 'reported' };
const WRITING: WatchedFile = { ...REPORTED, state: 'writing', attempt: 0 };

function root(tree: Tree, path = '/r'): Directory {
  return tree.attach(undefined, '', { path, inode: 1, device: 1, local: true });
}

function child(tree: Tree, parent: Directory, name: string): Directory {
  return tree.attach(parent, name, { path: `${parent.path}/${name}`, inode: 2, device: 1, local: true });
}

test('memory is bounded: the quietest directories are forgotten first, unreported files never', () => {
  const tree = new Tree(100, () => undefined);
  const top = root(tree);
  const [quiet, lively] = [child(tree, top, 'quiet'), child(tree, top, 'lively')];
  tree.remember(quiet, 'being written', WRITING);
  for (let n = 0; n < 50; n += 1) tree.remember(quiet, `q${n}`, REPORTED);
  for (let n = 0; n < 80; n += 1) tree.remember(lively, `l${n}`, REPORTED);
  assert.ok(tree.rememberedCount <= 100);
  assert.equal(lively.entries.size, 80);
  assert.ok(quiet.entries.has('being written'));
  assert.deepEqual([...tree.unresolved.keys()], ['/r/quiet/being written']);
});

test('what leaves the tree is forgotten with all below it, and its watches end', () => {
  const ended: number[] = [];
  const tree = new Tree(100, watch => ended.push(watch));
  const top = root(tree);
  const deep = child(tree, child(tree, top, 'a'), 'b');
  tree.setWatch(top, 1);
  tree.setWatch(deep, 2);
  tree.remember(deep, 'f', REPORTED);
  tree.remember(deep, 'g', WRITING);
  tree.detach(top.children.get('a') ?? top);
  assert.deepEqual([tree.rememberedCount, tree.unresolved.size, deep.attached, ended], [0, 0, false, [2]]);
  assert.equal(tree.byWatch(2), undefined);
  tree.detach(top);
  assert.deepEqual([...tree.roots], [['/r', undefined]]);
});

test('a descriptor that turns up at a second path leaves the first', () => {
  const ended: number[] = [];
  const tree = new Tree(100, watch => ended.push(watch));
  const top = root(tree);
  const [before, after] = [child(tree, top, 'before'), child(tree, top, 'after')];
  tree.setWatch(before, 7);
  tree.setWatch(after, 7);
  tree.detach(before);
  assert.deepEqual([tree.byWatch(7), ended], [after, []]);
});

test('a path is found in the tree that holds it', () => {
  const tree = new Tree(100, () => undefined);
  const inner = child(tree, root(tree), 'a');
  assert.deepEqual(tree.locate('/r/a/f'), { directory: inner, name: 'f' });
  assert.equal(tree.locate('/elsewhere/f'), undefined);
  assert.equal(tree.locate('/r/unknown/f'), undefined);
});

test('rechecks fall due in their order, once, and can be cancelled', () => {
  const rechecks = new Rechecks<string>();
  assert.equal(rechecks.nextDueMs(), Number.POSITIVE_INFINITY);
  rechecks.schedule('a', 'a', 200, 0);
  rechecks.schedule('b', 'b', 20, 10);
  rechecks.schedule('c', 'c', 20, 15);
  rechecks.schedule('b', 'b', 20, 16);
  rechecks.cancel('c');
  assert.equal(rechecks.nextDueMs(), 36);
  assert.deepEqual(rechecks.takeDue(35), []);
  assert.deepEqual(rechecks.takeDue(300).sort(), ['a', 'b']);
  assert.deepEqual(rechecks.takeDue(300), []);
});

test('network and FUSE file systems are swept, local ones are trusted (D-17)', () => {
  for (const [type, local] of [
    [0x6969, false],
    [0xff534d42, false],
    [-0xacb2be, false],
    [0x65735546, false],
    [0xef53, true],
    [0x01021994, true],
    [0x9123683e, true],
  ] as const) {
    assert.equal(isLocalType(type), local, type.toString(16));
  }
});
