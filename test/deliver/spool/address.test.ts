import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressOf } from '../../../src/deliver/spool/address.ts';

const profiles = new Set(['p']);

test('a path below an area is profile, bucket and key (D-9)', () => {
  assert.deepEqual(addressOf('p/b/a/ü +%.txt', profiles), {
    profile: 'p',
    bucket: 'b',
    filepath: 'a/ü +%.txt',
  });
  for (const bad of [
    'x',
    'p/x',
    'q/b/x',
    'p/-b/x',
    `p/b/${'k'.repeat(250)}/${`${'k'.repeat(250)}/`.repeat(4)}x`,
  ]) {
    assert.ok('fault' in addressOf(bad, profiles), bad.slice(0, 20));
  }
});

test('every good key comes back from its path (D-9)', () => {
  const segment = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter(text => !/[/\0]/.test(text) && !/^\.{1,2}$/.test(text));
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), segments => {
      const filepath = segments.join('/');
      assert.deepEqual(addressOf(`p/b/${filepath}`, profiles), { profile: 'p', bucket: 'b', filepath });
    }),
  );
});
