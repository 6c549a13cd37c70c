import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { editDistance, nearest, withoutCredentials } from '../../src/base/text.ts';

test('user names and passwords in URLs are replaced (R-8, T-3)', () => {
  const cases: [string, string][] = [
    ['clone https://joe:pw@host/x failed', 'clone https://***@host/x failed'],
    ['https://tok@host', 'https://***@host'],
    ['https://joe:p@ss@host/x', 'https://***@host/x'],
    ['https://host/a@b', 'https://host/a@b'],
    ['https://host?mail=a@b', 'https://host?mail=a@b'],
    ['http://a:b@c http://d:e@f', 'http://***@c http://***@f'],
    ['nothing here, joe@example.com', 'nothing here, joe@example.com'],
  ];
  for (const [text, clean] of cases) assert.equal(withoutCredentials(text), clean);
});

test('no password gets through, whatever characters it has (R-8, T-3)', () => {
  const password = fc.stringMatching(/^[!-~]{1,20}$/).filter(text => !/[/?#]/.test(text));
  fc.assert(
    fc.property(password, secret => {
      assert.equal(withoutCredentials(`at https://u:${secret}@host/p`), 'at https://***@host/p');
    }),
  );
});

test('a long text without any URL costs its length, not the square of it (T-17)', () => {
  const startMicros = process.cpuUsage().user;
  const long = 'a'.repeat(500_000);
  assert.equal(withoutCredentials(`${long} https://u:p@host`), `${long} https://***@host`);
  // The square of it would take a minute.
  assert.ok(process.cpuUsage().user - startMicros < 2_000_000);
});

test('one slip is one step', () => {
  const cases: [string, string, number][] = [
    ['port', 'port', 0],
    ['prot', 'port', 1],
    ['prt', 'port', 1],
    ['poort', 'port', 1],
    ['part', 'port', 1],
    ['', 'port', 4],
    ['kitten', 'sitting', 3],
  ];
  for (const [from, to, steps] of cases) assert.equal(editDistance(from, to), steps, `${from} → ${to}`);
});

test('the distance is symmetric, zero only between equals, and at most the longer length', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      assert.equal(distance, editDistance(b, a));
      assert.equal(distance === 0, a === b);
      assert.ok(distance >= Math.abs(a.length - b.length) && distance <= Math.max(a.length, b.length));
    }),
  );
});

test('the nearest word is suggested, a far one never', () => {
  const words = ['minFreeDisk', 'maxSize', 'neverEvict', 'port'];
  assert.equal(nearest('minfreedisk', words), 'minFreeDisk');
  assert.equal(nearest('minFreDsk', words), 'minFreeDisk');
  assert.equal(nearest('prot', words), 'port');
  assert.equal(nearest('color', words), undefined);
  assert.equal(nearest('x', []), undefined);
});
