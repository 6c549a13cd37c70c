import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Globs, globFault, Selection } from '../../src/base/globs.ts';

test('globs mean names at any depth, paths from the beginning, and folders by a slash at the end (D-560)', () => {
  const means = (glob: string, path: string): boolean => new Globs([glob]).meanWithin(path);
  for (const [glob, path, expected] of [
    ['*.log', 'a.log', true],
    ['*.log', 'deep/er/A.LOG', true],
    ['*.log', 'a.log.txt', false],
    ['tmp', 'a/tmp/b/c.txt', true],
    ['tmp', 'a/tmp', true],
    ['tmp/', 'a/tmp', false],
    ['tmp/', 'a/tmp/b', true],
    ['/tmp', 'a/tmp', false],
    ['/tmp', 'tmp/b', true],
    ['/tmp/', 'a/tmp/b', false],
    ['/tmp/', 'tmp/b', true],
    ['a/tmp/', 'a/tmp/b', true],
    ['a/tmp/', 'x/a/tmp/b', false],
    ['a/*/c', 'a/b/c', true],
    ['a/*/c', 'a/b/b/c', false],
    ['a/**/c', 'a/b/b/c', true],
    ['a/**/c', 'a/c', true],
    ['**/c', 'c', true],
    ['a/**', 'a', false],
    ['?.txt', '😀.txt', true],
    ['photo (1)+[x].jpg', 'photo (1)+[x].jpg', true],
    ['É*', 'école', true],
    ['*', '.hidden', true],
    ['a*b', 'a\nb', true],
  ] as const) {
    assert.equal(means(glob, path), expected, `${glob} and ${path}`);
  }
});

test('exclude wins over include, and takes all below a folder along (D-560)', () => {
  const segment = fc.constantFrom('a', 'b', 'c.txt', 'D.txt');
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map(parts => parts.join('/'));
  const globs = fc.array(fc.constantFrom('a', 'b/', '*.txt', 'a/**', 'c*', '/b'), { maxLength: 3 });
  fc.assert(
    fc.property(path, globs, globs, (one, include, exclude) => {
      const selection = new Selection({ include, exclude });
      const isIn = include.length === 0 || new Globs(include).meanWithin(one);
      const isOut = new Globs(exclude).meanWithin(one);
      assert.equal(selection.has(one), isIn && !isOut);
      if (selection.excludes(one)) assert.equal(selection.has(`${one}/x`), false);
    }),
  );
});

test('what would be read otherwise than it is meant is refused, with what to write (D-560)', () => {
  for (const bad of ['*.{jpg,png}', '[ab]*', '!keep', '../x', './a', '/', 'a/../b'])
    assert.match(globFault(bad) ?? '', /./, bad);
  for (const good of ['*.jpg', 'a/**/b', 'a (1).jpg', '{x}', '..a', 'x!'])
    assert.equal(globFault(good), undefined, good);
});
