import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRefName, rawRefName, refNameOf } from '../../../../src/gather/repos/git/ref-names.ts';

const raws = fc
  .array(
    fc.oneof(fc.integer({ min: 0x21, max: 0xff }), fc.constantFrom(0xc3, 0xa9, 0xed, 0xa0, 0x80, 0xf0, 0x9f)),
    {
      minLength: 1,
      maxLength: 30,
    },
  )
  .map(bytes => `refs/heads/${String.fromCharCode(...bytes)}`)
  .filter(isRefName);

test('names of refs keep their bytes: each has a text of its own, and the text is that name again (R-104)', () => {
  fc.assert(
    fc.property(raws, raws, (one, other) => {
      assert.equal(rawRefName(refNameOf(one)), one);
      assert.equal(refNameOf(one).isWellFormed(), true);
      if (one !== other) assert.notEqual(refNameOf(one), refNameOf(other));
    }),
  );
  const raw = (text: string): string => Buffer.from(text).toString('latin1');
  assert.equal(refNameOf(raw('refs/heads/café/日本')), 'refs/heads/café/日本');
  assert.equal(refNameOf('refs/heads/b\xe9'), 'refs/heads/b\\xE9');
  assert.equal(refNameOf(`refs/heads/${raw('é')}\xe9`), 'refs/heads/é\\xE9');
});

test('what git takes for a ref (git-check-ref-format(1))', () => {
  const good = [
    'refs/heads/a',
    'refs/heads/-x',
    'refs/heads/@',
    'refs/heads/a@b',
    'refs/heads/a.lockx',
    'refs/x',
  ];
  const bad = [
    'HEAD',
    'refs/heads/a..b',
    'refs/heads/.a',
    'refs/heads/a/.b',
    'refs/heads/a.lock',
    'refs/heads/a.lock/b',
    'refs/heads/a@{b',
    'refs/heads/a b',
    'refs/heads/a\x01',
    'refs/heads/a\\b',
    'refs/heads/a*',
    'refs/heads/a/',
    'refs/heads//a',
    'refs/heads/a.',
    'refs/heads/a^{}',
  ];
  for (const name of good) assert.equal(isRefName(name), true, name);
  for (const name of bad) assert.equal(isRefName(name), false, name);
});
