import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { id, name, text, word } from '../../../../src/gather/forges/http/lenient.ts';

test('what a host sends as text is bounded and can be kept by every store; a name is whole or none (C-340)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3000, size: 'max' }), value => {
      const shown = text.parse(value);
      assert.ok(shown !== undefined && shown.length <= 1000 && shown.isWellFormed() && !shown.includes('\0'));
      assert.equal(word.parse(value) ?? '', value.replaceAll('\0', '\ufffd').toWellFormed());
    }),
  );
  assert.equal(text.parse('T'.repeat(5_000_000)), 'T'.repeat(1000));
  assert.equal(text.parse(`${'x'.repeat(999)}🎉`)?.isWellFormed(), true);
  const long = 'n'.repeat(4097);
  assert.deepEqual(
    [word.parse(long), name.safeParse(long).success, id.safeParse(long).success],
    [undefined, false, false],
  );
  assert.equal(name.parse(long.slice(1)).length, 4096);
  assert.deepEqual(
    [text.parse(7), text.parse(null), word.parse(''), id.parse(7)],
    [undefined, undefined, undefined, '7'],
  );
});
