import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mustGo } from '../../src/deliver/retention.ts';

test('what retention removes (D-13)', () => {
  const file = { completedAtMs: 1000 };
  assert.equal(mustGo({ keep: 'always' }, file, 1e12, 1e12), false);
  assert.equal(mustGo({ keep: 'never' }, file, 0, 1000), true);
  assert.equal(mustGo({ keep: 'within', ms: 500, bytes: Number.POSITIVE_INFINITY }, file, 0, 1499), false);
  assert.equal(mustGo({ keep: 'within', ms: 500, bytes: Number.POSITIVE_INFINITY }, file, 0, 1500), true);
  assert.equal(mustGo({ keep: 'within', ms: Number.POSITIVE_INFINITY, bytes: 10 }, file, 11, 1000), true);
});
