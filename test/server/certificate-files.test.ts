import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateFault } from '../../src/server/certificate-files.ts';

test('what the time says against a certificate (S-621)', () => {
  const valid = { validFromMs: Date.UTC(2026, 0, 1), validToMs: Date.UTC(2026, 3, 1) };
  const at = (month: number, day: number) => certificateFault(valid, Date.UTC(2026, month, day));
  assert.equal(at(1, 1), undefined);
  assert.equal(at(2, 20), 'expires on 2026-04-01, and has not been renewed');
  assert.equal(at(3, 2), 'has expired on 2026-04-01');
  assert.equal(at(-1, 31), 'is not valid before 2026-01-01; the clock here says 2025-12-31');
});
