import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clipped, folded, shortened, textWidth } from '../../src/base/columns.ts';

test('a line that is wider than the terminal goes on below the text that it belongs to (S-630)', () => {
  assert.equal(folded('sluice: no such file\n', 30), 'sluice: no such file\n');
  assert.equal(folded('sluice: there is no such file', 20), 'sluice: there is no\n  such file');
  assert.equal(
    folded('  ok  disk  73 GiB free of 252 GiB at /srv\n', 30),
    '  ok  disk  73 GiB free of 252\n            GiB at /srv\n',
  );
  assert.equal(folded('  a hint that is longer', 14), '  a hint that\n  is longer');
});

test('words are not broken, for they may be paths; facts in JSON go on after each of them (S-630)', () => {
  const path = `/srv/${'deep/'.repeat(10)}file`;
  assert.equal(folded(`lost: ${path} is gone`, 20), `lost:\n  ${path}\n  is gone`);
  assert.equal(
    folded('INFO: link {"endpoint":"https://one","to":"online"}', 30),
    'INFO: link\n  {"endpoint":"https://one",\n  "to":"online"}',
  );
});

test('a name that is too long for its column moves to the left until it fits (S-630)', () => {
  assert.equal(
    folded('  ok  put  stored bucket/a-name-of-20-chars', 26),
    '  ok  put  stored\n  bucket/a-name-of-20-chars',
  );
  assert.equal(folded('  ok  put  stored into/bucket', 18), '  ok  put  stored\n      into/bucket');
});

test('colours take no columns, characters of the East two, marks none (S-630)', () => {
  assert.equal(textWidth('\u001b[31mbad\u001b[0m'), 3);
  assert.equal(textWidth('漢字'), 4);
  assert.equal(textWidth('e\u0301'), 1);
  assert.equal(textWidth('😀'), 2);
  assert.equal(folded('\u001b[1mab\u001b[0m cd', 5), '\u001b[1mab\u001b[0m cd');
  assert.equal(clipped('漢字', 3), '漢');
  assert.equal(shortened('/a/very/long/path/to.txt', 11), '/a/…/to.txt');
});

test('folding loses and adds nothing but line ends and blanks, and no line with a gap is too wide (S-630)', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.integer({ min: 10, max: 80 }),
      (text, columns) => {
        const lines = folded(text, columns);
        assert.equal(lines.replace(/[\n ]+/g, ''), text.replace(/[\n ]+/g, ''));
        for (const line of lines.split('\n'))
          assert.ok(textWidth(line) <= columns || !/\S /.test(line.trim()), JSON.stringify(line));
        assert.ok(textWidth(shortened(text, columns)) <= columns);
      },
    ),
  );
});
