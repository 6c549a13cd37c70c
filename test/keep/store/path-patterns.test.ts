import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { Globs } from '../../../src/base/globs.ts';
import { distinct, firstOccurrences } from '../../../src/keep/store/touched/distinct.ts';
import { likePatterns } from '../../../src/keep/store/touched/patterns.ts';

test('whatever a glob means is like one of its patterns (R-123)', t => {
  const database = new DatabaseSync(':memory:');
  t.after(() => database.close());
  const isLike = database.prepare('SELECT ? LIKE ? AS answer');
  const letters = fc.constantFrom(
    'a',
    'A',
    's',
    'ſ',
    'k',
    '\u212a',
    'é',
    'É',
    '%',
    '_',
    '\\',
    '/',
    '.',
    '😀',
  );
  const path = fc.string({ unit: letters, minLength: 1, maxLength: 6 });
  const glob = fc.string({
    unit: fc.oneof(letters, fc.constantFrom('*', '?', '**')),
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(path, fc.oneof(glob, path), (some, wanted) => {
      fc.pre(/[^/]/.test(wanted));
      if (!new Globs([wanted]).meanWithin(some)) return;
      const found = likePatterns([wanted]).some(pattern => isLike.get(some, pattern)?.answer === 1);
      assert.ok(found, `${JSON.stringify(some)} by ${wanted}: ${likePatterns([wanted])}`);
    }),
    { numRuns: 20_000 },
  );
});

test('each id is first once, near or far from the others', () => {
  for (const far of [0, 2 ** 40]) {
    const ids = [7, 3, 7, 9 + far, 3, 9 + far];
    assert.deepEqual([...firstOccurrences(ids)], [1, 1, 0, 1, 0, 0]);
    assert.deepEqual(distinct(ids), [3, 7, 9 + far]);
  }
  assert.deepEqual(distinct([]), []);
});
