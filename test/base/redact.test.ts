import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withoutCredentials } from '../../src/base/redact.ts';

test('S3: user names and passwords in URLs are replaced', () => {
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

test('S3: no password gets through, whatever characters it has', () => {
  const password = fc.stringMatching(/^[!-~]{1,20}$/).filter(text => !/[/?#]/.test(text));
  fc.assert(
    fc.property(password, secret => {
      assert.equal(withoutCredentials(`at https://u:${secret}@host/p`), 'at https://***@host/p');
    }),
  );
});
