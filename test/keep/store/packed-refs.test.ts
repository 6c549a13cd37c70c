import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IdSet } from '../../../src/gather/repos/git/id-set.ts';
import { PackedRefs, sameRefs } from '../../../src/keep/store/packed-refs.ts';

const ID = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 40, maxLength: 40 }),
  fc.constantFrom('a'.repeat(40), 'f'.repeat(64), '0'.repeat(39).concat('1')),
);
const NAME = fc.oneof(
  fc.constantFrom('refs/heads/a', 'refs/heads/a/b', 'refs/heads/A', 'refs/heads/\\xE9', 'refs/heads/é', ''),
  fc.string({ unit: 'grapheme', maxLength: 90 }).map(name => name.replace(/\p{Cs}/gu, '')),
);
const REFS = fc.array(fc.tuple(NAME, ID), { maxLength: 200 });

test('packed refs are the same as a Map of them, in the order of their bytes (R-645)', () => {
  fc.assert(
    fc.property(REFS, NAME, (refs, other) => {
      const map = new Map(refs);
      const packed = PackedRefs.from(refs);
      const ordered = [...map].sort(([one], [another]) =>
        Buffer.compare(Buffer.from(one), Buffer.from(another)),
      );
      assert.deepEqual([...packed], ordered);
      assert.deepEqual(
        [...packed.keys()],
        ordered.map(([name]) => name),
      );
      assert.deepEqual(
        [...packed.values()],
        ordered.map(([, id]) => id),
      );
      assert.equal(packed.size, map.size);
      for (const name of [...map.keys(), other])
        assert.deepEqual([packed.get(name), packed.has(name)], [map.get(name), map.has(name)]);
      assert.ok(sameRefs(packed, map) && sameRefs(packed, PackedRefs.from(ordered.reverse())));
      const without = ordered.slice(1);
      assert.equal(sameRefs(packed, PackedRefs.from(without)), ordered.length === 0);
      const moved = ordered.map(
        ([name, id], at) =>
          [name, at === 0 ? id.replace(/.$/, last => (last === '0' ? '1' : '0')) : id] as const,
      );
      assert.equal(sameRefs(packed, PackedRefs.from(moved)), ordered.length === 0);
    }),
  );
});

test('a set of ids has each once, in order, and is less another what a Set is (R-645)', () => {
  fc.assert(
    fc.property(fc.array(ID), fc.array(ID), (ids, others) => {
      const less = new Set(ids).difference(new Set(others));
      assert.deepEqual([...IdSet.of(ids).difference(IdSet.of(others))], [...less].sort());
      assert.equal(IdSet.of(ids).size, new Set(ids).size);
      for (const id of [...ids, ...others]) assert.equal(IdSet.of(ids).has(id), ids.includes(id), id);
    }),
  );
});
