import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nodeAt, placed, squarified, treeOf } from '../../../src/web/charts/treemap.ts';

const anyFiles = fc.uniqueArray(
  fc.record({
    path: fc.array(fc.constantFrom('src', 'main', 'a', 'b', 'test', 'x.ts'), { minLength: 1, maxLength: 5 }),
    weight: fc.integer({ min: 0, max: 1_000 }),
  }),
  { maxLength: 40, selector: ({ path }) => path.join('/') },
);
const tree = (files: readonly { readonly path: readonly string[]; readonly weight: number }[]) =>
  treeOf(
    files,
    ({ path }) => path.join('/'),
    ({ weight }) => weight,
  );

test('a tree map shows every file once, as large as its weight, and none over another (W-105)', () => {
  fc.assert(
    fc.property(anyFiles, files => {
      const root = tree(files);
      const wanted = files.filter(({ weight }) => weight > 0);
      const sum = wanted.reduce((all, { weight }) => all + weight, 0);
      assert.equal(root.weight, sum);
      const boxes = placed(root, { x: 0, y: 0, width: 600, height: 300 }, { header: 0, margin: 0 });
      const leaves = boxes.filter(({ node }) => node.item !== undefined);
      assert.deepEqual(
        leaves.map(({ node }) => node.item?.path.join('/')).sort(),
        wanted.map(({ path }) => path.join('/')).sort(),
      );
      for (const [at, one] of leaves.entries()) {
        const share = (one.width * one.height) / (600 * 300);
        assert.ok(Math.abs(share - one.node.weight / sum) < 1e-6);
        for (const other of leaves.slice(at + 1)) {
          const isApart =
            one.x + one.width <= other.x + 1e-6 ||
            other.x + other.width <= one.x + 1e-6 ||
            one.y + one.height <= other.y + 1e-6 ||
            other.y + other.height <= one.y + 1e-6;
          assert.ok(isApart, `${one.node.path} lies over ${other.node.path}`);
        }
      }
    }),
  );
});

test('folders that hold nothing but one another are one, and a folder is found by its path', () => {
  const root = tree([
    { path: ['src', 'main', 'java', 'a.java'], weight: 3 },
    { path: ['src', 'main', 'java', 'b.java'], weight: 5 },
    { path: ['readme'], weight: 1 },
  ]);
  assert.deepEqual(
    root.children.map(({ name, weight }) => [name, weight]),
    [
      ['src/main/java', 8],
      ['readme', 1],
    ],
  );
  assert.deepEqual(
    nodeAt(root, 'src/main/java').children.map(({ name }) => name),
    ['b.java', 'a.java'],
  );
  assert.equal(nodeAt(root, 'gone'), root);
  assert.equal(nodeAt(root, 'readme'), root);
});

test('rectangles are near to squares, and folders leave room for their names', () => {
  const root = tree([6, 6, 4, 3, 2, 2, 1].map((weight, at) => ({ path: [`f${at}`], weight })));
  const boxes = squarified(root.children, { x: 0, y: 0, width: 6, height: 4 });
  const ratio = ({ width, height }: { width: number; height: number }) =>
    Math.max(width / height, height / width);
  assert.ok(
    boxes.every(box => ratio(box) < 3),
    JSON.stringify(boxes.map(ratio)),
  );
  const folders = tree([
    { path: ['a', 'x'], weight: 1 },
    { path: ['a', 'y'], weight: 1 },
    { path: ['b'], weight: 1 },
  ]);
  const all = placed(folders, { x: 0, y: 0, width: 300, height: 200 }, { header: 16, margin: 2 });
  const folder = all.find(({ node }) => node.path === 'a');
  const below = all.filter(({ node }) => node.path.startsWith('a/'));
  assert.equal(below.length, 2);
  for (const each of below) assert.ok(folder && each.y >= folder.y + 16 && each.x >= folder.x + 2);
});
