import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PAGES, REPOSITORY } from '../../scripts/generate-reference.ts';
import { CATALOGUE } from '../../src/base/errors.ts';

for (const { path, render } of PAGES) {
  test(`${path} is what "npm run generate" writes (S-13)`, () => {
    assert.equal(readFileSync(join(REPOSITORY, path), 'utf8'), render(), 'run: npm run generate');
  });
}

test('every error code is documented, and no other (T-1)', () => {
  const page = readFileSync(join(REPOSITORY, 'docs/reference/errors.md'), 'utf8');
  const documented = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code);
  assert.deepEqual(documented, Object.keys(CATALOGUE).sort());
});
