import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOfText, readableText, textOfBytes } from '../../src/base/byte-text.ts';

const PIECES = [
  '\\',
  '\\x',
  '\\xE9',
  '\\x5C',
  'x',
  'E9',
  '\xe9',
  '\xc3\xa9',
  '\xed\xa0\x80',
  '\xef\xbf\xbd',
  '\xf0\x9f',
];
const raws = fc
  .array(
    fc.oneof(
      fc.constantFrom(...PIECES),
      fc.integer({ min: 0, max: 255 }).map(byte => String.fromCharCode(byte)),
    ),
  )
  .map(pieces => pieces.join(''));

test('text of any bytes is those bytes again, so that two are never the same text (R-107)', () => {
  fc.assert(
    fc.property(raws, raw => {
      const text = textOfBytes(raw);
      assert.equal(bytesOfText(text), raw);
      assert.equal(text.isWellFormed(), true);
    }),
    { numRuns: 2000 },
  );
});

test('what is UTF-8 reads as it is; other bytes stand by their numbers, each one alone (R-107)', () => {
  const raw = (text: string): string => Buffer.from(text).toString('latin1');
  assert.equal(textOfBytes(raw('Zoë \ufeff\ufffd 🎉')), 'Zoë \ufeff\ufffd 🎉');
  assert.equal(
    textOfBytes(`${raw('é')}\xed\xa0\x80\xc0\x80\xf5\xf0\x9f`),
    'é\\xED\\xA0\\x80\\xC0\\x80\\xF5\\xF0\\x9F',
  );
  assert.equal(textOfBytes('C:\\xABC'), 'C:\\x5CxABC');
  assert.equal(readableText('C:\\xABC'), 'C:\\xABC', 'people read it; nothing is told apart by it');
  assert.equal(readableText('C:\\xABC \xe9'), 'C:\\xABC \\xE9');
});

test('a long text of bytes that are none is decoded in a moment (R-107)', () => {
  const raw = '\xe9a'.repeat(500_000);
  assert.equal(textOfBytes(raw).length, 2_500_000);
});
