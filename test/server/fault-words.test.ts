import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { OPERATIONS } from '../../src/api/operations.ts';
import { faultsInWords } from '../../src/server/body.ts';
import { faultWords } from '../../src/server/fault-words.ts';

function told(schema: z.ZodType, given: unknown): string {
  const { error } = schema.safeParse(given, { error: faultWords(schema) });
  assert.ok(error, 'is refused');
  return faultsInWords(error, 'query');
}

test('faults of a request say what was given, what would be right and what was likely meant (S-14)', () => {
  const schema = z.strictObject({
    state: z.enum(['open', 'merged', 'closed']).optional(),
    limit: z.coerce.number().int().min(1).max(50).optional(),
    name: z.string().min(2).optional(),
    ids: z.array(z.int()).min(1).optional(),
  });
  assert.equal(
    told(schema, { state: 'closd' }),
    'state: "closd" must be open, merged or closed; did you mean closed?',
  );
  assert.equal(told(schema, { limit: '0' }), 'limit: must be at least 1');
  assert.equal(told(schema, { limit: 'ten' }), 'limit: must be a number');
  assert.equal(told(schema, { limit: '99' }), 'limit: must be at most 50');
  assert.equal(told(schema, { name: 'x' }), 'name: must have at least 2 characters');
  assert.equal(told(schema, { ids: ['1'] }), 'ids.0: must be a number');
  assert.equal(told(schema, { ids: [] }), 'ids: must have at least 1 entry');
  assert.equal(told(schema, { limt: 5 }), 'query: "limt" is not known here; did you mean limit?');
  assert.equal(
    told(schema, { where: 5 }),
    'query: "where" is not known here; known are state, limit, name, ids',
  );
  assert.equal(told(z.strictObject({ url: z.string() }), {}), 'url: is missing; it must be text');
});

test("no query of the API answers an unknown parameter in a library's words (S-14)", () => {
  let seen = 0;
  for (const operation of Object.values(OPERATIONS)) {
    if (!('query' in operation)) continue;
    seen += 1;
    const words = told(operation.query, { nope: '1' });
    assert.match(words, /"nope" is not known here/);
    assert.doesNotMatch(words, /Invalid|Unrecognized|expected/);
  }
  assert.ok(seen > 10);
});
